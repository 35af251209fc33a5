//! `shadow`: how the accounts' passwords are kept (shadow(5), crypt(5)).
//!
//! A hash is handed on as a `Secret` so that equal ones can be recognised by fingerprint. It must never be
//! shown, and nothing here guesses at what it hides. Next: `passwd.rs`, the accounts themselves.

use super::{LineFault, Parsed, lines, number};
use crate::item::{Item, Mark, Problem, ThingKind};
use crate::place::shown;
use tenure_model::{Fact, Instant, Secret, noun};

/// One day, in microseconds.
const DAY_MICROS: i64 = 86_400_000_000;

noun! {
    /// How a password is hashed (crypt(5)).
    pub enum HashScheme as "hash scheme" {
        /// DES, eight characters of the password count.
        Des = "des",
        /// BSDi's extended DES.
        ExtendedDes = "extended_des",
        /// MD5.
        Md5 = "md5",
        /// NT hash.
        Nt = "nt",
        /// SHA-1, of NetBSD.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-512.
        Sha512 = "sha512",
        /// bcrypt.
        Bcrypt = "bcrypt",
        /// scrypt.
        Scrypt = "scrypt",
        /// yescrypt.
        Yescrypt = "yescrypt",
        /// yescrypt with GOST hashes.
        GostYescrypt = "gost_yescrypt",
        /// Argon2.
        Argon2 = "argon2",
        /// None of these.
        Other = "other",
    }
}

/// What stands in the place of a password.
#[derive(Debug)]
pub enum StoredPassword {
    /// The hash is in `shadow`.
    InShadow,
    /// Nothing: the account needs no password.
    Empty,
    /// No password opens it.
    Locked,
    /// A hash.
    Hash {
        /// How it was made.
        scheme: HashScheme,
        /// The hash itself.
        hash: Secret<Vec<u8>>,
        /// Locked for now; the hash is kept.
        locked: bool,
    },
}

impl StoredPassword {
    /// Whether a password, or none at all, lets the account in.
    pub const fn lets_in(&self) -> bool {
        match self {
            Self::Empty | Self::Hash { locked: false, .. } => true,
            Self::InShadow | Self::Locked | Self::Hash { locked: true, .. } => false,
        }
    }
}

/// An account's password as `shadow` keeps it.
#[derive(Debug)]
pub struct ShadowEntry {
    /// Whose.
    pub name: Vec<u8>,
    /// The password.
    pub password: StoredPassword,
    /// When it was last changed, in days since 1970. Zero: it must be changed at the next login.
    pub changed_days: Option<u32>,
    /// After how many days it must be changed.
    pub age_days_max: Option<u32>,
    /// When the account ends, in days since 1970.
    pub ends_days: Option<u32>,
    /// The line it stands on.
    pub line: u32,
}

impl ShadowEntry {
    /// As an item; `None` where there is neither a hash nor an open door. Takes the hash out of the entry.
    pub fn into_item(self) -> Option<Item> {
        let item = Item::new(ThingKind::StoredPassword, &shown(&self.name)).at_line(self.line);
        let item = self.dated(item);
        match self.password {
            StoredPassword::InShadow | StoredPassword::Locked => None,
            StoredPassword::Empty => {
                Some(item.text("verifier", "none").problem_if(true, Problem::NoPassword))
            }
            StoredPassword::Hash { scheme, hash, locked } => Some(
                item.text("verifier", scheme.as_str()).flag("locked", locked).mark(Mark::StoredHash(hash)),
            ),
        }
    }

    fn dated(&self, mut item: Item) -> Item {
        if let Some(days) = self.changed_days.filter(|days| *days > 0) {
            item = item.fact("changed", Fact::At(day(days)));
        }
        if let Some(days) = self.ends_days {
            item = item.fact("account_ends", Fact::At(day(days)));
        }
        // 99999 is how tools write "never".
        if let Some(days) = self.age_days_max.filter(|days| *days < 99_999) {
            item = item.number("age_days_max", i64::from(days));
        }
        item
    }
}

fn day(days: u32) -> Instant {
    Instant::from_micros(i64::from(days).saturating_mul(DAY_MICROS))
}

