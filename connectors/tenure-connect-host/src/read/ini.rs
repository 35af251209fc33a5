//! Sections with names and values, as AWS, MySQL and Python's tools write them. Borrows from the bytes.
//!
//! A section and a name are looked up and never searched for, so that a file of nothing but sections costs no more than
//! its length. This file must never go on behind the last section that is read. Next: `aws.rs`, `pypirc.rs`.

use super::{LineFault, Parsed, lines};
use std::collections::BTreeMap;

/// Sections that are read; what a tool writes for an account of every role of a large company is less.
const SECTIONS_MAX: usize = 2_000;

/// One assignment.
pub(crate) struct Entry<'bytes> {
    /// The section it stands in; empty before the first.
    pub(crate) section: &'bytes [u8],
    pub(crate) name: &'bytes [u8],
    pub(crate) value: &'bytes [u8],
    pub(crate) line: u32,
}

/// What a file assigns.
#[derive(Default)]
pub(crate) struct Sections<'bytes> {
    /// All assignments, in order.
    pub(crate) entries: Vec<Entry<'bytes>>,
    /// The sections that hold one, each once, in order.
    pub(crate) names: Vec<&'bytes [u8]>,
    /// The last assignment of each section and name, the name in small letters.
    last: BTreeMap<&'bytes [u8], BTreeMap<Vec<u8>, usize>>,
    /// The line at which reading ended, because it begins one section too many.
    ended_at: Option<u32>,
}

/// Reads all assignments. Lines that are neither section nor assignment are passed over, as their own
/// programs do; quotes around a value are taken off.
pub(crate) fn sections(bytes: &[u8]) -> Sections<'_> {
    let mut section: &[u8] = b"";
    let mut read = Sections::default();
    for (line, content) in lines(bytes) {
        let Ok(content) = content.map(<[u8]>::trim_ascii) else { continue };
        if let Some(name) = content.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
            section = name.trim_ascii();
        } else if let Some((name, value)) = assignment(content) {
            if read.names.len() >= SECTIONS_MAX && !read.last.contains_key(section) {
                read.ended_at = Some(line);
                break;
            }
            read.add(Entry { section, name, value, line });
        }
    }
    read
}

impl<'bytes> Sections<'bytes> {
    fn add(&mut self, entry: Entry<'bytes>) {
        let of_section = self.last.entry(entry.section).or_insert_with(|| {
            self.names.push(entry.section);
            BTreeMap::new()
        });
        of_section.insert(entry.name.to_ascii_lowercase(), self.entries.len());
        self.entries.push(entry);
    }

    /// The last entry of this name, which is in small letters, in a section: later ones win.
    pub(crate) fn find(&self, section: &[u8], name: &str) -> Option<&Entry<'bytes>> {
        self.entries.get(*self.last.get(section)?.get(name.as_bytes())?)
    }

    /// Says where reading ended, if not at the end.
    pub(crate) fn tell<T>(&self, parsed: &mut Parsed<T>) {
        if let Some(line) = self.ended_at {
            parsed.skip(line, LineFault::TooManySections);
        }
    }
}

/// `name = value` or `name: value`.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if line.first().is_none_or(|byte| matches!(byte, b'#' | b';')) {
        return None;
    }
    let at = line.iter().position(|byte| matches!(byte, b'=' | b':'))?;
    let (name, value) = (line.split_at(at).0, line.split_at(at + 1).1);
    Some((name.trim_ascii(), unquoted(value.trim_ascii())))
}

/// Without a pair of quotes around it.
pub(crate) fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inside @ .., b'"'] | [b'\'', inside @ .., b'\''] => inside,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{LineFault, Parsed, SECTIONS_MAX, sections};
    use std::fmt::Write as _;

    #[test]
    fn later_values_win_and_quotes_come_off() {
        let bytes = b"top=1\n[a]\n# x = 1\n; y\nName : 'one'\nname=\"two\"\nbroken\n[ b ]\nname=a=b\n";
        let read = sections(bytes);
        let value = |section: &str| read.find(section.as_bytes(), "name").map(|entry| entry.value);
        assert_eq!((value("a"), value("b"), value("c")), (Some(&b"two"[..]), Some(&b"a=b"[..]), None));
        assert_eq!(read.names, [&b""[..], b"a", b"b"]);
    }

    #[test]
    fn one_section_too_many_ends_the_reading_and_is_said() {
        let file = |sections: usize| {
            (0..sections).fold(String::new(), |mut text, number| {
                let _ = writeln!(text, "[{number}]\nz=1");
                text
            })
        };
        let check = |many: usize, read: usize, said: Option<LineFault>| {
            let file = file(many);
            let seen = sections(file.as_bytes());
            let mut parsed = Parsed::<()>::default();
            seen.tell(&mut parsed);
            assert_eq!((seen.names.len(), seen.entries.len()), (read, read));
            assert_eq!(parsed.skipped.first().map(|skipped| skipped.why), said);
        };
        check(SECTIONS_MAX, SECTIONS_MAX, None);
        check(100_000, SECTIONS_MAX, Some(LineFault::TooManySections));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            sections(&bytes);
        }
    }
}
