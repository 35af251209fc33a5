//! `kubeconfig`: users, and the clusters they are used with (YAML or JSON). A token file, a program or a provider of
//! tokens holds no secret here.

use super::tree::{Node, yaml};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind, program};
use std::collections::BTreeMap;
use tenure_secrets::is_example;

/// What of a user is a secret, and what it is called.
const SECRETS: [(&str, &str); 3] =
    [("token", "token"), ("client-key-data", "client_key"), ("password", "password")];

/// Reads the credentials of all users.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let Some(tree) = yaml(bytes) else {
        parsed.skip(1, LineFault::Format);
        return parsed;
    };
    let clusters = clusters(&tree);
    for entry in tree.get("users").map(Node::list).unwrap_or_default() {
        let (Some(name), Some(user)) = (entry.text_of("name"), entry.get("user")) else { continue };
        let cluster = clusters.get(name).copied();
        for (key, what) in SECRETS {
            let Some(value) = user.text_of(key).filter(|value| !is_example(value.as_bytes())) else {
                continue;
            };
            let mut item = Item::new(ThingKind::KubernetesCredential, name)
                .value(value.as_bytes())
                .text("what", what)
                .problem_if(true, Problem::SecretInClear)
                .problem_if(cluster.is_some_and(skips_verification), Problem::NotVerified);
            if let Some(server) = cluster.and_then(|cluster| cluster.text_of("server")) {
                item =
                    item.towards(server).problem_if(server.starts_with("http://"), Problem::NotEncryptedLine);
            }
            if let Some(command) = user.get("exec").and_then(|exec| exec.text_of("command")) {
                item = item.text("token_program", &program(command.as_bytes()));
            }
            parsed.things.push(item);
        }
    }
    parsed
}

/// The cluster that a context puts beside each user; of several the first counts.
fn clusters(tree: &Node) -> BTreeMap<&str, &Node> {
    let list = |name: &str| tree.get(name).map(Node::list).unwrap_or_default();
    let mut by_name = BTreeMap::new();
    for entry in list("clusters") {
        if let Some(name) = entry.text_of("name") {
            by_name.entry(name).or_insert(entry);
        }
    }
    let mut of_users = BTreeMap::new();
    for context in list("contexts").iter().filter_map(|entry| entry.get("context")) {
        if let Some(user) = context.text_of("user") {
            of_users.entry(user).or_insert_with(|| by_name.get(context.text_of("cluster")?)?.get("cluster"));
        }
    }
    of_users.into_iter().filter_map(|(user, cluster)| Some((user, cluster?))).collect()
}

fn skips_verification(cluster: &Node) -> bool {
    cluster.get("insecure-skip-tls-verify").is_some_and(Node::is_yes)
}
