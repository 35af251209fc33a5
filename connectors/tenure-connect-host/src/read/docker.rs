//! Docker's `config.json`, which Podman and others share: logins kept in the file itself. Where a helper keeps
//! them, there is nothing here.

use super::tree::{Node, json};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_secrets::is_example;
use zeroize::Zeroizing;

/// Reads the logins.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let Some(tree) = json(bytes) else {
        parsed.skip(1, LineFault::Format);
        return parsed;
    };
    for (registry, login) in tree.get("auths").map(Node::table).unwrap_or_default() {
        let item = |user: &str, value: &[u8], what: &str| {
            Item::new(ThingKind::RegistryLogin, user)
                .towards(registry)
                .value(value)
                .text("what", what)
                .problem_if(true, Problem::SecretInClear)
        };
        if let Some(auth) = login.text_of("auth") {
            let decoded = STANDARD.decode(auth).map(Zeroizing::new).ok();
            let split = decoded.as_deref().and_then(|login| login.iter().position(|byte| *byte == b':'));
            match decoded.as_deref().zip(split) {
                Some((login, at)) => {
                    let (user, password) = (login.split_at(at).0, login.split_at(at + 1).1);
                    if !is_example(password) {
                        parsed.things.push(item(&crate::place::shown(user), password, "password"));
                    }
                }
                None => parsed.skip(1, LineFault::Format),
            }
        }
        if let Some(token) = login.text_of("identitytoken") {
            parsed.things.push(item("identity token", token.as_bytes(), "identity_token"));
        }
    }
    parsed
}
