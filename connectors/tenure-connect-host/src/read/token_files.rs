//! Files of command lines that hold one token, or one for each host: Terraform, Vault and OpenBao, GitHub, GitLab,
//! Copilot, Hugging Face.
//!
//! One function for each; all of them small. They must never guess at a token whose place is not the documented
//! one. Next: `assistants.rs`, whose files hold more than tokens.

use super::ini::unquoted;
use super::tree::{Node, json, yaml};
use super::{LineFault, Parsed, lines};
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_example;

/// Longest token that a file of one token holds, in bytes.
const TOKEN_BYTES_MAX: usize = 4_096;

/// `credentials.tfrc.json`: a token for each host.
pub fn terraform(bytes: &[u8]) -> Parsed<Item> {
    each(json(bytes), |tree, parsed| {
        for (host, entry) in tree.get("credentials").map(Node::table).unwrap_or_default() {
            push(parsed, ThingKind::TerraformToken, host, host, entry.text_of("token"));
        }
    })
}

/// `.terraformrc`, `terraform.rc`: blocks `credentials "host" { token = "…" }`, as Terraform's own language writes them.
pub fn terraform_rc(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let mut host: Option<String> = None;
    for (line, content) in lines(bytes) {
        let content = match content {
            Ok(content) => content.trim_ascii(),
            Err(why) => {
                parsed.skip(line, why);
                continue;
            }
        };
        let rest = match content.strip_prefix(b"credentials").filter(|rest| !rest.starts_with(b"_")) {
            // A whole block may stand in one line.
            Some(block) => {
                let at = block.iter().position(|byte| *byte == b'{').unwrap_or(block.len());
                let (name, inside) = block.split_at(at);
                host = Some(shown(unquoted(name.trim_ascii())));
                inside.get(1..).unwrap_or_default().trim_ascii()
            }
            None => content,
        };
        if let Some(of) = host.as_deref().filter(|of| !of.is_empty())
            && let Some(token) = rest.strip_prefix(b"token").and_then(hcl_text)
        {
            let mut one = Parsed::default();
            push(&mut one, ThingKind::TerraformToken, of, of, Some(token));
            parsed.things.extend(one.things.into_iter().map(|item| item.at_line(line)));
        }
        if rest.ends_with(b"}") {
            host = None;
        }
    }
    parsed
}

/// What stands in quotes after `=`. References (`${…}`) and texts with escapes are no tokens.
fn hcl_text(rest: &[u8]) -> Option<&str> {
    let value = rest.trim_ascii().strip_prefix(b"=")?.trim_ascii().strip_prefix(b"\"")?;
    let end = value.iter().position(|byte| *byte == b'"')?;
    let text = core::str::from_utf8(value.split_at(end).0).ok()?;
    (!text.is_empty() && !text.contains(['\\', '$', '%']) && !text.contains(char::is_whitespace))
        .then_some(text)
}

/// `hosts.yml` of GitHub's command line: a token for each user of each host, unless a key ring keeps it.
pub fn github(bytes: &[u8]) -> Parsed<Item> {
    each(yaml(bytes), |tree, parsed| {
        for (host, entry) in tree.table() {
            let users = entry.get("users").map(Node::table).unwrap_or_default();
            let held = users.iter().filter(|(_, user)| user.text_of("oauth_token").is_some());
            let mut known = Vec::new();
            for (name, user) in held {
                known.extend(user.text_of("oauth_token"));
                push(parsed, ThingKind::GithubToken, name, host, user.text_of("oauth_token"));
            }
            // The user in use stands once more beside its host.
            let of_host = entry.text_of("oauth_token").filter(|token| !known.contains(token));
            push(parsed, ThingKind::GithubToken, entry.text_of("user").unwrap_or("unnamed"), host, of_host);
        }
    })
}

/// `config.yml` of GitLab's command line.
pub fn gitlab(bytes: &[u8]) -> Parsed<Item> {
    each(yaml(bytes), |tree, parsed| {
        for (host, entry) in tree.get("hosts").map(Node::table).unwrap_or_default() {
            push(
                parsed,
                ThingKind::GitlabToken,
                entry.text_of("user").unwrap_or("unnamed"),
                host,
                entry.text_of("token"),
            );
        }
    })
}

/// `apps.json` and `hosts.json` of Copilot: `host:application` and its token.
pub fn copilot(bytes: &[u8]) -> Parsed<Item> {
    each(json(bytes), |tree, parsed| {
        for (application, entry) in tree.table() {
            let host = application.split(':').next().unwrap_or_default();
            push(
                parsed,
                ThingKind::GithubToken,
                entry.text_of("user").unwrap_or("unnamed"),
                host,
                entry.text_of("oauth_token"),
            );
        }
    })
}

/// `.vault-token`, which OpenBao shares.
pub fn vault(bytes: &[u8]) -> Parsed<Item> {
    whole(bytes, ThingKind::VaultToken, "the last login")
}

/// The token that Hugging Face's tools keep.
pub fn hugging_face(bytes: &[u8]) -> Parsed<Item> {
    whole(bytes, ThingKind::AssistantSecret, "Hugging Face")
}

fn whole(bytes: &[u8], kind: ThingKind, whose: &str) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let token = bytes.trim_ascii();
    let is_one = token.len() <= TOKEN_BYTES_MAX && token.iter().all(u8::is_ascii_graphic);
    if token.is_empty() || is_example(token) {
        return parsed;
    }
    if is_one {
        parsed.things.push(Item::new(kind, whose).value(token).problem_if(true, Problem::SecretInClear));
    } else {
        parsed.skip(1, LineFault::Format);
    }
    parsed
}

fn each(tree: Option<Node>, mut read: impl FnMut(&Node, &mut Parsed<Item>)) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    match tree {
        Some(tree) => read(&tree, &mut parsed),
        None => parsed.skip(1, LineFault::Format),
    }
    parsed
}

fn push(parsed: &mut Parsed<Item>, kind: ThingKind, whose: &str, host: &str, token: Option<&str>) {
    if let Some(token) = token.filter(|token| !is_example(token.as_bytes())) {
        let item = Item::new(kind, whose).towards(host).value(token.as_bytes());
        parsed.things.push(item.problem_if(true, Problem::SecretInClear));
    }
}
