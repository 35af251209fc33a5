//! `.netrc`: machine, login, password, in words (ftp(1), curl). Macros are passed over.

use super::{Parsed, lines};
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_example;

/// Reads the passwords.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    let (mut machine, mut login, mut in_macro) = (String::new(), String::new(), false);
    for (line, content) in lines(bytes) {
        let Ok(content) = content else { continue };
        // A macro ends at an empty line.
        in_macro &= !content.trim_ascii().is_empty();
        let mut words = content.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        while let (false, Some(word)) = (in_macro, words.next()) {
            match word {
                b"machine" => (machine, login) = (shown(words.next().unwrap_or_default()), String::new()),
                b"default" => (machine, login) = ("any machine".to_owned(), String::new()),
                b"login" => login = shown(words.next().unwrap_or_default()),
                b"account" => drop(words.next()),
                b"macdef" => in_macro = true,
                b"password" | b"passwd" => {
                    let value = words.next().unwrap_or_default();
                    // Anonymous FTP asks for a mail address in the place of a password.
                    if !is_example(value) && login != "anonymous" {
                        parsed.things.push(item(&machine, &login, super::ini::unquoted(value)).at_line(line));
                    }
                }
                _ if word.starts_with(b"#") => break,
                _ => {}
            }
        }
    }
    parsed
}

fn item(machine: &str, login: &str, value: &[u8]) -> Item {
    let whose = if login.is_empty() { "unnamed" } else { login };
    Item::new(ThingKind::NetrcPassword, whose)
        .towards(machine)
        .value(value)
        .problem_if(true, Problem::SecretInClear)
}
