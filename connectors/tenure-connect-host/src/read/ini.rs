//! Sections with names and values, as AWS, MySQL and Python's tools write them. Borrows from the bytes.

use super::lines;

/// One assignment.
pub(crate) struct Entry<'bytes> {
    /// The section it stands in; empty before the first.
    pub(crate) section: &'bytes [u8],
    pub(crate) name: &'bytes [u8],
    pub(crate) value: &'bytes [u8],
    pub(crate) line: u32,
}

/// All assignments, in order. Lines that are neither section nor assignment are passed over, as their own
/// programs do; quotes around a value are taken off.
pub(crate) fn entries(bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut section: &[u8] = b"";
    let mut entries = Vec::new();
    for (line, content) in lines(bytes) {
        let Ok(content) = content.map(<[u8]>::trim_ascii) else { continue };
        if let Some(name) = content.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
            section = name.trim_ascii();
        } else if let Some((name, value)) = assignment(content) {
            entries.push(Entry { section, name, value, line });
        }
    }
    entries
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

/// The sections that hold an entry, each once, in order.
pub(crate) fn sections<'bytes>(entries: &[Entry<'bytes>]) -> Vec<&'bytes [u8]> {
    let mut sections: Vec<&[u8]> = Vec::new();
    for entry in entries {
        if !sections.contains(&entry.section) {
            sections.push(entry.section);
        }
    }
    sections
}

/// The last entry of this name in a section: later ones win.
pub(crate) fn find<'entries, 'bytes>(
    entries: &'entries [Entry<'bytes>],
    section: &[u8],
    name: &str,
) -> Option<&'entries Entry<'bytes>> {
    entries
        .iter()
        .rev()
        .find(|entry| entry.section == section && entry.name.eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{entries, find, sections};

    #[test]
    fn later_values_win_and_quotes_come_off() {
        let bytes = b"top=1\n[a]\n# x = 1\n; y\nName : 'one'\nname=\"two\"\nbroken\n[ b ]\nname=a=b\n";
        let entries = entries(bytes);
        let value = |section: &str| find(&entries, section.as_bytes(), "name").map(|entry| entry.value);
        assert_eq!((value("a"), value("b"), value("c")), (Some(&b"two"[..]), Some(&b"a=b"[..]), None));
        assert_eq!(sections(&entries), [&b""[..], b"a", b"b"]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            sections(&entries(&bytes));
        }
    }
}
