//! Rows of a CSV file, one at a time, in bounded memory whatever the file holds.
//!
//! A row that is too long is skipped to its end and reported. A last row without a line break is reported as
//! cut, because it cannot be told from half of one. Must never decide what cells mean. Next: `read.rs`.

use crate::{
    limits::{CELLS_MAX, READ_BYTES, RECORD_BYTES_MAX},
    trouble::Trouble,
};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io::Read;
use zeroize::Zeroize as _;

/// Bytes that are held for a row at first.
const OUTPUT_BYTES: usize = 16 << 10;

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CsvNext {
    /// A row; its cells are in `CsvRecords::cell`.
    Row {
        /// The line it begins at.
        line: u64,
        /// How many cells it has.
        cells: usize,
    },
    /// A row that cannot be used.
    Bad(u64, Trouble),
    /// The end.
    End,
}

/// Reads rows.
pub(crate) struct CsvRecords<R> {
    input: R,
    core: Reader,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
    ended: bool,
    output: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    line: u64,
    /// Bytes read from the file.
    pub(crate) bytes: u64,
}

impl<R> Drop for CsvRecords<R> {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.output.zeroize();
    }
}

impl<R: Read> CsvRecords<R> {
    /// Begins at a place after a mark of byte order, if there was one. `bytes` were read before.
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        Self {
            input,
            core: ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; READ_BYTES],
            at: 0,
            filled: 0,
            ended: false,
            output: vec![0; OUTPUT_BYTES],
            ends: vec![0; CELLS_MAX],
            written: 0,
            line: 1,
            bytes: 0,
        }
    }

    /// A cell of the row that was read last.
    pub(crate) fn cell(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let begin = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.output.get(begin..end)
    }

    /// All cells of the row that was read last, one after the other.
    pub(crate) fn whole(&self) -> &[u8] {
        self.output.get(..self.written).unwrap_or_default()
    }

    /// Reads the next row.
    pub(crate) fn next(&mut self) -> std::io::Result<CsvNext> {
        self.skip_line_ends()?;
        let line = self.line;
        let (mut written, mut cells) = (0, 0);
        let mut too_much: Option<Trouble> = None;
        loop {
            self.fill()?;
            let input = self.buffer.get(self.at..self.filled).unwrap_or_default();
            let is_at_end = input.is_empty();
            let output = self.output.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(cells..).unwrap_or_default();
            let (result, taken, put, ended) = self.core.read_record(input, output, ends);
            let taken_bytes = input.get(..taken).unwrap_or_default();
            self.line += memchr::memchr_iter(b'\n', taken_bytes).count() as u64;
            self.at += taken;
            written += put;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() < RECORD_BYTES_MAX => self.grow(),
                ReadRecordResult::OutputFull => {
                    too_much = too_much.or(Some(Trouble::TooLong));
                    (written, cells) = (0, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    too_much = too_much.or(Some(Trouble::TooManyCells));
                    (written, cells) = (0, 0);
                }
                ReadRecordResult::Record => {
                    self.written = written;
                    return Ok(match too_much {
                        Some(trouble) => CsvNext::Bad(line, trouble),
                        None if is_at_end => CsvNext::Bad(line, Trouble::Cut),
                        None => CsvNext::Row { line, cells },
                    });
                }
                ReadRecordResult::End => return Ok(CsvNext::End),
            }
        }
    }

    fn grow(&mut self) {
        let mut wider = vec![0; self.output.len().saturating_mul(2).min(RECORD_BYTES_MAX)];
        for (to, from) in wider.iter_mut().zip(&self.output) {
            *to = *from;
        }
        self.output.zeroize();
        self.output = wider;
    }

    /// Empty lines, and what is left of the end of the last row.
    fn skip_line_ends(&mut self) -> std::io::Result<()> {
        loop {
            self.fill()?;
            match self.buffer.get(self.at..self.filled).and_then(|rest| rest.first()) {
                Some(b'\n') => {
                    self.line += 1;
                    self.at += 1;
                }
                Some(b'\r') => self.at += 1,
                Some(_) | None => return Ok(()),
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        if self.at < self.filled || self.ended {
            return Ok(());
        }
        self.at = 0;
        self.filled = read(&mut self.input, &mut self.buffer)?;
        self.bytes += self.filled as u64;
        self.ended = self.filled == 0;
        Ok(())
    }
}

/// Reads, however often the system interrupts.
pub(crate) fn read(input: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CsvNext, CsvRecords};
    use crate::trouble::Trouble;

    fn check(text: &str, expect: &str) {
        let mut records = CsvRecords::new(text.as_bytes(), b',');
        let mut told = Vec::new();
        loop {
            match records.next().unwrap() {
                CsvNext::Row { line, cells } => {
                    let cells: Vec<_> =
                        (0..cells).map(|at| String::from_utf8_lossy(records.cell(at).unwrap())).collect();
                    told.push(format!("{line}:{}", cells.join("|")));
                }
                CsvNext::Bad(line, trouble) => told.push(format!("{line}!{trouble}")),
                CsvNext::End => break,
            }
        }
        assert_eq!(told.join(" "), expect.replace("CUT", &Trouble::Cut.to_string()), "{text:?}");
    }

    #[test]
    fn rows_know_the_line_they_begin_at() {
        check("", "");
        check("\n\n", "");
        check("a,b\nc,d\n", "1:a|b 2:c|d");
        check("a,b\r\nc,d\r\n\r\ne,f\r\n", "1:a|b 2:c|d 4:e|f");
        check("a,b\n\n\nc,d\n", "1:a|b 4:c|d");
        check("a,\"x\ny\"\nb,c\n", "1:a|x\ny 3:b|c");
        check("a,\"x \"\"q\"\"\"\n", "1:a|x \"q\"");
        check(",\n", "1:|");
    }

    #[test]
    fn a_last_row_that_does_not_end_is_cut() {
        check("a,b\nc,d", "1:a|b 2!CUT");
        check("a,b\nc,\"d", "1:a|b 2!CUT");
        check("a,b\nc,\"d\n", "1:a|b 2!CUT");
    }

    #[test]
    fn a_row_that_is_too_long_is_skipped_to_its_end() {
        let long = format!("a\n{}\nb\n", "x".repeat(3 << 20));
        check(&long, "1:a 2!it is longer than 1 MiB 3:b");
        let fits = "y".repeat(900_000);
        check(&format!("a,{fits}\n"), &format!("1:a|{fits}"));
        let wide = format!("a\n{}\nb\n", ",".repeat(30_000));
        check(&wide, "1:a 2!it has more than 2000 cells 3:b");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail_or_run_for_ever(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let mut records = CsvRecords::new(bytes.as_slice(), b',');
            let mut rows = 0;
            while records.next().unwrap() != CsvNext::End {
                rows += 1;
                assert!(rows <= bytes.len());
            }
            assert_eq!(records.bytes, bytes.len() as u64);
        }
    }
}
