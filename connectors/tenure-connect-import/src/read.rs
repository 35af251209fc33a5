//! One reading of a file: opened, told apart, read record by record, claims handed over page by page.
//!
//! Blocking, on a thread of its own. Memory is bounded by one record, a few pages, and 60 bytes at most for each thing seen.
//! A file that cannot be read at all is an `Unreadable`; what is wrong with single records is in the `Tally`. Must never
//! hand over what it did not understand. Next: `outlet.rs`, `mapping/apply.rs`, `prowler.rs`, `cartography.rs`.

use crate::{
    cartography::{self, Graph},
    claim::Desk,
    config::{Format, Limits},
    csv_records::{CsvNext, CsvRecords},
    guard::Guard,
    json_records::{JsonNext, JsonRecords},
    limits::{MAPPING_BYTES_MAX, READ_BYTES},
    mapping::{
        Mapping,
        apply::{Row, apply},
        cell::Cell,
        written::did_you_mean,
    },
    open,
    outlet::{Listening, Outlet, Repeats, Take},
    prowler,
    secret_name::is_secret,
    strict_json,
    tally::Tally,
    trouble::Trouble,
    unreadable::Unreadable,
};
use serde_json::Value;
use std::{
    borrow::Cow,
    io::{Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};
use tenure_connect::Fingerprint;
use tenure_model::printable;

/// The mark of byte order that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How deep members are looked at for names of secrets.
const DEPTH_MAX: usize = 8;

/// What is to be read.
#[derive(Clone)]
pub(crate) struct Errand {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) mapping: Option<PathBuf>,
    pub(crate) limits: Limits,
    /// Stop after so many records, and call it no trouble.
    pub(crate) sample: Option<u64>,
    pub(crate) fingerprint: Arc<dyn Fingerprint>,
}

/// What a reading came to.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) tally: Tally,
    /// Columns that the mapping does not use.
    pub(crate) unused: Vec<String>,
}

type Input = std::io::Chain<Cursor<Vec<u8>>, std::fs::File>;

/// A file that was opened, with its first bytes looked at.
struct Begun {
    input: Input,
    head: Vec<u8>,
    mark_bytes: u64,
}

/// Reads the mapping that an errand names, if it names one.
pub(crate) fn mapping_of(path: &Path) -> Result<Mapping, Unreadable> {
    let content = open::read_small(path, MAPPING_BYTES_MAX)?;
    let shown = printable(&path.display().to_string(), 200);
    let refused = |why: String| Unreadable::Mapping { path: shown.clone(), why };
    let text = std::str::from_utf8(&content).map_err(|_| refused("it is not UTF-8".to_owned()))?;
    Mapping::parse(text).map_err(refused)
}

/// Reads a file and hands its claims over.
pub(crate) fn read<'take>(errand: &Errand, take: &'take mut Take<'take>) -> Result<Reading, Unreadable> {
    let mapping = errand.mapping.as_deref().map(mapping_of).transpose()?;
    let guard = Guard::new()?;
    let opened = open::open(&errand.path, errand.limits.file_bytes_max)?;
    let handle = opened.file.try_clone().map_err(|error| unread(errand, &error))?;
    let begun = begin(errand, handle)?;
    let shown = printable(&errand.path.display().to_string(), 200);
    let mut reading = Reading::default();
    let repeats = match (&mapping, errand.format) {
        (Some(mapping), _) if mapping.repeat => Repeats::MustAgree,
        (Some(_), _) => Repeats::Never,
        (None, _) => Repeats::FirstSpeaks,
    };
    let mut outlet = Outlet::new(repeats, take);
    let mut job = Job { errand, guard: &guard, file: &shown, reading: &mut reading, outlet: &mut outlet };
    let bytes = match (errand.format, mapping) {
        (Format::Csv, Some(mapping)) => job.csv(begun, &mapping),
        (Format::Json, Some(mapping)) => job.json(begun, &mapping),
        (Format::Prowler, _) => Ok(job.prowler(begun)),
        (Format::Cartography, _) => job.cartography(begun),
        (Format::Csv | Format::Json, None) => Err(Unreadable::Mapping {
            path: shown.clone(),
            why: "this kind of file needs a mapping: --option mapping=FILE".to_owned(),
        }),
    }?;
    outlet.flush();
    if outlet.listening == Listening::Yes && !opened.is_as_it_was(bytes) {
        reading.tally.trouble(0, Trouble::ChangedWhileRead);
    }
    Ok(reading)
}

