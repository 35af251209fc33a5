//! Cargo's `credentials.toml`: a token for each registry.

use super::tree::{Node, toml};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind};

/// Reads the tokens.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let Some(tree) = toml(bytes) else {
        parsed.skip(1, LineFault::Format);
        return parsed;
    };
    let default = tree.get("registry").map(|registry| ("crates-io", registry));
    let named = tree.get("registries").map(Node::table).unwrap_or_default();
    for (name, registry) in default.into_iter().chain(named.iter().map(|(name, node)| (name.as_str(), node)))
    {
        if let Some(token) = registry.text_of("token") {
            parsed.things.push(
                Item::new(ThingKind::CargoToken, name)
                    .value(token.as_bytes())
                    .problem_if(true, Problem::SecretInClear),
            );
        }
    }
    parsed
}
