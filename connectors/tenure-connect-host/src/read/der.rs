//! The little of DER that keys need (ITU-T X.690): definite lengths, low tag numbers.
//!
//! Reads the numbers that make a public key out of a private one, and writes the public key's own form, so that a key
//! and its certificate are recognised as a pair. Private numbers are passed over and never copied. Next: `private_key.rs`.

/// Tags (X.690 section 8).
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Takes elements off the front of DER bytes.
#[derive(Clone, Copy)]
pub(crate) struct Der<'bytes>(pub(crate) &'bytes [u8]);

impl<'bytes> Der<'bytes> {
    /// The next element: its tag and content.
    pub(crate) fn next(&mut self) -> Option<(u8, &'bytes [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
            // Four digits of length are more than any file here has.
            if digits.is_empty() || digits.len() > 4 {
                return None;
            }
            (digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The next element's content, if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'bytes [u8]> {
        let (found, content) = self.next()?;
        (found == tag).then_some(content)
    }

    /// What is inside the next sequence.
    pub(crate) fn sequence(&mut self) -> Option<Self> {
        self.expect(SEQUENCE).map(Der)
    }
}

/// One element.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut written = vec![tag];
    let length = content.len();
    if length < 0x80 {
        written.extend(u8::try_from(length));
    } else {
        let digits = length.to_be_bytes();
        let from = digits.iter().position(|digit| *digit != 0).unwrap_or(digits.len());
        let digits = digits.split_at(from).1;
        written.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
        written.extend_from_slice(digits);
    }
    written.extend_from_slice(content);
    written
}

/// A sequence of elements.
pub(crate) fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

/// A bit string of whole bytes.
pub(crate) fn bit_string(content: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], content].concat())
}

#[cfg(test)]
mod tests {
    use super::{BIT_STRING, Der, INTEGER, SEQUENCE, bit_string, element, sequence};

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let written = sequence(&[&element(INTEGER, &content), &bit_string(b"x")]);
            let mut der = Der(&written);
            let mut inside = der.sequence().unwrap();
            assert_eq!(inside.expect(INTEGER).unwrap(), content);
            assert_eq!(inside.next().unwrap(), (BIT_STRING, &b"\0x"[..]));
            assert!(inside.next().is_none() && der.0.is_empty());
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for wrong in [
            &[SEQUENCE][..],
            &[SEQUENCE, 5, 1],
            &[SEQUENCE, 0x80],
            &[SEQUENCE, 0x85, 0, 0, 0, 0, 0],
            &[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Der(wrong).next().is_none(), "{wrong:?}");
        }
    }
}
