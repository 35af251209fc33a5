//! Which crate may depend on which.
//!
//! The table is the architecture: a new line in it is a decision of its own. Test dependencies follow the
//! same table, except that any test may use the test bed, and the server's tests may seed an engine over the
//! chaos connector and verify what it serves with the offline verifier. Heavy libraries that one room quarantines may be
//! named by that room alone.

use super::Finding;
use crate::repository::{Repository, Room};

/// Rooms and what they may depend on. The binary is where everything is put together.
const EDGES: [(&str, &[&str]); 21] = [
    ("tenure-model", &[]),
    ("tenure-tls", &[]),
    ("tenure-keys", &["tenure-model"]),
    ("tenure-evidence", &[]),
    ("tenure-judge", &["tenure-model"]),
    ("tenure-govern", &["tenure-model"]),
    ("tenure-secrets", &["tenure-model", "tenure-keys"]),
    ("tenure-issue", &["tenure-model", "tenure-keys"]),
    ("tenure-connect", &["tenure-model"]),
    ("tenure-call", &["tenure-tls"]),
    ("tenure-messages", &["tenure-model", "tenure-call", "tenure-tls"]),
    ("tenure-ldap", &["tenure-model", "tenure-call", "tenure-tls"]),
    ("tenure-events", &["tenure-model", "tenure-evidence", "tenure-call", "tenure-tls"]),
    ("tenure-oidc", &["tenure-model", "tenure-call"]),
    ("tenure-store", &["tenure-model", "tenure-evidence", "tenure-tls"]),
    (
        "tenure-engine",
        &[
            "tenure-model",
            "tenure-keys",
            "tenure-evidence",
            "tenure-judge",
            "tenure-govern",
            "tenure-secrets",
            "tenure-issue",
            "tenure-messages",
            "tenure-ldap",
            "tenure-events",
            "tenure-connect",
            "tenure-store",
        ],
    ),
    ("tenure-server", &["tenure-engine", "tenure-judge", "tenure-model", "tenure-oidc"]),
    ("tenure", &["*"]),
    ("tenure-testbed", &[]),
    ("xtask", &["tenure-testbed"]),
    // Outside the workspace: random input for the readers, and nothing else.
    ("tenure-fuzz", &["tenure-connect-host", "tenure-connect-import", "tenure-secrets"]),
];

/// What every connector may depend on; connectors live in `connectors/`.
const CONNECTOR_EDGES: [&str; 3] = ["tenure-connect", "tenure-model", "tenure-tls"];
/// Connectors that also look for secrets: on machines, and in what files claim, so that none is kept by mistake.
const SECRET_SEEKERS: [&str; 2] = ["tenure-connect-host", "tenure-connect-import"];

/// Libraries that one room keeps away from all others.
const QUARANTINES: [(&str, &str); 3] =
    [("cedar-policy", "tenure-judge"), ("lettre", "tenure-messages"), ("rusqlite", "tenure-store")];

/// Edges of tests alone: what a room seeds its tests with, or checks them against.
const TEST_EDGES: [(&str, &[&str]); 2] = [
    ("tenure-engine", &["tenure-tls"]),
    (
        "tenure-server",
        &[
            "tenure-connect",
            "tenure-evidence",
            "tenure-events",
            "tenure-keys",
            "tenure-ldap",
            "tenure-messages",
            "tenure-tls",
        ],
    ),
];

const TEST_BED: &str = "tenure-testbed";

/// The feature of `tenure-model` that makes recorded intents for conformance tests.
const CONFORMANCE: &str = "conformance";

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    repository.rooms.iter().flat_map(|room| check_room(room, repository)).collect()
}

fn check_room(room: &Room, repository: &Repository) -> Vec<Finding> {
    let Some(allowed) = allowed(room) else {
        let what = format!("crate `{}` has no place in the architecture", room.name);
        let remedy = "add it to EDGES in xtask/src/tidy/edges.rs, in a commit that says why";
        return vec![finding(room, repository, &room.name, what, remedy)];
    };
    let mut findings = Vec::new();
    for (table, for_tests) in
        [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
    {
        for (key, dependency) in tables(room, table) {
            let name = dependency.get("package").and_then(toml::Value::as_str).unwrap_or(key);
            let of_tests = TEST_EDGES.iter().any(|(of, edges)| *of == room.name && edges.contains(&name));
            if is_ours(name, repository) && !may_use(&allowed, name, for_tests) && !(for_tests && of_tests) {
                let what = format!("`{}` must not depend on `{name}`", room.name);
                let remedy = "move the code to the room that may, or change EDGES with a reason";
                findings.push(finding(room, repository, key, what, remedy));
            }
            if let Some((_, owner)) = QUARANTINES.iter().find(|(library, _)| *library == name)
                && *owner != room.name
                && !for_tests
            {
                let what = format!("`{name}` is kept inside `{owner}`");
                findings.push(finding(room, repository, key, what, "ask that crate instead"));
            }
            if !for_tests && switches_on_conformance(dependency) {
                let what = format!("`{key}` is built with `{CONFORMANCE}` outside tests");
                let remedy = "only dev-dependencies may make recorded intents";
                findings.push(finding(room, repository, key, what, remedy));
            }
        }
    }
    findings
}

fn allowed(room: &Room) -> Option<Vec<&'static str>> {
    if room.folder.starts_with("connectors/") {
        let mut allowed = CONNECTOR_EDGES.to_vec();
        allowed.extend(SECRET_SEEKERS.contains(&room.name.as_str()).then_some("tenure-secrets"));
        return Some(allowed);
    }
    EDGES.iter().find(|(name, _)| *name == room.name).map(|(_, edges)| edges.to_vec())
}