fn unread(errand: &Errand, error: &std::io::Error) -> Unreadable {
    Unreadable::Io {
        path: printable(&errand.path.display().to_string(), 200),
        why: printable(&error.to_string(), 200),
    }
}

/// Reads the first bytes, and refuses what is not UTF-8 by its looks.
fn begin(errand: &Errand, mut file: std::fs::File) -> Result<Begun, Unreadable> {
    let mut head = Vec::new();
    let limit = u64::try_from(READ_BYTES).unwrap_or(u64::MAX);
    (&mut file).take(limit).read_to_end(&mut head).map_err(|error| unread(errand, &error))?;
    match head.as_slice() {
        [] => return Err(Unreadable::Nothing),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(Unreadable::Encoding { what: "UTF-16" }),
        [0, ..] | [_, 0, ..] => return Err(Unreadable::Encoding { what: "UTF-16 or a binary file" }),
        [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4, ..] => {
            return Err(Unreadable::Encoding { what: "a compressed file" });
        }
        _ => {}
    }
    let rest = head.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec);
    let mark_bytes = if rest.is_some() { 3 } else { 0 };
    let head = rest.unwrap_or(head);
    Ok(Begun { input: Cursor::new(head.clone()).chain(file), head, mark_bytes })
}

/// One reading under way.
struct Job<'job, 'take> {
    errand: &'job Errand,
    guard: &'job Guard,
    file: &'job str,
    reading: &'job mut Reading,
    outlet: &'job mut Outlet<'take>,
}

/// Whether to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    /// Enough was read.
    Enough,
}

impl Job<'_, '_> {
    /// Counts a record; says whether it is still to be read.
    fn count(&mut self, line: u64) -> Go {
        let before = self.reading.tally.records;
        if self.outlet.listening == Listening::NoMore || self.errand.sample.is_some_and(|most| before >= most)
        {
            return Go::Enough;
        }
        if before >= self.errand.limits.records_max {
            self.reading.tally.trouble(line, Trouble::TooManyRecords);
            return Go::Enough;
        }
        self.reading.tally.records += 1;
        Go::On
    }

