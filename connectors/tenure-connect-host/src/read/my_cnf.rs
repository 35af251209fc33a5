//! `my.cnf`: passwords of MySQL's and MariaDB's clients.

use super::Parsed;
use super::ini::sections;
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_example;

/// Reads the passwords of all sections.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let read = sections(bytes);
    let mut parsed = Parsed::default();
    read.tell(&mut parsed);
    for password in read.entries.iter().filter(|entry| matches!(entry.name, b"password" | b"password1")) {
        if is_example(password.value) {
            continue;
        }
        let of = |name: &str| read.find(password.section, name).map(|entry| shown(entry.value));
        let towards = of("host").or(of("socket")).unwrap_or_else(|| "localhost".to_owned());
        parsed.things.push(
            Item::new(ThingKind::MysqlPassword, &of("user").unwrap_or_else(|| "unnamed".to_owned()))
                .at_line(password.line)
                .towards(&towards)
                .value(password.value)
                .text("section", &shown(password.section))
                .problem_if(true, Problem::SecretInClear),
        );
    }
    parsed
}
