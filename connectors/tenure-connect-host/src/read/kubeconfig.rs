//! `kubeconfig`: users, and the clusters they are used with (YAML or JSON). A token file, a program or a provider of
//! tokens holds no secret here.

use super::tree::{Node, yaml};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind, program};
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
    for entry in tree.get("users").map(Node::list).unwrap_or_default() {
        let (Some(name), Some(user)) = (entry.text_of("name"), entry.get("user")) else { continue };
        let cluster = cluster_of(&tree, name);
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

/// The cluster that a context puts beside a user.
fn cluster_of<'tree>(tree: &'tree Node, user: &str) -> Option<&'tree Node> {
    let contexts = tree.get("contexts")?.list();
    let context = contexts.iter().filter_map(|entry| entry.get("context"));
    let name =
        context.into_iter().find(|context| context.text_of("user") == Some(user))?.text_of("cluster")?;
    let clusters = tree.get("clusters")?.list();
    clusters.iter().find(|entry| entry.text_of("name") == Some(name))?.get("cluster")
}

fn skips_verification(cluster: &Node) -> bool {
    cluster.get("insecure-skip-tls-verify").is_some_and(Node::is_yes)
}
