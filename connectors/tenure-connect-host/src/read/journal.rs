//! Files of the systemd journal: the entries in which the SSH server says whom it let in.
//!
//! The format is the documented one (systemd.io/JOURNAL_FILE_FORMAT), in both its layouts. The server's entries are found
//! by way of the table of fields, newest first. Every offset in a file is somebody's claim: it is checked, chains may only
//! lead one way, and what is looked at is counted. Compressed values are not unpacked. An entry counts as the server's only
//! if the journal daemon does not say that another account than root wrote it. Next: `../journals.rs`.

use std::collections::BTreeSet;
use thiserror::Error;

/// One entry of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When the journal took it in, in microseconds since the Unix epoch.
    pub realtime_us: u64,
    /// Which program wrote it: `sshd`, `sshd-session`.
    pub program: String,
    /// Its text, one line.
    pub message: Vec<u8>,
    /// The process that wrote it, where that is said.
    pub pid: Option<u32>,
}

/// What was read of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journal {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// When the first entry of the whole file was taken in; 0 in a file without entries.
    pub first_us: u64,
    /// Entries of the server whose text is compressed.
    pub compressed: u64,
    /// Why not all of the server's entries could be read, if that is so.
    pub fault: Option<Fault>,
}

/// Why a file, or the rest of it, was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// The signature is another one.
    #[error("it does not begin as a journal does")]
    NotAJournal,
    /// A flag among the incompatible ones that is not known.
    #[error("it is of a newer format than Tenure knows (flags {0:#x})")]
    UnknownFormat(u32),
    /// The header says more than there is.
    #[error("it is shorter than it says of itself")]
    Truncated,
    /// An offset or a size that cannot be.
    #[error("it is damaged: something is not where it says")]
    NotThere,
    /// A chain that leads back.
    #[error("it is damaged: it leads in a circle")]
    Circle,
    /// More objects, or more entries, than are looked at.
    #[error("it holds more than is looked at")]
    TooMuch,
}

/// Objects of one file that are looked at.
const OBJECTS_MAX: u32 = 8 << 20;
/// Entries of the server in one file that are looked at.
const ENTRIES_MAX: usize = 1 << 20;
/// What the text of an entry begins with that says that somebody was let in.
const LET_IN: &[u8] = b"Accepted ";

const SIGNATURE: &[u8] = b"LPKSHHRH";
/// The part of the header that every version has.
const HEADER_BYTES: u64 = 208;
/// Compressed by XZ, LZ4 or ZSTD, keyed hashes, compact: the incompatible flags that are known.
const KNOWN_FLAGS: u32 = 0x1f;
const COMPACT: u32 = 0x10;
/// The flags of an object that is compressed, one way or another.
const COMPRESSED: u8 = 0x07;
/// Kinds of objects.
const DATA: u8 = 1;
const FIELD: u8 = 2;
const ENTRY: u8 = 3;
const ENTRY_ARRAY: u8 = 6;

/// Values by which an entry is found.
const WANTED: [(&[u8], &[u8]); 4] = [
    (b"SYSLOG_IDENTIFIER", b"SYSLOG_IDENTIFIER=sshd"),
    (b"SYSLOG_IDENTIFIER", b"SYSLOG_IDENTIFIER=sshd-session"),
    (b"_COMM", b"_COMM=sshd"),
    (b"_COMM", b"_COMM=sshd-session"),
];

/// Reads the newest entries, at most `newest_max`, in which the SSH server let somebody in.
///
/// What is damaged further in ends the reading there, and is said beside what was read.
///
/// # Errors
/// The file is no journal, of an unknown format, or shorter than it says.
pub fn read(bytes: &[u8], newest_max: usize) -> Result<Journal, Fault> {
    let mut file = File::open(bytes)?;
    let mut journal = Journal { first_us: file.number(184)?, ..Journal::default() };
    let mut places = Vec::new();
    let found = file.of_server(&mut places);
    journal.fault = found.err();
    // Written one behind the other: a later place is a later entry.
    places.sort_unstable();
    places.dedup();
    for place in places.into_iter().rev() {
        match file.entry(place) {
            Ok(Read::LetIn(_)) if journal.entries.len() >= newest_max => {
                journal.fault = Some(Fault::TooMuch);
                break;
            }
            Ok(Read::LetIn(entry)) => journal.entries.push(entry),
            Ok(Read::Compressed) => journal.compressed += 1,
            Ok(Read::Else) => {}
            Err(fault) => {
                journal.fault = Some(fault);
                if fault == Fault::TooMuch {
                    break;
                }
            }
        }
    }
    Ok(journal)
}