    fn desk(&mut self) -> Desk<'_> {
        Desk {
            guard: self.guard,
            fingerprint: self.errand.fingerprint.as_ref(),
            file: self.file,
            tally: &mut self.reading.tally,
        }
    }

    fn take_row(&mut self, mapping: &Mapping, row: &Row<'_>) {
        let claimed = apply(mapping, row, &mut self.desk());
        let taken = claimed.and_then(|claim| self.outlet.claim(claim, &mut self.reading.tally));
        if let Err(trouble) = taken {
            self.reading.tally.trouble(row.line, trouble);
        }
    }

    /// A failure of the system in the middle: what was read is kept, and it is a part.
    fn failed(&mut self) -> Option<u64> {
        self.reading.tally.trouble(0, Trouble::ReadFailed);
        None
    }

    fn csv(&mut self, begun: Begun, mapping: &Mapping) -> Result<Option<u64>, Unreadable> {
        let mut records = CsvRecords::new(begun.input, mapping.delimiter);
        let header = header_of(&mut records)?;
        let places = places_of(&header, mapping)?;
        self.reading.unused = header
            .iter()
            .filter(|name| !mapping.columns.contains(name))
            .map(|name| printable(name, 60))
            .collect();
        let secrets: Vec<usize> = header
            .iter()
            .enumerate()
            .filter(|(_, name)| is_secret(name) && !mapping.columns.contains(name))
            .map(|(index, _)| index)
            .collect();
        loop {
            let next = records.next();
            let (line, cells) = match next {
                Err(_) => return Ok(self.failed()),
                Ok(CsvNext::End) => return Ok(Some(records.bytes + begun.mark_bytes)),
                Ok(CsvNext::Row { line, cells }) => (line, Ok(cells)),
                Ok(CsvNext::Bad(line, trouble)) => (line, Err(trouble)),
            };
            if self.count(line) == Go::Enough {
                return Ok(None);
            }
            for index in &secrets {
                if records.cell(*index).is_some_and(|cell| !cell.is_empty()) {
                    self.reading.tally.drop_secret(header.get(*index).map_or("", String::as_str));
                }
            }
            match cells.and_then(|cells| row_of(&records, line, cells, header.len(), &places)) {
                Ok(row) => self.take_row(mapping, &row),
                Err(trouble) => self.reading.tally.trouble(line, trouble),
            }
        }
    }

    fn json(&mut self, begun: Begun, mapping: &Mapping) -> Result<Option<u64>, Unreadable> {
        let members: Vec<String> = mapping.list.iter().cloned().collect();
        let mut records = JsonRecords::new(begun.input, members);
        let bytes = self.json_values(&mut records, &mut |job, line, value| {
            let Value::Object(members) = &value else { return Err(Trouble::NotAnObject) };
            count_secrets(&value, mapping, &mut job.reading.tally, 0);
            let cells = mapping.columns.iter().map(|column| {
                let found = if column.starts_with('/') { value.pointer(column) } else { members.get(column) };
                found.map_or(Cell::Missing, cell_of)
            });
            let row = Row { line, cells: cells.collect() };
            job.take_row(mapping, &row);
            Ok(())
        });
        match &mapping.list {
            Some(list) if !records.met && self.reading.tally.left_out == 0 => {
                Err(Unreadable::NoList { member: printable(list, 60) })
            }
            _ => Ok(bytes.map(|bytes| bytes + begun.mark_bytes)),
        }
    }

    fn prowler(&mut self, begun: Begun) -> Option<u64> {
        let mut records = JsonRecords::new(begun.input, Vec::new());
        let bytes = self.json_values(&mut records, &mut |job, line, value| {
            for claim in prowler::claims(&value, line, &mut job.desk())? {
                job.outlet.claim(claim, &mut job.reading.tally)?;
            }
            Ok(())
        });
        bytes.map(|bytes| bytes + begun.mark_bytes)
    }

    fn cartography(&mut self, begun: Begun) -> Result<Option<u64>, Unreadable> {
        let first = begun.head.iter().find(|byte| !byte.is_ascii_whitespace());
        let mut graph = Graph::default();
        let bytes = if matches!(first, Some(b'{' | b'[')) {
            let members = cartography::lists_of(&begun.head);
            let mut records = JsonRecords::new(begun.input, members);
            self.json_values(&mut records, &mut |job, line, value| {
                let record = cartography::from_json(&value)?;
                job.of_graph(&mut graph, line, &record)
            })
        } else {
            self.graph_csv(begun.input, &mut graph)?
        };
        for line in graph.nobodys() {
            self.reading.tally.trouble(line, Trouble::NobodysCredential);
        }
        Ok(bytes.map(|bytes| bytes + begun.mark_bytes))
    }

    fn of_graph(
        &mut self,
        graph: &mut Graph,
        line: u64,
        record: &cartography::Record<'_>,
    ) -> Result<(), Trouble> {
        let (claim, further) = graph.take(record, line, &mut self.desk())?;
        if let Some(claim) = claim {
            self.outlet.claim(claim, &mut self.reading.tally)?;
        }
        for observation in further {
            self.outlet.further(observation, &mut self.reading.tally)?;
        }
        Ok(())
    }

    fn graph_csv(&mut self, input: Input, graph: &mut Graph) -> Result<Option<u64>, Unreadable> {
        let mut records = CsvRecords::new(input, b',');
        let header = header_of(&mut records)?;
        cartography::check_header(&header)?;
        let places: Vec<usize> = (0..header.len()).collect();
        loop {
            let (line, cells) = match records.next() {
                Err(_) => return Ok(self.failed()),
                Ok(CsvNext::End) => return Ok(Some(records.bytes)),
                Ok(CsvNext::Row { line, cells }) => (line, Ok(cells)),
                Ok(CsvNext::Bad(line, trouble)) => (line, Err(trouble)),
            };
            if self.count(line) == Go::Enough {
                return Ok(None);
            }
            let row = cells.and_then(|cells| row_of(&records, line, cells, header.len(), &places));
            let taken =
                row.and_then(|row| self.of_graph(graph, line, &cartography::from_row(&header, &row)?));
            if let Err(trouble) = taken {
                self.reading.tally.trouble(line, trouble);
            }
        }
    }

    /// Reads every value; gives how many bytes were read, unless it stopped before the end.
    fn json_values(
        &mut self,
        records: &mut JsonRecords<Input>,
        each: &mut dyn FnMut(&mut Self, u64, Value) -> Result<(), Trouble>,
    ) -> Option<u64> {
        loop {
            let (line, value) = match records.next() {
                Err(_) => return self.failed(),
                Ok(JsonNext::End) => return self.is_untroubled().then_some(records.bytes),
                Ok(JsonNext::Value { line }) => (line, strict_json::parse(records.value())),
                Ok(JsonNext::Bad(line, trouble)) => (line, Err(trouble)),
            };
            if self.count(line) == Go::Enough {
                return None;
            }
            if let Err(trouble) = value.and_then(|value| each(self, line, value)) {
                self.reading.tally.trouble(line, trouble);
            }
        }
    }

    /// A list that broke off was not read to the end of its file, which is no change of it.
    fn is_untroubled(&self) -> bool {
        self.reading.tally.left_out == 0
    }
}

