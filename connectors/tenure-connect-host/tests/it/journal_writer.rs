//! Journal files as systemd lays them out, byte by byte, in both layouts, and where in them the chains are.
//!
//! Made from the documented format alone, so that the reader has somebody to disagree with. It must never use the code
//! under test. Next: `journals.rs`.

use std::collections::BTreeMap;

const HEADER: usize = 256;
const BUCKETS: usize = 2;
/// Entries in one array: few, so that there are chains.
const ARRAY: usize = 2;

/// One entry: when, its fields in order, and what is special about it.
#[derive(Clone, Default)]
pub(crate) struct Said {
    pub(crate) at_us: u64,
    pub(crate) fields: Vec<String>,
    /// Its `MESSAGE` is marked as compressed.
    pub(crate) compressed: bool,
    /// How often its first field is named again.
    pub(crate) again: usize,
}

/// A file, and where its objects are.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fields: Vec<usize>,
    pub(crate) values: Vec<usize>,
    pub(crate) entries: Vec<usize>,
    pub(crate) arrays: Vec<usize>,
}

impl Written {
    pub(crate) fn set(&mut self, at: usize, number: u64) {
        self.bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }

    fn get(&self, at: usize) -> usize {
        usize::try_from(u64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap())).unwrap()
    }

    fn link(&mut self, at: usize, to: usize) {
        self.set(at, to as u64);
    }

    /// Appends an object of this kind, and says where it is.
    fn object(&mut self, kind: u8, flags: u8, content: &[u8]) -> usize {
        let at = self.bytes.len();
        self.bytes.extend([kind, flags, 0, 0, 0, 0, 0, 0]);
        self.bytes.extend((16 + content.len() as u64).to_le_bytes());
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        at
    }

    /// A field, behind the last of its bucket.
    fn field(&mut self, name: &str) -> usize {
        let at = self.object(2, 0, &[&[0; 24], name.as_bytes()].concat());
        let mut link = HEADER + 16 + (self.fields.len() % BUCKETS) * 16;
        while self.get(link) != 0 {
            link = self.get(link) + 24;
        }
        self.link(link, at);
        self.fields.push(at);
        at
    }

    fn offsets(compact: bool, each: usize, all: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(all.len() * each);
        for at in all {
            if compact {
                bytes.extend(u32::try_from(*at).unwrap().to_le_bytes());
            } else {
                bytes.extend((*at as u64).to_le_bytes());
                bytes.resize(bytes.len() + each - 8, 7);
            }
        }
        bytes
    }
}

/// Writes a journal.
pub(crate) fn journal(compact: bool, said: &[Said]) -> Written {
    let mut file = Written { bytes: vec![0; HEADER], ..Written::default() };
    file.object(5, 0, &[0; BUCKETS * 16]);
    let mut fields: BTreeMap<String, usize> = BTreeMap::new();
    let mut values: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for one in said {
        let mut items = Vec::new();
        for text in &one.fields {
            if !values.contains_key(text) {
                let (name, _) = text.split_once('=').unwrap();
                let flags = if one.compressed && name == "MESSAGE" { 4 } else { 0 };
                let head = vec![0; if compact { 56 } else { 48 }];
                let at = file.object(1, flags, &[&head, text.as_bytes()].concat());
                let field = *fields.entry(name.to_owned()).or_insert_with(|| file.field(name));
                let before = file.get(field + 32);
                file.link(at + 32, before);
                file.link(field + 32, at);
                file.values.push(at);
                values.insert(text.clone(), at);
            }
            items.push(values[text]);
        }
        items.splice(0..0, vec![items[0]; one.again]);
        let head = [&[0; 8], &one.at_us.to_le_bytes()[..], &[0; 32]].concat();
        let at = file.object(3, 0, &[head, Written::offsets(compact, 16, &items)].concat());
        file.entries.push(at);
        items.dedup();
        for value in items {
            entries_of.entry(value).or_default().push(at);
        }
    }
    for (value, entries) in entries_of {
        file.link(value + 40, entries[0]);
        let mut link = value + 48;
        for some in entries[1..].chunks(ARRAY) {
            // The last one has a place that is not used yet.
            let some = [some, &vec![0; ARRAY - some.len() + 1]].concat();
            let at = file.object(6, 0, &[vec![0; 8], Written::offsets(compact, 8, &some)].concat());
            file.link(link, at);
            file.arrays.push(at);
            link = at + 16;
        }
    }
    header(&mut file, compact, said.first().map_or(0, |one| one.at_us));
    file
}

fn header(file: &mut Written, compact: bool, first_us: u64) {
    file.bytes[..8].copy_from_slice(b"LPKSHHRH");
    file.bytes[12] = if compact { 0x1c } else { 0x0c };
    file.link(88, HEADER);
    file.link(96, file.bytes.len() - HEADER);
    file.link(120, HEADER + 16);
    file.link(128, BUCKETS * 16);
    file.set(184, first_us);
}

/// An entry of the server, as journald takes it in.
pub(crate) fn by_server(at_us: u64, pid: u32, message: &str) -> Said {
    let fields = ["_UID=0", "SYSLOG_IDENTIFIER=sshd", "_COMM=sshd"].map(str::to_owned);
    let own = [format!("_PID={pid}"), format!("MESSAGE={message}")];
    Said { at_us, fields: fields.into_iter().chain(own).collect(), ..Said::default() }
}
