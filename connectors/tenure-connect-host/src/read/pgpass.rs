//! `.pgpass`: host, port, database, user, password (PostgreSQL, "The Password File").

use super::{LineFault, Parsed, lines};
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_example;
use zeroize::Zeroizing;

/// Reads the passwords.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content {
            Ok(content) if content.trim_ascii().is_empty() || content.starts_with(b"#") => {}
            Ok(content) => match parts(content).as_slice() {
                [host, port, database, user, password] => {
                    if !is_example(password) {
                        let towards = format!("{}:{}/{}", shown(host), shown(port), shown(database));
                        parsed.things.push(
                            Item::new(ThingKind::PostgresPassword, &shown(user))
                                .at_line(line)
                                .towards(&towards)
                                .value(password)
                                .problem_if(true, Problem::SecretInClear),
                        );
                    }
                }
                _ => parsed.skip(line, LineFault::PartMissing),
            },
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

/// Parts between colons; a backslash takes the next character as it is.
fn parts(line: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut parts = vec![Zeroizing::new(Vec::new())];
    let mut escaped = false;
    for byte in line {
        match byte {
            b'\\' if !escaped => {
                escaped = true;
                continue;
            }
            // The password is the last part and may hold colons.
            b':' if !escaped && parts.len() < 5 => parts.push(Zeroizing::new(Vec::new())),
            _ => parts.iter_mut().next_back().into_iter().for_each(|part| part.push(*byte)),
        }
        escaped = false;
    }
    parts
}