/// Reads the header of a CSV file.
fn header_of<R: Read>(records: &mut CsvRecords<R>) -> Result<Vec<String>, Unreadable> {
    let no_header = |why: &str| Unreadable::NoHeader { why: why.to_owned() };
    let cells = match records.next() {
        Err(_) => return Err(no_header("it could not be read")),
        Ok(CsvNext::End) => return Err(Unreadable::Nothing),
        Ok(CsvNext::Bad(_, trouble)) => return Err(no_header(&trouble.to_string())),
        Ok(CsvNext::Row { cells, .. }) => cells,
    };
    (0..cells)
        .map(|index| {
            let cell = records.cell(index).unwrap_or_default();
            let name = std::str::from_utf8(cell).map_err(|_| no_header("it is not UTF-8"))?;
            Ok(name.trim().to_owned())
        })
        .collect()
}

/// Where in a row each column of the mapping stands.
fn places_of(header: &[String], mapping: &Mapping) -> Result<Vec<usize>, Unreadable> {
    let mut places = Vec::with_capacity(mapping.columns.len());
    for column in &mapping.columns {
        let mut found = header.iter().enumerate().filter(|(_, name)| *name == column).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => places.push(index),
            (Some(_), Some(_)) => return Err(Unreadable::ColumnTwice { column: printable(column, 60) }),
            (None, _) => {
                let other = match header {
                    [only] => [';', '\t', '|'].into_iter().find(|sign| only.contains(*sign)),
                    _ => None,
                };
                let hint = match other {
                    Some('\t') => "; its cells seem to be separated by tabulators: say `delimiter = \"\\t\"` under `[rows]`".to_owned(),
                    Some(sign) => format!("; its cells seem to be separated by `{sign}`: say `delimiter = \"{sign}\"` under `[rows]`"),
                    None => did_you_mean(column, header.iter().map(String::as_str)),
                };
                return Err(Unreadable::NoColumn { column: printable(column, 60), hint });
            }
        }
    }
    Ok(places)
}

/// The cells of a row that are wanted, if the row is what the header says.
fn row_of<'row, R: Read>(
    records: &'row CsvRecords<R>,
    line: u64,
    cells: usize,
    wants: usize,
    places: &[usize],
) -> Result<Row<'row>, Trouble> {
    let whole = std::str::from_utf8(records.whole()).map_err(|_| Trouble::NotUtf8)?;
    if whole.contains('\0') {
        return Err(Trouble::Nul);
    }
    if cells != wants {
        return Err(Trouble::CellsDiffer { has: cells, wants });
    }
    let cells = places.iter().map(|place| {
        let text =
            std::str::from_utf8(records.cell(*place).unwrap_or_default()).map_err(|_| Trouble::NotUtf8)?;
        Ok(if text.is_empty() { Cell::Missing } else { Cell::Text(Cow::Borrowed(text)) })
    });
    Ok(Row { line, cells: cells.collect::<Result<_, Trouble>>()? })
}

/// A JSON value as a cell.
pub(crate) fn cell_of(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Missing,
        Value::String(text) if text.is_empty() => Cell::Missing,
        Value::String(text) => Cell::Text(Cow::Borrowed(text)),
        Value::Bool(_) | Value::Number(_) => Cell::Text(Cow::Owned(value.to_string())),
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values
                .iter()
                .map(|value| match cell_of(value) {
                    Cell::Text(text) => Some(text.into_owned()),
                    Cell::Missing => Some(String::new()),
                    Cell::Texts(_) | Cell::Nested => None,
                })
                .collect();
            texts.map_or(Cell::Nested, Cell::Texts)
        }
        Value::Object(_) => Cell::Nested,
    }
}

/// Counts members that are named like secrets and that the mapping does not fingerprint.
fn count_secrets(value: &Value, mapping: &Mapping, tally: &mut Tally, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let used = depth == 0 && mapping.columns.contains(name)
                    || mapping
                        .columns
                        .iter()
                        .any(|column| column.strip_suffix(name).is_some_and(|way| way.ends_with('/')));
                if is_secret(name) && !used && !inner.is_null() {
                    tally.drop_secret(name);
                } else {
                    count_secrets(inner, mapping, tally, depth + 1);
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                count_secrets(value, mapping, tally, depth + 1);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
