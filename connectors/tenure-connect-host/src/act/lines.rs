//! Lines of an `authorized_keys` file: taken out, and put back where they stood.
//!
//! Pure, byte for byte: whatever is not a line of the one key stays as it is, also when it is no text at all. This file
//! must never rewrite, sort or tidy a line, and never show one: an option may hold a secret. Next: `replace.rs`.

use crate::read::authorized_keys;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A line that was taken out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TakenLine {
    /// Which line of the file it was, from 0.
    index: usize,
    /// The line with what ends it, in base64: a file may hold any bytes.
    line: String,
    /// Digest of the line before it, to find the place again when the file has grown; none for the first.
    after: Option<String>,
}

impl TakenLine {
    /// Its place, counted as editors do.
    pub(crate) const fn number(&self) -> usize {
        self.index + 1
    }

    fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.line).unwrap_or_default()
    }

    /// The public key on it, as it goes over the wire (RFC 4253, section 6.6).
    pub(crate) fn public_key(&self) -> Option<Vec<u8>> {
        authorized_keys::read(&self.bytes()).things.pop().map(|line| line.blob)
    }
}

/// The file without the lines of the key, and these lines.
pub(crate) fn take_out(content: &[u8], fingerprint: &str) -> (Vec<u8>, Vec<TakenLine>) {
    let mut rest = Vec::with_capacity(content.len());
    let mut taken = Vec::new();
    let mut before: Option<&[u8]> = None;
    for (index, line) in content.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if is_of(line, fingerprint) {
            let after = before.map(digest);
            taken.push(TakenLine { index, line: STANDARD.encode(line), after });
        } else {
            rest.extend_from_slice(line);
        }
        before = Some(line);
    }
    (rest, taken)
}

fn is_of(line: &[u8], fingerprint: &str) -> bool {
    authorized_keys::read(line).things.first().is_some_and(|read| read.key.fingerprint == fingerprint)
}

/// The file with the lines where they stood. Where it has changed meanwhile: behind the line they stood behind, or at
/// the end. A line that is there again is not doubled.
pub(crate) fn put_back(content: &[u8], taken: &[TakenLine]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> =
        content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let mut there: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for line in &lines {
        *there.entry(bare(line).to_vec()).or_default() += 1;
    }
    for one in taken {
        let line = one.bytes();
        if let Some(left) = there.get_mut(bare(&line)).filter(|left| **left > 0) {
            *left -= 1;
            continue;
        }
        let at = place_of(&lines, one);
        insert(&mut lines, at, line);
    }
    lines.concat()
}

/// True when every line is there.
pub(crate) fn are_there(content: &[u8], taken: &[TakenLine]) -> bool {
    put_back(content, taken) == content
}

fn place_of(lines: &[Vec<u8>], taken: &TakenLine) -> usize {
    let Some(after) = &taken.after else { return 0 };
    let is_after = |line: &Vec<u8>| digest(line) == *after;
    let as_it_was = taken.index.checked_sub(1).and_then(|before| lines.get(before)).is_some_and(is_after);
    if as_it_was {
        return taken.index;
    }
    lines.iter().rposition(is_after).map_or(lines.len(), |before| before + 1)
}

/// Inserts a line, and ends the one it comes behind, or itself, where the file now goes on.
fn insert(lines: &mut Vec<Vec<u8>>, at: usize, mut line: Vec<u8>) {
    let before = at.checked_sub(1).and_then(|before| lines.get_mut(before));
    if let Some(open) = before.filter(|before| !before.ends_with(b"\n")) {
        open.push(b'\n');
    }
    if at < lines.len() && !line.ends_with(b"\n") {
        line.push(b'\n');
    }
    lines.insert(at, line);
}