fn may_use(allowed: &[&str], name: &str, for_tests: bool) -> bool {
    if name == TEST_BED {
        for_tests || allowed.contains(&TEST_BED)
    } else {
        allowed.contains(&name) || allowed.contains(&"*")
    }
}

fn is_ours(name: &str, repository: &Repository) -> bool {
    name.starts_with("tenure") || repository.rooms.iter().any(|room| room.name == name)
}

fn switches_on_conformance(dependency: &toml::Value) -> bool {
    let features = dependency.get("features").and_then(toml::Value::as_array);
    features.is_some_and(|features| features.iter().any(|feature| feature.as_str() == Some(CONFORMANCE)))
}

/// The entries of a dependency table, plain and under every `[target.…]`.
fn tables<'a>(room: &'a Room, table: &'a str) -> impl Iterator<Item = (&'a str, &'a toml::Value)> {
    let targets = room.manifest.get("target").and_then(toml::Value::as_table);
    let of_targets = targets.into_iter().flatten().filter_map(move |(_, target)| target.get(table));
    let found = room.manifest.get(table).into_iter().chain(of_targets);
    found.filter_map(toml::Value::as_table).flatten().map(|(key, value)| (key.as_str(), value))
}

fn finding(room: &Room, repository: &Repository, word: &str, what: String, remedy: &'static str) -> Finding {
    let path = room.manifest_path();
    let text = repository.file(&path).map_or("", |file| &file.text);
    let line = text.lines().position(|line| line.contains(word)).map_or(1, |index| index + 1);
    Finding { path, line, what, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    fn check_one(folder: &str, name: &str, rest: &str) -> Vec<String> {
        said(check, &[(&format!("{folder}/Cargo.toml"), &manifest(name, rest))])
    }

    #[test]
    fn an_edge_against_the_architecture_is_found_in_every_kind_of_table() {
        let found = ["crates/tenure-govern/Cargo.toml:4: `tenure-govern` must not depend on `tenure-judge`"];
        for table in
            ["dependencies", "build-dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"]
        {
            let rest = format!("[{table}]\ntenure-judge.workspace = true\n");
            assert_eq!(check_one("crates/tenure-govern", "tenure-govern", &rest), found, "{table}");
        }
        let renamed = "[dependencies]\njudge = { package = \"tenure-judge\", path = \"..\" }\n";
        assert_eq!(check_one("crates/tenure-govern", "tenure-govern", renamed), found);
    }

    #[test]
    fn edges_of_the_architecture_and_the_test_bed_in_tests_are_fine() {
        let rest = "[dependencies]\ntenure-model.workspace = true\n[dev-dependencies]\ntenure-testbed.workspace = true\n";
        assert!(check_one("crates/tenure-store", "tenure-store", rest).is_empty());
        let connector = "[dependencies]\ntenure-connect.workspace = true\ntenure-model.workspace = true\n";
        assert!(check_one("connectors/tenure-connect-x", "tenure-connect-x", connector).is_empty());
    }

    #[test]
    fn the_test_bed_is_never_linked_into_the_product() {
        let rest = "[dependencies]\ntenure-testbed.workspace = true\n";
        let found = check_one("crates/tenure", "tenure", rest);
        assert_eq!(found, ["crates/tenure/Cargo.toml:4: `tenure` must not depend on `tenure-testbed`"]);
    }

    #[test]
    fn only_connectors_that_are_named_look_for_secrets() {
        let rest = "[dependencies]\ntenure-secrets.workspace = true\n";
        for name in SECRET_SEEKERS {
            assert!(check_one(&format!("connectors/{name}"), name, rest).is_empty());
        }
        assert_eq!(check_one("connectors/tenure-connect-x", "tenure-connect-x", rest).len(), 1);
    }

    #[test]
    fn a_quarantined_library_outside_its_room_is_found() {
        let rest = "[dependencies]\ncedar-policy.workspace = true\n";
        assert!(check_one("crates/tenure-judge", "tenure-judge", rest).is_empty());
        let found = check_one("crates/tenure-server", "tenure-server", rest);
        assert_eq!(
            found,
            ["crates/tenure-server/Cargo.toml:4: `cedar-policy` is kept inside `tenure-judge`"]
        );
    }

    #[test]
    fn recorded_intents_for_conformance_are_for_tests_only() {
        let with = |table: &str| {
            let rest =
                format!("[{table}]\ntenure-model = {{ workspace = true, features = [\"conformance\"] }}\n");
            check_one("crates/tenure-engine", "tenure-engine", &rest)
        };
        assert!(with("dev-dependencies").is_empty());
        assert_eq!(
            with("dependencies"),
            ["crates/tenure-engine/Cargo.toml:4: `tenure-model` is built with `conformance` outside tests"]
        );
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        let found = check_one("crates/tenure-tools", "tenure-tools", "");
        assert_eq!(
            found,
            ["crates/tenure-tools/Cargo.toml:2: crate `tenure-tools` has no place in the architecture"]
        );
    }
}
