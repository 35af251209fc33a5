//! AWS: `credentials` and `config`, one profile a section.

use super::ini::{entries, find, sections};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::{aws_account_of, is_example};

/// Reads the access keys of all profiles. Profiles that only name a role, a session or a program hold none.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let entries = entries(bytes);
    for section in sections(&entries) {
        let Some(secret) = find(&entries, section, "aws_secret_access_key") else { continue };
        if is_example(secret.value) {
            continue;
        }
        let Some(id) = find(&entries, section, "aws_access_key_id") else {
            parsed.skip(secret.line, LineFault::PartMissing);
            continue;
        };
        let profile = section.strip_prefix(b"profile ").unwrap_or(section);
        let temporary =
            id.value.starts_with(b"ASIA") || find(&entries, section, "aws_session_token").is_some();
        let mut item = Item::new(ThingKind::AwsKey, &format!("profile {}", shown(profile)))
            .at_line(secret.line)
            .towards("AWS")
            .value(secret.value)
            .text("key_id", &shown(id.value))
            .flag("temporary", temporary)
            .problem_if(!temporary, Problem::SecretInClear);
        if let Some(account) = aws_account_of(id.value) {
            item = item.text("account", &account);
        }
        parsed.things.push(item);
    }
    parsed
}
