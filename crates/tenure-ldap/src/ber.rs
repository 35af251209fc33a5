//! The little of BER (X.690) that LDAP needs: definite lengths, tags of one byte (RFC 4511, 5.1).
//!
//! A reader holds a slice that is whole and takes values off its front; it never recurses and never allocates by a length that
//! was said. Next: `line.rs`, which takes whole messages off a line.

use crate::NotRead;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Bytes a length is written in, at most: more than four gibibytes are never meant.
const LENGTH_BYTES_MAX: usize = 4;

pub(crate) fn garbled<T>(why: &'static str) -> Result<T, NotRead> {
    Err(NotRead::Garbled { why })
}

/// A value with its tag and length.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let used: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            bytes.push(0x80 | u8::try_from(used.len()).unwrap_or(0x7f));
            bytes.extend(used);
        }
    }
    bytes.extend(content);
    bytes
}

/// Values in a row, inside one with this tag.
pub(crate) fn within(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    value(tag, &parts.concat())
}

/// A number that is not negative, as INTEGER or ENUMERATED.
pub(crate) fn number(tag: u8, number: u32) -> Vec<u8> {
    let bytes = u64::from(number).to_be_bytes();
    // One zero byte stays where the highest bit would make it negative.
    let from = (0..7).find(|at| bytes.get(*at) != Some(&0) || bytes.get(at + 1) >= Some(&0x80)).unwrap_or(7);
    value(tag, bytes.get(from..).unwrap_or_default())
}

/// How long the value at the front is, with its tag and length; nothing while that cannot be seen yet.
pub(crate) fn length_of(bytes: &[u8]) -> Result<Option<usize>, NotRead> {
    let (Some(_), Some(first)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if *first < 0x80 {
        return Ok(Some(2 + usize::from(*first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > LENGTH_BYTES_MAX {
        return garbled("a length that LDAP does not have");
    }
    let Some(said) = bytes.get(2..2 + count) else { return Ok(None) };
    let length = said.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
    Ok(length.checked_add(2 + count))
}

/// Values that stand in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next value's tag.
    pub(crate) fn tag(self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Takes the next value off: its tag and content.
    pub(crate) fn any(&mut self) -> Result<(u8, &'a [u8]), NotRead> {
        let (Some(tag), Some(whole)) = (self.tag(), length_of(self.0)?) else {
            return garbled("a value that is cut off");
        };
        let head = match self.0.get(1) {
            Some(long) if *long >= 0x80 => 2 + usize::from(long & 0x7f),
            _ => 2,
        };
        let (Some(content), Some(rest)) = (self.0.get(head..whole), self.0.get(whole..)) else {
            return garbled("a value that is longer than what it stands in");
        };
        self.0 = rest;
        Ok((tag, content))
    }

    /// Takes the next value off, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], NotRead> {
        match self.any()? {
            (found, content) if found == tag => Ok(content),
            _ => garbled("a value of another kind than stands there"),
        }
    }

    /// Takes a number off.
    pub(crate) fn number(&mut self, tag: u8) -> Result<i64, NotRead> {
        let content = self.expect(tag)?;
        if content.is_empty() || content.len() > 8 {
            return garbled("a number that LDAP does not have");
        }
        let sign = if content.first().is_some_and(|byte| *byte >= 0x80) { -1 } else { 0 };
        Ok(content.iter().fold(sign, |sum: i64, byte| sum << 8 | i64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::{INTEGER, OCTETS, Reader, length_of, number, value};
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_as_x690_says() {
        let rows = [0, 1, 127, 128, 255, 256, 32_768, u32::MAX].map(|one| number(INTEGER, one));
        assert_eq!(rows[0], [2, 1, 0]);
        assert_eq!(rows[3], [2, 2, 0, 128]);
        assert_eq!(rows[7], [2, 5, 0, 255, 255, 255, 255]);
        for (written, one) in rows.iter().zip([0, 1, 127, 128, 255, 256, 32_768, i64::from(u32::MAX)]) {
            assert_eq!(Reader::of(written).number(INTEGER), Ok(one));
        }
    }

    #[test]
    fn lengths_that_ldap_does_not_have_are_refused_and_those_not_seen_yet_are_waited_for() {
        assert_eq!(length_of(&[0x30]), Ok(None));
        assert_eq!(length_of(&[0x30, 0x82, 1]), Ok(None));
        assert_eq!(length_of(&[0x30, 0x82, 1, 0]), Ok(Some(260)));
        for endless in [[0x30, 0x80, 0, 0], [0x30, 0x85, 0, 0]] {
            assert!(length_of(&endless).is_err());
        }
        assert!(Reader::of(&[4, 5, 1, 2]).any().is_err(), "longer than what is there");
        assert_eq!(Reader::of(&[4, 2, 1, 2]).any(), Ok((4, [1, 2].as_slice())), "its twin");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(content in proptest::collection::vec(any::<u8>(), 0..400)) {
            let written = value(OCTETS, &content);
            prop_assert_eq!(length_of(&written), Ok(Some(written.len())));
            let mut reader = Reader::of(&written);
            prop_assert_eq!(reader.expect(OCTETS), Ok(content.as_slice()));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::of(&bytes);
            while reader.any().is_ok_and(|_| !reader.is_empty()) {}
            let _ = Reader::of(&bytes).number(INTEGER);
        }
    }
}