/// What an entry turned out to be.
enum Read {
    LetIn(Entry),
    Compressed,
    Else,
}

struct File<'bytes> {
    bytes: &'bytes [u8],
    header_bytes: u64,
    compact: bool,
    looked: u32,
}

/// One object: all of its bytes, which are as many as it says.
struct Object<'bytes> {
    flags: u8,
    bytes: &'bytes [u8],
}

impl<'bytes> File<'bytes> {
    fn open(bytes: &'bytes [u8]) -> Result<Self, Fault> {
        if !bytes.starts_with(SIGNATURE) {
            return Err(Fault::NotAJournal);
        }
        let mut file = Self { bytes, header_bytes: 0, compact: false, looked: 0 };
        let flags = bytes.get(12..16).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
        let flags = flags.ok_or(Fault::Truncated)?;
        if flags & !KNOWN_FLAGS != 0 {
            return Err(Fault::UnknownFormat(flags));
        }
        file.compact = flags & COMPACT != 0;
        file.header_bytes = file.number(88)?;
        let used = file.header_bytes.checked_add(file.number(96)?).ok_or(Fault::Truncated)?;
        let there = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if file.header_bytes < HEADER_BYTES || used > there {
            return Err(Fault::Truncated);
        }
        Ok(file)
    }

    /// A number of the header.
    fn number(&self, at: usize) -> Result<u64, Fault> {
        number(self.bytes, at).ok_or(Fault::Truncated)
    }

