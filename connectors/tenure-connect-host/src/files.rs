//! What a reading asks of a machine's files: five questions, wherever the machine is.
//!
//! `Root` answers them for what is mounted here, `remote/` for another machine. Every answer is about what is below the
//! root, with no symbolic link followed on the way to it, and of regular files only. This file must never open
//! anything itself, and offer nothing by which something could be changed. Next: `open.rs`, `walk.rs`.

use crate::limits::Budget;
use crate::open::{FileFacts, Root};
use crate::place::Place;
use crate::unread::{Spent, Unread};
use crate::walk::{Listed, list};
use tenure_model::Secret;

/// A file that was read whole.
#[derive(Debug)]
pub struct FileContent {
    /// What it is.
    pub facts: FileFacts,
    /// All of its content.
    pub content: Secret<Vec<u8>>,
}

/// The files of one machine. Every question may be asked any number of times; nothing changes by it.
pub trait Files {
    /// Reads a regular file, whole, or says why not. Spends one entry for looking, and one file and its bytes if
    /// there is something to read.
    fn read(&self, place: &Place, budget: &Budget<'_>) -> Result<FileContent, Unread>;

    /// The last bytes of a regular file, at most `bytes_max`; a log is as long as it is.
    fn tail(&self, place: &Place, bytes_max: u64) -> Result<Secret<Vec<u8>>, Unread>;

    /// What a regular file is, without reading it.
    fn facts(&self, place: &Place) -> Result<FileFacts, Unread>;

    /// What a directory is, without the right to list it.
    fn directory_facts(&self, place: &Place) -> Result<FileFacts, Unread>;

    /// Lists a directory in the order of its names, spending an entry for each. When a limit cuts the listing short, the
    /// limit is handed back beside what was seen.
    fn list(&self, place: &Place, budget: &Budget<'_>) -> Result<(Vec<Listed>, Option<Spent>), Unread>;
}

impl Files for Root {
    fn read(&self, place: &Place, budget: &Budget<'_>) -> Result<FileContent, Unread> {
        Self::read(self, place, budget).map(|file| FileContent { facts: file.facts, content: file.content })
    }

    fn tail(&self, place: &Place, bytes_max: u64) -> Result<Secret<Vec<u8>>, Unread> {
        Self::tail(self, place, bytes_max)
    }

    fn facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        Self::facts(self, place)
    }

    fn directory_facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        Self::directory_facts(self, place)
    }

    fn list(&self, place: &Place, budget: &Budget<'_>) -> Result<(Vec<Listed>, Option<Spent>), Unread> {
        list(self, place, budget)
    }
}
