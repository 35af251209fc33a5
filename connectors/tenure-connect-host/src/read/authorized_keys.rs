//! `authorized_keys`: public keys that open an account, and under which restrictions (sshd(8)).
//!
//! The commands of `command="…"` are shown as their program only. This file must never decide whether a key is
//! wanted, nor drop a line that sshd would accept: a line it cannot use is said. Next: `ssh_wire.rs`.

use super::ssh_wire::{SshPublicKey, public_key};
use super::{LineFault, Parsed, lines, trimmed};
use crate::item::{Item, Mark, Problem, ThingKind, program};
use crate::place::shown;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_model::{Fact, Instant, printable};

/// Options of one line that are looked at.
const OPTIONS_MAX: usize = 100;

/// One option of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOption {
    /// Its name, in small letters.
    pub name: String,
    /// Its value, without quotes.
    pub value: Option<Vec<u8>>,
}

/// A line that lets a key in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizedKey {
    /// Its options, in order.
    pub options: Vec<KeyOption>,
    /// The key.
    pub key: SshPublicKey,
    /// The key as it goes over the wire.
    pub blob: Vec<u8>,
    /// What stands behind the key.
    pub comment: Vec<u8>,
    /// The line it stands on.
    pub line: u32,
}

impl AuthorizedKey {
    /// Whether it has an option of this name.
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|option| option.name == name)
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        self.options.iter().find(|option| option.name == name)?.value.as_deref()
    }

    /// Whether anything limits what the key may do or where it may come from.
    pub fn is_restricted(&self) -> bool {
        self.has("command") || self.has("from") || self.has("restrict")
    }

    /// As an item.
    pub fn item(&self) -> Item {
        let mut names: Vec<String> = self.options.iter().map(|option| printable(&option.name, 60)).collect();
        names.sort_unstable();
        names.dedup();
        let whose =
            if self.comment.is_empty() { "without a comment".to_owned() } else { shown(&self.comment) };
        let mut item = Item::new(ThingKind::AuthorizedKey, &whose)
            .at_line(self.line)
            .text("key_type", &self.key.algorithm)
            .flag("restricted", self.is_restricted())
            .flag("authority", self.has("cert-authority"))
            .fact("options", Fact::Texts(names))
            .mark(Mark::Public(self.key.fingerprint.clone()))
            .problem_if(!self.is_restricted(), Problem::Unrestricted);
        if let Some(bits) = self.key.bits {
            item = item.number("key_bits", i64::from(bits));
        }
        if let Some(command) = self.value("command") {
            item = item.text("forced_program", &program(command));
        }
        if let Some(from) = self.value("from") {
            item = item.text("from", &shown(from));
        }
        if let Some(ends) = self.value("expiry-time") {
            item = item.text("expiry_time", &shown(ends));
        }
        item
    }
}

/// The instant in `expiry-time="…"`: `YYYYMMDD[HHMM[SS]]`, with `Z` for UTC. Without it the time is the
/// server's own, which the file does not tell; it is taken for UTC, which is right to within 14 hours.
pub fn expiry(written: &str) -> Option<Instant> {
    let digits = written.strip_suffix('Z').unwrap_or(written);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("00");
    let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)]);
    Instant::parse(&format!("{}T{}Z", date.join("-"), time.join(":"))).ok()
}

/// Reads the keys of one file.
pub fn read(bytes: &[u8]) -> Parsed<AuthorizedKey> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content.map(trimmed) {
            Ok(content) if content.is_empty() || content.starts_with(b"#") => {}
            Ok(content) => parsed.keep(line, authorized(content, line)),
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

fn authorized(line: &[u8], number: u32) -> Result<AuthorizedKey, LineFault> {
    let (options, rest) = if begins_with_key(line) { (Vec::new(), line) } else { options(line)? };
    let (algorithm, rest) = word(rest);
    let (encoded, comment) = word(rest);
    if encoded.is_empty() {
        return Err(LineFault::PartMissing);
    }
    let blob = STANDARD.decode(encoded).map_err(|_| LineFault::NotAKey)?;
    let key = public_key(&blob).ok_or(LineFault::NotAKey)?;
    if key.algorithm.as_bytes() != algorithm {
        return Err(LineFault::OtherKeyType);
    }
    Ok(AuthorizedKey { options, key, blob, comment: trimmed(comment).to_vec(), line: number })
}

/// Whether the line begins with the type of a key, and so has no options.
fn begins_with_key(line: &[u8]) -> bool {
    let (first, _) = word(line);
    ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].iter().any(|start| first.starts_with(start.as_bytes()))
        && !first.contains(&b'=')
        && !first.contains(&b',')
}

/// The first word and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    text.split_at(end)
}

/// Options up to the first space outside quotes, and what follows.
fn options(line: &[u8]) -> Result<(Vec<KeyOption>, &[u8]), LineFault> {
    let mut found = Vec::new();
    let mut current = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.iter().enumerate() {
        match (byte, quoted, escaped) {
            (_, true, true) => {
                // Inside quotes only `\"` means something; any other backslash stays.
                if *byte != b'"' {
                    current.push(b'\\');
                }
                current.push(*byte);
                escaped = false;
            }
            (b'\\', true, false) => escaped = true,
            (b'"', _, _) => quoted = !quoted,
            (b',', false, _) => found.push(option(&core::mem::take(&mut current))),
            (b' ' | b'\t', false, _) => {
                found.push(option(&current));
                return Ok((found, line.split_at(at).1));
            }
            _ => current.push(*byte),
        }
        if found.len() > OPTIONS_MAX {
            return Err(LineFault::Format);
        }
    }
    Err(if quoted { LineFault::QuotationOpen } else { LineFault::PartMissing })
}

fn option(text: &[u8]) -> KeyOption {
    let (name, value) = match text.iter().position(|byte| *byte == b'=') {
        Some(at) => (text.split_at(at).0, Some(text.split_at(at + 1).1.to_vec())),
        None => (text, None),
    };
    KeyOption { name: shown(name).to_ascii_lowercase(), value }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::read::ssh_wire::wire_of;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use core::fmt::Write as _;

    fn key(fill: u8) -> String {
        format!("ssh-ed25519 {}", STANDARD.encode(wire_of(&[b"ssh-ed25519", &[fill; 32]])))
    }

    #[test]
    fn keys_options_and_comments_are_read_and_broken_lines_are_said() {
        let file = format!(
            "# comment\n{} etl@batch\nrestrict,command=\"/usr/bin/borg serve --key \\\"SECRET\\\"\",from=\"10.0.0.0/8,*.example\" {} backup key\n\
             no-pty {}\nssh-rsa {}\ncommand=\"open {}\nssh-ed25519\nssh-ed25519 AAAA x\nnonsense\n",
            key(1),
            key(2),
            key(3),
            key(4).split_once(' ').unwrap().1,
            key(5)
        );
        let parsed = read(file.as_bytes());
        let mut said = String::new();
        for key in &parsed.things {
            let item = key.item();
            let _ = writeln!(said, "{}: {item} {:?} {:?}", key.line, item.facts, item.problems);
        }
        for skipped in &parsed.skipped {
            let _ = writeln!(said, "{skipped}");
        }
        assert!(!said.contains("SECRET"), "{said}");
        insta::assert_snapshot!("authorized_keys", said);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            for key in read(&bytes).things { drop(key.item()); }
        }

        #[test]
        fn no_options_make_it_fail(options in "[a-z\",= \\\\]{0,60}") {
            let parsed = read(format!("{options} {}", key(1)).as_bytes());
            assert!(parsed.things.len() + parsed.skipped.len() <= 1);
        }
    }
}