    /// The object at a place, of the kind it has to be.
    fn object(&mut self, place: u64, kind: u8, bytes_min: usize) -> Result<Object<'bytes>, Fault> {
        self.looked += 1;
        if self.looked > OBJECTS_MAX {
            return Err(Fault::TooMuch);
        }
        if place < self.header_bytes || !place.is_multiple_of(8) {
            return Err(Fault::NotThere);
        }
        let from = usize::try_from(place).map_err(|_| Fault::NotThere)?;
        let rest = self.bytes.get(from..).ok_or(Fault::NotThere)?;
        let &[is, flags] = rest.first_chunk().ok_or(Fault::NotThere)?;
        let size = number(rest, 8).and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| *size >= bytes_min).ok_or(Fault::NotThere)?;
        let bytes = rest.get(..size).ok_or(Fault::NotThere)?;
        if is == kind { Ok(Object { flags, bytes }) } else { Err(Fault::NotThere) }
    }

    /// The places of the entries that carry one of the wanted values.
    fn of_server(&mut self, places: &mut Vec<u64>) -> Result<(), Fault> {
        let fields: BTreeSet<&[u8]> = WANTED.iter().map(|(field, _)| *field).collect();
        let (from, size) = (self.number(120)?, self.number(128)?);
        let until = from.checked_add(size).ok_or(Fault::NotThere)?;
        let range = (usize::try_from(from), usize::try_from(until));
        let (Ok(from), Ok(until)) = range else { return Err(Fault::NotThere) };
        let table = self.bytes.get(from..until).ok_or(Fault::NotThere)?;
        for bucket in table.chunks_exact(16) {
            // Fields of one bucket are chained in the order in which they were written.
            let (mut place, mut before) = (number(bucket, 0).unwrap_or(0), 0);
            while place != 0 {
                if place <= before {
                    return Err(Fault::Circle);
                }
                let field = self.object(place, FIELD, 40)?;
                before = place;
                place = field.number(24)?;
                if fields.contains(field.from(40)) {
                    self.values(field.from(40), field.number(32)?, places)?;
                }
            }
        }
        Ok(())
    }

    /// Goes through the values of a field, of which each leads to the one that was written before it.
    fn values(&mut self, name: &[u8], head: u64, places: &mut Vec<u64>) -> Result<(), Fault> {
        let (mut place, mut before) = (head, u64::MAX);
        while place != 0 {
            if place >= before {
                return Err(Fault::Circle);
            }
            let value = self.object(place, DATA, self.payload())?;
            before = place;
            place = value.number(32)?;
            let text = value.from(self.payload());
            if WANTED.iter().any(|(field, wanted)| *field == name && *wanted == text) {
                places.extend(Some(value.number(40)?).filter(|first| *first != 0));
                self.entries_of(value.number(48)?, places)?;
            }
        }
        Ok(())
    }

    /// Goes along a chain of entry arrays, each of which was written after the one before.
    fn entries_of(&mut self, head: u64, places: &mut Vec<u64>) -> Result<(), Fault> {
        let (mut place, mut before) = (head, 0);
        while place != 0 {
            if place <= before {
                return Err(Fault::Circle);
            }
            let array = self.object(place, ENTRY_ARRAY, 24)?;
            before = place;
            place = array.number(16)?;
            // What is behind the first empty place is not used yet.
            for entry in array.items(24, self.compact, 8).take_while(|entry| *entry != 0) {
                if places.len() >= ENTRIES_MAX {
                    return Err(Fault::TooMuch);
                }
                places.push(entry);
            }
        }
        Ok(())
    }

    fn entry(&mut self, place: u64) -> Result<Read, Fault> {
        let entry = self.object(place, ENTRY, 64)?;
        let (mut message, mut program, mut pid, mut said_pid) = (None, None, None, None);
        let (mut compressed, mut by_root) = (false, true);
        // What this entry alone has, its text, was written last.
        for place in entry.items(64, self.compact, 16).rev() {
            let value = self.object(place, DATA, self.payload())?;
            if value.flags & COMPRESSED != 0 {
                compressed = true;
                continue;
            }
            let text = value.from(self.payload());
            if let Some(said) = text.strip_prefix(b"MESSAGE=") {
                if !said.starts_with(LET_IN) {
                    return Ok(Read::Else);
                }
                message = Some(said.to_vec());
            } else if let Some(said) = text.strip_prefix(b"_PID=") {
                pid = decimal(said);
            } else if let Some(said) = text.strip_prefix(b"SYSLOG_PID=") {
                said_pid = decimal(said);
            } else if let Some(said) = text.strip_prefix(b"_UID=") {
                by_root = said == b"0";
            } else if let Some((_, wanted)) = WANTED.iter().find(|(_, wanted)| *wanted == text) {
                program = wanted.split(|byte| *byte == b'=').next_back();
            }
        }
        Ok(match (message, program) {
            (Some(message), Some(program)) if by_root => Read::LetIn(Entry {
                realtime_us: entry.number(24)?,
                program: String::from_utf8_lossy(program).into_owned(),
                message,
                pid: pid.or(said_pid),
            }),
            (None, _) if compressed => Read::Compressed,
            _ => Read::Else,
        })
    }

    /// Where the value begins in a data object, which has at least as many bytes.
    const fn payload(&self) -> usize {
        if self.compact { 72 } else { 64 }
    }
}

impl<'bytes> Object<'bytes> {
    fn number(&self, at: usize) -> Result<u64, Fault> {
        number(self.bytes, at).ok_or(Fault::NotThere)
    }

    fn from(&self, at: usize) -> &'bytes [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// The offsets that an object ends with: four bytes each if it is compact, else the first eight of `bytes_each`.
    fn items(
        &self,
        at: usize,
        compact: bool,
        bytes_each: usize,
    ) -> impl DoubleEndedIterator<Item = u64> + use<'bytes> {
        let each = if compact { 4 } else { bytes_each };
        self.from(at).chunks_exact(each).map(move |item| {
            let four = || item.first_chunk().copied().map(u32::from_le_bytes).map(u64::from);
            if compact { four() } else { number(item, 0) }.unwrap_or(0)
        })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    eight.try_into().ok().map(u64::from_le_bytes)
}

fn decimal(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