/// Reads the entries.
pub fn read(bytes: &[u8]) -> Parsed<ShadowEntry> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content {
            Ok(content) if content.trim_ascii().is_empty() => {}
            Ok(content) if content.first().is_some_and(|byte| matches!(byte, b'#' | b'+' | b'-')) => {}
            Ok(content) => parsed.keep(line, entry(content, line)),
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

fn entry(line: &[u8], number_of_line: u32) -> Result<ShadowEntry, LineFault> {
    let parts: Vec<&[u8]> = line.splitn(10, |byte| *byte == b':').collect();
    let part = |index: usize| parts.get(index).copied().ok_or(LineFault::PartMissing);
    let days = |index: usize| match part(index)? {
        b"" => Ok(None),
        given => number(given).map(Some),
    };
    let name = part(0)?;
    if name.is_empty() {
        return Err(LineFault::PartMissing);
    }
    Ok(ShadowEntry {
        name: name.to_vec(),
        password: stored_password(part(1)?),
        changed_days: days(2)?,
        age_days_max: days(4)?,
        ends_days: days(7)?,
        line: number_of_line,
    })
}

/// What the password's place in `shadow` or `passwd` holds.
pub(crate) fn stored_password(field: &[u8]) -> StoredPassword {
    let hash = field.iter().position(|byte| *byte != b'!').map_or(&b""[..], |from| field.split_at(from).1);
    let locked = hash.len() < field.len();
    match (field, hash) {
        (b"", _) => StoredPassword::Empty,
        (b"x", _) => StoredPassword::InShadow,
        (_, b"" | b"*" | b"x") => StoredPassword::Locked,
        _ if hash.starts_with(b"*") => StoredPassword::Locked,
        _ => StoredPassword::Hash { scheme: scheme(hash), hash: Secret::new(hash.to_vec()), locked },
    }
}

fn scheme(hash: &[u8]) -> HashScheme {
    const PREFIXES: [(&str, HashScheme); 13] = [
        ("$1$", HashScheme::Md5),
        ("$3$", HashScheme::Nt),
        ("$sha1", HashScheme::Sha1),
        ("$5$", HashScheme::Sha256),
        ("$6$", HashScheme::Sha512),
        ("$2a$", HashScheme::Bcrypt),
        ("$2b$", HashScheme::Bcrypt),
        ("$2x$", HashScheme::Bcrypt),
        ("$2y$", HashScheme::Bcrypt),
        ("$7$", HashScheme::Scrypt),
        ("$y$", HashScheme::Yescrypt),
        ("$gy$", HashScheme::GostYescrypt),
        ("$argon2", HashScheme::Argon2),
    ];
    let known = PREFIXES.iter().find(|(prefix, _)| hash.starts_with(prefix.as_bytes()));
    known.map_or_else(|| old_scheme(hash), |(_, scheme)| *scheme)
}

/// DES hashes have no prefix: 13 characters, or `_` and 19.
fn old_scheme(hash: &[u8]) -> HashScheme {
    let plain = |part: &[u8]| part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(byte));
    match hash {
        [b'_', rest @ ..] if rest.len() == 19 && plain(rest) => HashScheme::ExtendedDes,
        _ if hash.len() == 13 && plain(hash) => HashScheme::Des,
        _ => HashScheme::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{StoredPassword, read};
    use core::fmt::Write as _;

    #[test]
    fn the_state_of_each_password_is_read_and_no_hash_is_shown() {
        let parsed = read(
            b"root:$y$j9T$secretsalt$SECRETHASH:19700:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nsshd:!:19000::::::\n\
              etl:!$6$salt$SECRETHASH:19700:0:90:7::20000:\nopen::19700:0:::::\nold:abSECRETHASH1:1::::::\nmd:$1$a$SECRETHASH:0::::::\n\
              odd:SECRETHASH:::::::\nhalf:x\nbad:*:soon::::::\n:*:1::::::\nnp:!*:1::::::\n",
        );
        let mut said = String::new();
        for entry in parsed.things {
            let shown = format!("{:?} {:?}", entry.password, entry.line);
            let item = entry.into_item();
            let _ = writeln!(said, "{shown} -> {:?}", item.map(|item| (item.to_string(), item.facts)));
        }
        for skipped in &parsed.skipped {
            let _ = writeln!(said, "{skipped}");
        }
        assert!(!said.contains("SECRETHASH"), "{said}");
        insta::assert_snapshot!("stored_passwords", said);
    }

    #[test]
    fn a_hash_in_clear_sight_reaches_the_mark_whole() {
        let parsed = read(b"a:!!$6$s$h:1::::::");
        let StoredPassword::Hash { hash, locked, .. } = &parsed.things[0].password else { panic!() };
        assert_eq!((hash.expose().as_slice(), *locked), (&b"$6$s$h"[..], true));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            read(&bytes).things.into_iter().for_each(|entry| drop(entry.into_item()));
        }
    }
}
