//! The journal of systemd as a log of the SSH server: which of its files are read, how far, and what is said of the rest.
//!
//! Only the folder of the machine's own id counts, and in it the files of the system: what others were let into, or what
//! users wrote, is elsewhere. The newest file comes first. A file is read whole or not at all, and the file that is not
//! read is said. This file must never take a journal for the machine's whose machine it does not know. Next:
//! `read/journal.rs`, `uses.rs`.

use crate::files::Files;
use crate::limits::Budget;
use crate::machine_id;
use crate::place::{Place, shown};
use crate::read::journal::{self, Entry};
use crate::read::sshd_log::{self, Accepted};
use crate::unread::Unread;
use crate::walk::EntryKind;
use tenure_connect::NotObservable;
use tenure_model::{Instant, printable};

/// Where a journal is: the one that stays, and the one that is gone with the next start (journald.conf(5), `Storage=`).
const FOLDERS: [&str; 2] = ["var/log/journal", "run/log/journal"];
/// Bytes of one file; journald begins a new one there by itself (journald.conf(5), `SystemMaxFileSize=`).
const FILE_BYTES_MAX: u64 = 128 << 20;
/// Bytes of all files that are read, the newest first.
const BYTES_MAX: u64 = 256 << 20;
/// Logins that are taken from one file, the newest.
const LOGINS_MAX: usize = 50_000;
/// Files that are named, of those that were not read.
const NAMED_MAX: usize = 5;

/// What the journal told.
#[derive(Debug, Default)]
pub(crate) struct Journaled {
    /// The logins, oldest first.
    pub(crate) logins: Vec<Accepted>,
    /// Since when it was read without a gap; none if the newest of it was not read.
    pub(crate) since: Option<Instant>,
    /// Whether any of it was read.
    pub(crate) is_read: bool,
    /// Files that were not read, or not whole, and why.
    untold: Vec<String>,
}

/// Whether there is one, read or not.
pub(crate) fn is_there(files: &dyn Files) -> bool {
    folders().any(|place| files.directory_facts(&place).is_ok())
}

/// Reads what the limits allow, the newest first.
pub(crate) fn read(files: &dyn Files, budget: &Budget<'_>) -> Journaled {
    let mut told = Journaled::default();
    if !is_there(files) {
        return told;
    }
    let Some(id) = machine_id::id(files, budget) else {
        told.untold
            .push(String::from("which journal is this machine's is not known without /etc/machine-id"));
        return told;
    };
    let mut of_all = 0;
    let found = newest_first(files, budget, &id, &mut told.untold);
    let mut gap = !told.untold.is_empty();
    for file in found {
        let (journal, why) = match one(files, budget, &file, &mut of_all) {
            Ok(journal) => {
                let why = journal.fault.map(|fault| fault.to_string());
                let many = journal.compressed;
                let packed =
                    || (many > 0).then(|| format!("{many} entries of the SSH server are compressed"));
                (Some(journal), why.or_else(packed))
            }
            Err(why) => (None, Some(why)),
        };
        if let Some(why) = why {
            gap = true;
            told.untold.push(format!("{}: {why}", shown(file.place.name())));
        }
        let Some(journal) = journal else { continue };
        told.is_read = true;
        if !gap {
            let first = instant(journal.first_us).filter(|_| journal.first_us > 0);
            told.since = [told.since, first].into_iter().flatten().min();
        }
        told.logins.extend(journal.entries.iter().filter_map(accepted));
    }
    told.logins.reverse();
    told
}

impl Journaled {
    /// What is said of files that were not read.
    pub(crate) fn note(&self) -> Option<NotObservable> {
        let why = self.why_not()?;
        Some(NotObservable {
            what: String::from("logins that stand in files of the journal which were not read, or not whole"),
            why,
            remedy: format!(
                "let Tenure read /var/log/journal (group systemd-journal), and keep its files below {} MiB \
                 (journald.conf, `SystemMaxFileSize=`)",
                FILE_BYTES_MAX >> 20
            ),
        })
    }

    /// Why some of it was not read, if that is so.
    pub(crate) fn why_not(&self) -> Option<String> {
        let named: Vec<&str> = self.untold.iter().take(NAMED_MAX).map(String::as_str).collect();
        let more = self.untold.len().saturating_sub(NAMED_MAX);
        let further = if more > 0 { format!("; and {more} more") } else { String::new() };
        (!named.is_empty()).then(|| printable(&format!("{}{further}", named.join("; ")), 600))
    }
}

struct Found {
    place: Place,
    bytes: u64,
    modified_seconds: i64,
}

fn folders() -> impl Iterator<Item = Place> {
    FOLDERS.iter().filter_map(|path| Place::parse(path.as_bytes()))
}

/// The files of the system's own journal, the newest first.
fn newest_first(files: &dyn Files, budget: &Budget<'_>, id: &[u8], untold: &mut Vec<String>) -> Vec<Found> {
    let mut found = Vec::new();
    for folder in folders().map(|folder| folder.join(id)) {
        let listed = match files.list(&folder, budget) {
            Ok((listed, cut)) => {
                untold.extend(cut.map(|spent| spent.sentence()));
                listed
            }
            Err(Unread::Absent) => continue,
            Err(why) => {
                untold.push(format!("{}: {why}", shown(folder.parent().as_bytes())));
                continue;
            }
        };
        // `system.journal` is written now; `system@….journal` is full, and with `~` behind it was not closed.
        for entry in listed.iter().filter(|entry| entry.kind == EntryKind::File && is_of_system(&entry.name))
        {
            let place = folder.join(&entry.name);
            match files.facts(&place) {
                Ok(facts) => {
                    found.push(Found { place, bytes: facts.bytes, modified_seconds: facts.modified_seconds });
                }
                Err(why) => untold.push(format!("{}: {why}", shown(place.name()))),
            }
        }
    }
    let is_current = |file: &Found| file.place.name() == b"system.journal";
    found.sort_by_key(|file| std::cmp::Reverse((is_current(file), file.modified_seconds)));
    found
}

fn is_of_system(name: &[u8]) -> bool {
    let named = name == b"system.journal" || name.starts_with(b"system@");
    named && (name.ends_with(b".journal") || name.ends_with(b".journal~"))
}

/// Reads one file whole, or says why not.
fn one(
    files: &dyn Files,
    budget: &Budget<'_>,
    file: &Found,
    of_all: &mut u64,
) -> Result<journal::Journal, String> {
    let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
    if file.bytes > FILE_BYTES_MAX {
        let max = mebibytes(FILE_BYTES_MAX);
        return Err(format!(
            "it has {} MiB, and files of more than {max} are not read",
            mebibytes(file.bytes)
        ));
    }
    if of_all.saturating_add(file.bytes) > BYTES_MAX {
        return Err(format!("{} MiB of newer files were read before it, or would be", mebibytes(BYTES_MAX)));
    }
    budget.file().and_then(|()| budget.bytes(file.bytes)).map_err(|spent| spent.sentence())?;
    *of_all += file.bytes;
    let content = files.tail(&file.place, FILE_BYTES_MAX).map_err(|why| why.to_string())?;
    journal::read(content.expose(), LOGINS_MAX).map_err(|fault| fault.to_string())
}

fn instant(micros: u64) -> Option<Instant> {
    i64::try_from(micros).ok().map(Instant::from_micros)
}

/// A login, written as one from a text log.
fn accepted(entry: &Entry) -> Option<Accepted> {
    let when = instant(entry.realtime_us)?.to_string();
    sshd_log::message(&when, entry.pid?, &shown(&entry.message))
}
