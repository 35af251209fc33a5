//! `.git-credentials`: one address with user and password a line (git-credential-store(1)).

use super::{LineFault, Parsed, lines};
use crate::item::{Item, Problem, ThingKind};
use crate::place::shown;
use tenure_secrets::is_example;
use zeroize::Zeroizing;

/// Reads the passwords.
pub fn read(bytes: &[u8]) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content.map(<[u8]>::trim_ascii) {
            Ok(content) if content.is_empty() || content.starts_with(b"#") => {}
            Ok(content) => match login(content) {
                Some((user, password, host)) if !is_example(&password) => parsed.things.push(
                    Item::new(ThingKind::GitPassword, &shown(&user))
                        .at_line(line)
                        .towards(&shown(host))
                        .value(&password)
                        .problem_if(true, Problem::SecretInClear)
                        .problem_if(content.starts_with(b"http://"), Problem::NotEncryptedLine),
                ),
                Some(_) => {}
                None => parsed.skip(line, LineFault::Format),
            },
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

type Decoded = Zeroizing<Vec<u8>>;

/// User, password and host of `scheme://user:password@host/path`.
fn login(address: &[u8]) -> Option<(Decoded, Decoded, &[u8])> {
    let scheme = address.windows(3).position(|three| three == b"://")?;
    let rest = address.split_at(scheme + 3).1;
    let authority = rest.split(|byte| *byte == b'/').next()?;
    let at = authority.iter().rposition(|byte| *byte == b'@')?;
    let (login, host) = (authority.split_at(at).0, authority.split_at(at + 1).1);
    let colon = login.iter().position(|byte| *byte == b':')?;
    let (user, password) = (login.split_at(colon).0, login.split_at(colon + 1).1);
    Some((decoded(user), decoded(password), host))
}

/// Without percent signs (RFC 3986 section 2.1); what is no number after one stays as it is.
fn decoded(text: &[u8]) -> Decoded {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        let digits = after.get(..2).and_then(|digits| core::str::from_utf8(digits).ok());
        match digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                rest = after.split_at(2).1;
            }
            None => decoded.push(*byte),
        }
    }
    decoded
}
