//! Lines of a file, and why one could not be used. Limits: 64 KiB a line, 200 000 lines.
//!
//! What every reader of lines needs: lines with their numbers, what is wrong with one, numbers. It must never quote what
//! it could not use. Next: `passwd.rs`, the plainest reader.

/// Longest line that is read, in bytes.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Lines that are read.
const LINES_MAX: usize = 200_000;

/// What was read, and which lines could not be used.
#[derive(Debug)]
pub struct Parsed<T> {
    /// The things, in the order of the file.
    pub things: Vec<T>,
    /// Lines that could not be used.
    pub skipped: Vec<Skipped>,
}

impl<T> Default for Parsed<T> {
    fn default() -> Self {
        Self { things: Vec::new(), skipped: Vec::new() }
    }
}

impl<T> Parsed<T> {
    /// Keeps a thing or the reason why there is none.
    pub(crate) fn keep(&mut self, line: u32, read: Result<T, LineFault>) {
        match read {
            Ok(thing) => self.things.push(thing),
            Err(why) => self.skip(line, why),
        }
    }

    /// The same with every thing turned into another.
    pub(crate) fn map<U>(self, turn: impl FnMut(T) -> U) -> Parsed<U> {
        Parsed { things: self.things.into_iter().map(turn).collect(), skipped: self.skipped }
    }

    pub(crate) fn skip(&mut self, line: u32, why: LineFault) {
        self.skipped.push(Skipped { line, why });
    }
}

/// A line that could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Its number, from 1.
    pub line: u32,
    /// Why.
    pub why: LineFault,
}

impl core::fmt::Display for Skipped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// Why a line could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum LineFault {
    /// Longer than 64 KiB.
    #[error("it is longer than 65536 bytes")]
    TooLong,
    /// After the last line that is read.
    #[error("more than 200000 lines")]
    TooMany,
    /// Begins a section after the last one that is read.
    #[error("more than 2000 sections; what stands before is read")]
    TooManySections,
    /// Has too few parts.
    #[error("a part is missing")]
    PartMissing,
    /// A part that should be a number is not.
    #[error("a part that should be a number is not")]
    NotANumber,
    /// A quotation that does not end.
    #[error("a quotation does not end")]
    QuotationOpen,
    /// A key that cannot be decoded.
    #[error("the key cannot be decoded")]
    NotAKey,
    /// A key of another type than the line says.
    #[error("the key is of another type than the line says")]
    OtherKeyType,
    /// A certificate that cannot be decoded.
    #[error("the certificate cannot be decoded")]
    NotACertificate,
    /// Not in the format.
    #[error("it is not in the format")]
    Format,
    /// The binary form of a property list.
    #[error(
        "it is a property list in the binary form, which is not read; `plutil -convert xml1 -o -` shows it"
    )]
    BinaryList,
    /// Refers to another file, which is not followed from here.
    #[error("it refers to another file, which is not followed")]
    ReferenceNotFollowed,
}

/// Lines with their numbers from 1, without line ends. A line that is too long, or one too many, is a fault.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, Result<&[u8], LineFault>)> {
    bytes.split(|byte| *byte == b'\n').take(LINES_MAX + 1).enumerate().map(|(index, line)| {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let read = match (index >= LINES_MAX, line.len() > LINE_BYTES_MAX) {
            (true, _) => Err(LineFault::TooMany),
            (false, true) => Err(LineFault::TooLong),
            (false, false) => Ok(line),
        };
        (number, read)
    })
}

/// Without white space at both ends.
pub(crate) fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

/// A decimal number without sign.
pub(crate) fn number<T: core::str::FromStr>(bytes: &[u8]) -> Result<T, LineFault> {
    let text = core::str::from_utf8(bytes).map_err(|_| LineFault::NotANumber)?;
    // `parse` would take `+5`.
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or(LineFault::NotANumber)
}

/// The number of a user or group. The largest is nobody's: calls of the system mean "leave it as it is" by it (chown(2)).
pub(crate) fn id(bytes: &[u8]) -> Result<u32, LineFault> {
    number(bytes).and_then(|id: u32| if id == u32::MAX { Err(LineFault::NotANumber) } else { Ok(id) })
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, LineFault, lines, number};

    #[test]
    fn lines_are_numbered_and_the_long_ones_are_faults() {
        let long = [b"a\r\n".to_vec(), vec![b'x'; 70_000], b"\nb".to_vec()].concat();
        let read: Vec<_> = lines(&long).collect();
        assert_eq!(read, [(1, Ok(&b"a"[..])), (2, Err(LineFault::TooLong)), (3, Ok(&b"b"[..]))]);
        let many = vec![b'\n'; LINES_MAX + 10];
        assert_eq!(lines(&many).last().unwrap().1, Err(LineFault::TooMany));
        assert_eq!(lines(&many).count(), LINES_MAX + 1);
    }

    #[test]
    fn a_number_has_digits_only() {
        assert_eq!(number::<u32>(b"42"), Ok(42));
        for wrong in ["", "+1", "-1", "4294967296", "1 ", "x"] {
            assert_eq!(number::<u32>(wrong.as_bytes()), Err(LineFault::NotANumber), "{wrong}");
        }
    }
}
