//! `.env` files and the start files of shells: values given to names, and variables that show a way without a secret.
//!
//! A value counts when its name says that it is a secret, or when it has the form of one. References to other
//! variables, commands and examples are none. This file must never expand anything. Next: `secret_name.rs`, `scanned.rs`.

use super::federation::of_variable;
use super::ini::unquoted;
use super::scanned::{named, scanned};
use super::{Parsed, lines};
use crate::item::{Item, ThingKind};
use crate::place::shown;
use tenure_secrets::Scanner;

/// Reads the secrets.
pub fn read(bytes: &[u8], scanner: &Scanner) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        let content = match content {
            Ok(content) => content.trim_ascii(),
            Err(why) => {
                parsed.skip(line, why);
                continue;
            }
        };
        if content.is_empty() || content.starts_with(b"#") {
            continue;
        }
        let items: Vec<Item> = match assignment(content) {
            Some((name, value)) => {
                let name = shown(name);
                parsed.things.extend(of_variable(&name, value).map(|item| item.at_line(line)));
                named(scanner, ThingKind::EnvironmentSecret, &name, &name, value).into_iter().collect()
            }
            None => scanned(scanner, content, ThingKind::EnvironmentSecret, ""),
        };
        parsed.things.extend(items.into_iter().map(|item| item.at_line(line)));
    }
    parsed
}

/// Reads the secrets in the environment of a process: `NAME=value`, each ended by a NUL byte (proc(5)).
pub fn of_process(bytes: &[u8], variables_max: usize, scanner: &Scanner) -> Vec<Item> {
    let variables = bytes.split(|byte| *byte == 0).take(variables_max);
    let pairs = variables.filter_map(|variable| {
        let at = variable.iter().position(|byte| *byte == b'=')?;
        Some((shown(variable.split_at(at).0), variable.split_at(at + 1).1))
    });
    pairs.filter_map(|(name, value)| named(scanner, ThingKind::ProcessSecret, &name, &name, value)).collect()
}

/// `NAME=value`, `export NAME=value`, and fish's `set -gx NAME value`.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"export ").map_or(line, <[u8]>::trim_ascii_start);
    if let Some(rest) = line.strip_prefix(b"set -") {
        let (_, rest) = split_word(rest);
        let (name, value) = split_word(rest.trim_ascii());
        return Some((name, unquoted(value.trim_ascii())));
    }
    let at = line.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (line.split_at(at).0.trim_ascii(), line.split_at(at + 1).1.trim_ascii());
    let plain =
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
    plain.then(|| (name, without_comment(value)))
}

fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    text.split_at(end)
}

/// The value itself: up to its closing quote, or up to a comment.
fn without_comment(value: &[u8]) -> &[u8] {
    match value {
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let end = rest.iter().position(|byte| byte == quote).unwrap_or(rest.len());
            rest.split_at(end).0
        }
        // A command whose output is the value.
        [b'`', ..] => b"",
        _ => {
            let comment = value.windows(2).position(|pair| pair == b" #").unwrap_or(value.len());
            value.split_at(comment).0.trim_ascii()
        }
    }
}