/// A line without what ends it.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn digest(line: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bare(line));
    STANDARD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::{TakenLine, are_there, put_back, take_out};
    use crate::read::authorized_keys;
    use crate::read::ssh_wire::wire_of;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    fn key(fill: u8) -> String {
        format!("ssh-ed25519 {}", STANDARD.encode(wire_of(&[b"ssh-ed25519", &[fill; 32]])))
    }

    fn fingerprint(fill: u8) -> String {
        authorized_keys::read(key(fill).as_bytes()).things.pop().unwrap().key.fingerprint
    }

    fn numbers(content: &[u8], fingerprint: &str) -> Vec<usize> {
        take_out(content, fingerprint).1.iter().map(TakenLine::number).collect()
    }

    /// What is left, and whether it comes back as it was.
    fn check(content: &str, rest: &str) {
        let (left, taken) = take_out(content.as_bytes(), &fingerprint(7));
        assert_eq!(String::from_utf8_lossy(&left), rest);
        assert_eq!(put_back(&left, &taken), content.as_bytes(), "{content:?}");
        assert!(taken.iter().all(|line| line.public_key().is_some()));
    }

    #[test]
    fn only_the_lines_of_the_key_go_and_come_back_byte_for_byte() {
        let (ours, other) = (key(7), key(8));
        check(&format!("{ours}\n"), "");
        check(&ours, "");
        check(
            &format!("# a\n\n{other} x\r\n{ours} ci\n  {other}"),
            &format!("# a\n\n{other} x\r\n  {other}"),
        );
        check(&format!("{other}\n{ours}"), &format!("{other}\n"));
        check(
            &format!("{ours} one\n{other}\nrestrict,command=\"a b\" {ours} two\r\n"),
            &format!("{other}\n"),
        );
        check(&format!("{ours}\n{ours}\n{ours}"), "");
        check(&format!("{other} {ours}\n#{ours}\n"), &format!("{other} {ours}\n#{ours}\n"));
        check("", "");
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let content = [b"\xff\xfe\0junk\n".as_slice(), key(7).as_bytes(), b"\n\x80\r\r\n"].concat();
        let (rest, taken) = take_out(&content, &fingerprint(7));
        assert_eq!(rest, b"\xff\xfe\0junk\n\x80\r\r\n");
        assert_eq!(put_back(&rest, &taken), content);
        assert_eq!(numbers(&content, &fingerprint(7)), [2]);
    }

    #[test]
    fn in_a_file_that_grew_a_line_comes_back_behind_the_one_it_stood_behind() {
        let (a, b, ours) = (key(1), key(2), key(7));
        let (_, taken) = take_out(format!("{a}\n{ours}\n{b}\n").as_bytes(), &fingerprint(7));
        let grown = format!("# new\n{a}\n{b}\n");
        assert_eq!(put_back(grown.as_bytes(), &taken), format!("# new\n{a}\n{ours}\n{b}\n").as_bytes());
        assert_eq!(put_back(b.as_bytes(), &taken), format!("{b}\n{ours}\n").as_bytes());
        let (_, open) = take_out(format!("{a}\n{ours}").as_bytes(), &fingerprint(7));
        assert_eq!(put_back(format!("{a}\n{b}").as_bytes(), &open), format!("{a}\n{ours}\n{b}").as_bytes());
    }

    #[test]
    fn putting_back_twice_is_once() {
        let content = format!("{}\n{}\n{}\n", key(7), key(1), key(7));
        let (rest, taken) = take_out(content.as_bytes(), &fingerprint(7));
        assert!(!are_there(&rest, &taken));
        let back = put_back(&rest, &taken);
        assert_eq!(put_back(&back, &taken), content.as_bytes());
        assert!(are_there(&back, &taken));
        let half = format!("{}\n{}\n", key(7), key(1));
        assert_eq!(put_back(half.as_bytes(), &taken), content.as_bytes());
    }

    proptest! {
        #[test]
        fn whatever_the_file_holds_what_is_not_the_key_stays_and_the_key_comes_back(
            lines in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..20)), 0..12),
            ended in any::<bool>(),
        ) {
            let mut content = Vec::new();
            for (ours, bytes) in &lines {
                content.extend_from_slice(if *ours { key(7).into_bytes() } else { bytes.clone() }.as_slice());
                content.push(b'\n');
            }
            if !ended {
                content.pop();
            }
            let (rest, taken) = take_out(&content, &fingerprint(7));
            prop_assert!(numbers(&rest, &fingerprint(7)).is_empty());
            prop_assert_eq!(put_back(&rest, &taken), content);
        }
    }
}
