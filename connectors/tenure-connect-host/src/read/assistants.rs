//! Assistants: which servers they start or talk to, whether those are pinned, and what secrets stand in their
//! configurations.
//!
//! Knows the tables that Claude, Cursor, VS Code, Windsurf, Zed, Codex, Gemini and others use for servers of
//! the Model Context Protocol, and the files where they keep logins. Arguments and variables are never shown, because
//! they often are secrets: only the program and the package. Next: `catalogue.rs`, for the places.

mod launch;

use super::scanned::{named, scanned};
use super::secret_name::{is_secret_value, names_a_secret};
use super::tree::{Node, json_with_comments, toml, yaml};
use super::{LINE_BYTES_MAX, LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind, without_credentials};
use launch::{Launch, argument_secrets};
use tenure_secrets::Scanner;

/// Names of tables that hold servers, at the top, below `mcp`, or below a project.
const SERVER_TABLES: [&str; 4] = ["mcpServers", "mcp_servers", "context_servers", "servers"];
/// Servers of one file.
const SERVERS_MAX: usize = 1_000;
/// Tokens that end by themselves, passed over where one that renews them stands beside them.
const SHORT_LIVED: [&str; 4] = ["accessToken", "access_token", "id_token", "idToken"];

/// In which form a configuration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// JSON, with comments.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// Reads a configuration: its servers, their secrets, and values that have the form of a known key.
pub fn read(bytes: &[u8], written: Written, scanner: &Scanner) -> Parsed<Item> {
    each(bytes, written, |tree, parsed| {
        for (name, server) in servers(tree).into_iter().take(SERVERS_MAX) {
            parsed.things.extend(server_items(name, server, scanner));
        }
        loose(tree, "", scanner, &mut parsed.things);
    })
}

/// Reads a file that is kept for logins: every value under a name that says so is one.
pub fn read_logins(bytes: &[u8], written: Written, scanner: &Scanner) -> Parsed<Item> {
    each(bytes, written, |tree, parsed| logins(tree, "", scanner, &mut parsed.things))
}

fn each(bytes: &[u8], written: Written, read: impl FnOnce(&Node, &mut Parsed<Item>)) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    if bytes.trim_ascii().is_empty() {
        return parsed;
    }
    let tree = match written {
        Written::Json => json_with_comments(bytes),
        Written::Toml => toml(bytes),
        Written::Yaml => yaml(bytes),
    };
    match tree {
        Some(tree) => {
            // Of a longer text not every part may be looked at (`scanned.rs`), and that is said.
            if tree.longest_text() > LINE_BYTES_MAX {
                parsed.skip(1, LineFault::TooLong);
            }
            read(&tree, &mut parsed);
        }
        None => parsed.skip(1, LineFault::Format),
    }
    parsed
}

fn servers(tree: &Node) -> Vec<(&str, &Node)> {
    let projects = tree.get("projects").map(Node::table).unwrap_or_default();
    let places =
        [Some(tree), tree.get("mcp")].into_iter().flatten().chain(projects.iter().map(|(_, node)| node));
    let tables = places.flat_map(|place| SERVER_TABLES.iter().filter_map(|name| place.get(name)));
    let entries = tables.flat_map(Node::table).map(|(name, server)| (name.as_str(), server));
    entries.filter(|(_, server)| command_of(server).is_some() || url_of(server).is_some()).collect()
}

/// Zed writes the command as a table of its own in older configurations.
fn command_of(server: &Node) -> Option<&str> {
    let command = server.get("command")?;
    command.text().or_else(|| command.text_of("path"))
}

fn url_of(server: &Node) -> Option<&str> {
    server.text_of("url").or_else(|| server.text_of("serverUrl")).or_else(|| server.text_of("httpUrl"))
}

fn part<'tree>(server: &'tree Node, name: &str) -> Option<&'tree Node> {
    server.get(name).or_else(|| server.get("command")?.get(name))
}

fn server_items(name: &str, server: &Node, scanner: &Scanner) -> Vec<Item> {
    let arguments: Vec<&str> =
        part(server, "args").map(Node::list).unwrap_or_default().iter().filter_map(Node::text).collect();
    let mut item = Item::new(ThingKind::AssistantServer, name);
    if let Some(command) = command_of(server) {
        let launch = Launch::of(command, &arguments);
        item = item
            .text("program", &launch.program)
            .flag("fetched", launch.fetched)
            .flag("pinned", launch.pinned)
            .problem_if(launch.fetched && !launch.pinned, Problem::NotPinned);
        if let Some(package) = &launch.package {
            item = item.text("package", package);
        }
    }
    if let Some(url) = url_of(server) {
        let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"]
            .iter()
            .any(|start| url.starts_with(start));
        item = item
            .towards(&without_credentials(url))
            .problem_if(url.starts_with("http://") && !local, Problem::NotEncryptedLine);
    }
    let mut secrets = Vec::new();
    for table in ["env", "headers", "http_headers"].iter().filter_map(|table| part(server, table)) {
        for (variable, value) in table.table() {
            let whose = format!("{name} {variable}");
            let value = value.text().unwrap_or_default().as_bytes();
            secrets.extend(named(scanner, ThingKind::AssistantSecret, &whose, variable, value));
        }
    }
    secrets.extend(argument_secrets(name, &arguments, scanner));
    if let Some(url) = url_of(server) {
        secrets.extend(scanned(scanner, url.as_bytes(), ThingKind::AssistantSecret, &format!("{name} url")));
    }
    if let Some(token) = server.text_of("bearer_token").filter(|token| is_secret_value(token.as_bytes())) {
        let whose = format!("{name} bearer_token");
        secrets.extend(named(scanner, ThingKind::AssistantSecret, &whose, "bearer_token", token.as_bytes()));
    }
    let clear = !secrets.is_empty();
    let mut items = vec![item.problem_if(clear, Problem::SecretInClear)];
    items.extend(secrets);
    items
}

/// Values outside the servers that have the form of a known key.
fn loose(node: &Node, name: &str, scanner: &Scanner, found: &mut Vec<Item>) {
    match node {
        Node::Text(text) => found.extend(scanned(scanner, text.as_bytes(), ThingKind::AssistantSecret, name)),
        Node::List(list) => list.iter().for_each(|node| loose(node, name, scanner, found)),
        Node::Table(table) => {
            for (key, node) in table.iter().filter(|(key, _)| !SERVER_TABLES.contains(&key.as_str())) {
                loose(node, key, scanner, found);
            }
        }
        Node::Null | Node::Flag(_) => {}
    }
}

fn logins(node: &Node, name: &str, scanner: &Scanner, found: &mut Vec<Item>) {
    match node {
        Node::Text(text) if names_a_secret(name) => {
            found.extend(named(scanner, ThingKind::AssistantSecret, name, "token", text.as_bytes()));
        }
        Node::Text(text) => found.extend(scanned(scanner, text.as_bytes(), ThingKind::AssistantSecret, name)),
        Node::List(list) => list.iter().for_each(|node| logins(node, name, scanner, found)),
        Node::Table(table) => {
            let renewed =
                table.iter().any(|(key, _)| matches!(key.as_str(), "refreshToken" | "refresh_token"));
            for (key, node) in
                table.iter().filter(|(key, _)| !(renewed && SHORT_LIVED.contains(&key.as_str())))
            {
                logins(node, key, scanner, found);
            }
        }
        Node::Null | Node::Flag(_) => {}
    }
}
