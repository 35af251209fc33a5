//! `.npmrc`: tokens and passwords for npm registries.

use super::Parsed;
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_placeholder;

/// What follows the registry in a name, and what it is.
const SECRETS: [(&str, &str); 3] =
    [("_authToken", "token"), ("_auth", "basic_login"), ("_password", "password")];

/// Reads the secrets. `${NAME}` stands for a variable and is none.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    // `//host/path/:_authToken=value`: the first colon belongs to the name.
    for (line, content) in super::lines(bytes) {
        let Ok(content) = content.map(<[u8]>::trim_ascii) else { continue };
        let Some(at) = content.iter().position(|byte| *byte == b'=') else { continue };
        let (name, value) = (content.split_at(at).0.trim_ascii(), content.split_at(at + 1).1.trim_ascii());
        let value = super::ini::unquoted(value);
        let known = SECRETS.iter().find(|(ending, _)| name.ends_with(ending.as_bytes()));
        let Some((ending, what)) = known.filter(|_| !is_placeholder(value) && !is_comment(name)) else {
            continue;
        };
        let registry = name.strip_suffix(ending.as_bytes()).unwrap_or_default();
        let registry = shown(registry.strip_suffix(b":").unwrap_or(registry));
        let registry = registry.trim_matches('/');
        let whose = if registry.is_empty() { "the default registry" } else { registry };
        parsed.things.push(
            Item::new(ThingKind::NpmToken, whose)
                .at_line(line)
                .towards(registry)
                .value(value)
                .text("what", what)
                .problem_if(true, Problem::SecretInClear),
        );
    }
    parsed
}

fn is_comment(name: &[u8]) -> bool {
    name.first().is_some_and(|byte| matches!(byte, b'#' | b';'))
}
