//! What a reading hands out: things found, and what could not be read.
//!
//! Nothing in these types can hold a secret: a value was turned into a fingerprint before they were made.
//! A reading never judges; `Problem` says what is plain from the file alone. Next: `survey.rs`, which makes them.

use crate::item::{Item, Mark, Problem, ThingKind};
use crate::open::FileFacts;
use crate::place::Place;
use crate::read::Skipped;
use crate::unread::{NotRead, Spent};
use tenure_connect::Fingerprint;
use tenure_model::Facts;

/// Domain of fingerprints of clear values: equal values look equal wherever they lie.
pub const VALUE_DOMAIN: &str = "host-value";
/// Domain of fingerprints of stored password hashes.
pub const STORED_HASH_DOMAIN: &str = "host-stored-hash";

/// By what a found thing is recognised elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoundMark {
    /// Keyed hash of a secret value.
    Value(String),
    /// Keyed hash of a stored password hash.
    StoredHash(String),
    /// Digest of something public.
    Public(String),
}

/// A thing that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it is.
    pub kind: ThingKind,
    /// The file it is in.
    pub place: Place,
    /// The line, where lines mean something.
    pub line: Option<u32>,
    /// The local account whose home the file is in, when it is in one.
    pub account: Option<String>,
    /// Whose it is, as the file says.
    pub whose: String,
    /// The system it is for.
    pub towards: Option<String>,
    /// One sentence about it, safe to show.
    pub description: String,
    /// By what it is recognised.
    pub mark: Option<FoundMark>,
    /// Owner and mode of the file.
    pub file: FileFacts,
    /// What is known about it.
    pub facts: Facts,
    /// What is plainly wrong with it.
    pub problems: Vec<Problem>,
}

/// The file that items come from.
pub(crate) struct Origin<'file> {
    pub(crate) place: &'file Place,
    pub(crate) file: FileFacts,
    pub(crate) account: Option<&'file str>,
    /// Whether every directory above it lets others through.
    pub(crate) others_get_there: bool,
    /// Whether every directory above it lets the group of the file through.
    pub(crate) group_gets_there: bool,
    /// Whether everybody may put another file, or another folder, in the place of one on the way.
    pub(crate) others_can_replace: bool,
}

impl Found {
    /// From an item and its file. The item's value is fingerprinted and dropped here.
    pub(crate) fn new(item: Item, origin: &Origin<'_>, fingerprint: &dyn Fingerprint) -> Self {
        let description = item.to_string();
        let mark = match &item.mark {
            Mark::Nothing => None,
            Mark::Value(value) => {
                Some(FoundMark::Value(fingerprint.fingerprint(VALUE_DOMAIN, value.expose())))
            }
            Mark::StoredHash(hash) => {
                Some(FoundMark::StoredHash(fingerprint.fingerprint(STORED_HASH_DOMAIN, hash.expose())))
            }
            Mark::Public(digest) => Some(FoundMark::Public(digest.clone())),
        };
        let exposed = origin.others_get_there && item.kind.is_secret();
        // Who is in the group is not known before everything was read: `survey/groups.rs` takes back what harms nobody.
        let to_group = origin.group_gets_there && item.kind.is_secret();
        let item = item
            .problem_if(to_group && origin.file.mode & 0o044 == 0o040, Problem::ReadableByGroup)
            .problem_if(exposed && origin.file.mode & 0o004 != 0, Problem::ReadableByOthers)
            .problem_if(origin.others_get_there && origin.file.mode & 0o002 != 0, Problem::WritableByOthers)
            .problem_if(
                origin.group_gets_there && origin.file.mode & 0o022 == 0o020,
                Problem::WritableByGroup,
            )
            .problem_if(origin.others_can_replace, Problem::ReplaceableByOthers);
        Self {
            kind: item.kind,
            place: origin.place.clone(),
            line: item.line,
            account: origin.account.map(str::to_owned),
            whose: item.whose,
            towards: item.towards,
            description,
            mark,
            file: origin.file,
            facts: item.facts,
            problems: item.problems,
        }
    }
}

/// A line of a file that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedLine {
    /// The file.
    pub place: Place,
    /// The line and why.
    pub skipped: Skipped,
}

/// One reading of a root.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// What was found, in the order of the reading: the same root gives the same order.
    pub found: Vec<Found>,
    /// Places that were not read, and why.
    pub not_read: Vec<NotRead>,
    /// Further places not read, beyond the limit of the list.
    pub not_read_more: u64,
    /// Lines that could not be used.
    pub skipped: Vec<SkippedLine>,
    /// Further such lines, beyond the limit of the list.
    pub skipped_more: u64,
    /// The limit that ended the reading early. What was not reached is then not known to be absent.
    pub ended_by: Option<Spent>,
    /// Files that were opened.
    pub files_opened: u64,
    /// Directory entries that were looked at.
    pub entries_seen: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
}

impl Reading {
    /// Whether everything that was looked for could be looked at. Only then does absence mean anything.
    pub fn is_whole(&self) -> bool {
        self.ended_by.is_none() && self.not_read.is_empty() && self.skipped.is_empty()
    }
}
