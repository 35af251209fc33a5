//! AWS: `credentials` and `config`, one profile a section: its key, or its way without one.

use super::federation::{AWS, way};
use super::ini::{Sections, sections};
use super::{LineFault, Parsed};
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::{aws_account_of, is_example};

/// Digits of an account's number.
const ACCOUNT_DIGITS: usize = 12;

/// Reads the access keys of all profiles, and the ways of those that need none: a sign-in, a role of the machine or by
/// a web identity, a program. A role that is taken on with another profile's key is no such way.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let read = sections(bytes);
    read.tell(&mut parsed);
    for section in &read.names {
        parsed.things.extend(federation(&read, section));
        let Some(secret) = read.find(section, "aws_secret_access_key") else { continue };
        if is_example(secret.value) {
            continue;
        }
        let Some(id) = read.find(section, "aws_access_key_id") else {
            parsed.skip(secret.line, LineFault::PartMissing);
            continue;
        };
        let temporary = id.value.starts_with(b"ASIA") || read.find(section, "aws_session_token").is_some();
        let mut item = Item::new(ThingKind::AwsKey, &profile(section))
            .at_line(secret.line)
            .towards(AWS)
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

fn profile(section: &[u8]) -> String {
    format!("profile {}", shown(section.strip_prefix(b"profile ").unwrap_or(section)))
}

/// How a profile gets temporary keys without a static one.
fn federation(read: &Sections<'_>, section: &[u8]) -> Option<Item> {
    if section.starts_with(b"sso-session ") || section.starts_with(b"services ") {
        return None;
    }
    let value =
        |name: &str| read.find(section, name).map(|entry| entry.value).filter(|value| !value.is_empty());
    let role = value("role_arn");
    let says = if value("sso_session").or(value("sso_start_url")).is_some() {
        "it signs in through IAM Identity Center"
    } else if role.is_some() && value("web_identity_token_file").is_some() {
        "it takes on a role by a web identity"
    } else if role.is_some() && value("credential_source").is_some() {
        "it takes on a role by that of the machine"
    } else if value("credential_process").is_some() {
        "a program fetches its keys"
    } else {
        return None;
    };
    let item = way(AWS, &profile(section), says);
    // `arn:aws:iam::123456789012:role/name`
    let of_role = role.and_then(|arn| arn.split(|byte| *byte == b':').nth(4));
    let account = value("sso_account_id")
        .or(of_role)
        .filter(|account| account.len() == ACCOUNT_DIGITS && account.iter().all(u8::is_ascii_digit));
    Some(match account {
        Some(account) => item.text("account", &shown(account)),
        None => item,
    })
}
