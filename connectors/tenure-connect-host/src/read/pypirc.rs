//! `.pypirc`: passwords and tokens for Python package indexes.

use super::Parsed;
use super::ini::sections;
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_example;

/// Reads the passwords.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let read = sections(bytes);
    let mut parsed = Parsed::default();
    read.tell(&mut parsed);
    for password in read.entries.iter().filter(|entry| entry.name == b"password" && !is_example(entry.value))
    {
        let of = |name: &str| read.find(password.section, name).map(|entry| shown(entry.value));
        let user = of("username").unwrap_or_default();
        parsed.things.push(
            Item::new(ThingKind::PypiToken, &shown(password.section))
                .at_line(password.line)
                .towards(&of("repository").unwrap_or_else(|| "pypi.org".to_owned()))
                .value(password.value)
                .text("user", &user)
                .text("what", if user == "__token__" { "token" } else { "password" })
                .problem_if(true, Problem::SecretInClear),
        );
    }
    parsed
}
