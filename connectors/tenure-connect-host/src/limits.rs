//! Limits of one reading, and what is left of them.
//!
//! Everything a reading does is counted here first, so that no directory, file or clock can make it endless.
//! This file must never read a clock: the time that went by is a parameter. Next: `open.rs`, `walk.rs`.

use crate::unread::Spent;
use core::cell::Cell;
use std::time::Duration;

/// Which file systems are entered below the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystems {
    /// Only the one the root is on.
    OfRoot,
    /// Those on disks of this machine: no network, no `/proc` and its like, no user-space file system.
    Local,
    /// All of them. A network file system whose server is gone may then hold the reading up.
    All,
}

/// How far a reading goes. All of it together; a limit that is reached is said in the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file that is read, in bytes.
    pub file_bytes_max: u64,
    /// Bytes of all files together.
    pub bytes_max: u64,
    /// Files that are opened.
    pub files_max: u64,
    /// Directory entries that are looked at.
    pub entries_max: u64,
    /// Entries of one directory.
    pub directory_entries_max: u64,
    /// Directories below a home that a walk goes down.
    pub depth_max: u32,
    /// Entries that a walk through one home looks at.
    pub home_entries_max: u64,
    /// Files that a walk through one home finds worth opening.
    pub home_files_max: usize,
    /// Secrets that are taken from one file.
    pub file_secrets_max: usize,
    /// Things that are found.
    pub things_max: u64,
    /// Places not read that are listed one by one; beyond it they are counted.
    pub unread_max: usize,
    /// Time for the whole reading.
    pub time_max: Duration,
    /// File systems that are entered.
    pub file_systems: FileSystems,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes_max: 1 << 20,
            bytes_max: 1 << 30,
            files_max: 200_000,
            entries_max: 2_000_000,
            directory_entries_max: 200_000,
            depth_max: 8,
            home_entries_max: 500_000,
            home_files_max: 20_000,
            file_secrets_max: 1_000,
            things_max: 200_000,
            unread_max: 10_000,
            time_max: Duration::from_mins(1),
            file_systems: FileSystems::Local,
        }
    }
}

/// What is left of the limits while a reading runs.
pub struct Budget<'clock> {
    limits: Limits,
    elapsed: &'clock dyn Fn() -> Duration,
    files: Cell<u64>,
    entries: Cell<u64>,
    bytes: Cell<u64>,
    things: Cell<u64>,
}

impl<'clock> Budget<'clock> {
    /// A fresh one. `elapsed` says how long the reading has been running.
    pub fn new(limits: Limits, elapsed: &'clock dyn Fn() -> Duration) -> Self {
        Self {
            limits,
            elapsed,
            files: Cell::new(0),
            entries: Cell::new(0),
            bytes: Cell::new(0),
            things: Cell::new(0),
        }
    }

    /// The limits it was made of.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Before a directory entry is looked at.
    pub fn entry(&self) -> Result<(), Spent> {
        // The clock is asked now and then: a directory has many entries and a question costs as much as one.
        if self.entries.get().is_multiple_of(256) {
            self.time()?;
        }
        spend(&self.entries, 1, self.limits.entries_max, Spent::Entries)
    }

    /// Before a file is opened.
    pub fn file(&self) -> Result<(), Spent> {
        self.time()?;
        spend(&self.files, 1, self.limits.files_max, Spent::Files)
    }

    /// Before `bytes` are read.
    pub fn bytes(&self, bytes: u64) -> Result<(), Spent> {
        spend(&self.bytes, bytes, self.limits.bytes_max, Spent::Bytes)
    }

    /// Before a thing is kept.
    pub fn thing(&self) -> Result<(), Spent> {
        self.time()?;
        spend(&self.things, 1, self.limits.things_max, Spent::Things)
    }

    /// Whether there is time left.
    pub fn time(&self) -> Result<(), Spent> {
        if (self.elapsed)() > self.limits.time_max { Err(Spent::Time) } else { Ok(()) }
    }

    /// Whether there is time left to say what was read. A quarter more than for reading it: a reading that its time ended
    /// would otherwise be for nothing.
    pub fn time_to_tell(&self) -> Result<(), Spent> {
        let time_max = self.limits.time_max;
        if (self.elapsed)() > time_max.saturating_add(time_max / 4) { Err(Spent::Time) } else { Ok(()) }
    }

    /// The same of each of these, for as long as there is time left to say what was read.
    pub(crate) fn while_telling<'all, T: 'all>(
        &'all self,
        all: impl Iterator<Item = T> + 'all,
    ) -> impl Iterator<Item = T> + 'all {
        all.take_while(|_| self.time_to_tell().is_ok())
    }

    /// Files opened so far.
    pub fn files_opened(&self) -> u64 {
        self.files.get()
    }

    /// Directory entries looked at so far.
    pub fn entries_seen(&self) -> u64 {
        self.entries.get()
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes.get()
    }
}

fn spend(spent: &Cell<u64>, much: u64, max: u64, which: Spent) -> Result<(), Spent> {
    let after = spent.get().saturating_add(much);
    if after > max {
        return Err(which);
    }
    spent.set(after);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Budget, Limits};
    use crate::unread::Spent;
    use core::cell::Cell;
    use std::time::Duration;

    #[test]
    fn each_limit_is_reached_by_its_own_count() {
        let limits =
            Limits { files_max: 2, entries_max: 1, bytes_max: 10, things_max: 0, ..Limits::default() };
        let budget = Budget::new(limits, &|| Duration::ZERO);
        assert_eq!((budget.file(), budget.file(), budget.file()), (Ok(()), Ok(()), Err(Spent::Files)));
        assert_eq!((budget.entry(), budget.entry()), (Ok(()), Err(Spent::Entries)));
        assert_eq!((budget.bytes(10), budget.bytes(1)), (Ok(()), Err(Spent::Bytes)));
        assert_eq!(budget.bytes(u64::MAX), Err(Spent::Bytes));
        assert_eq!(budget.thing(), Err(Spent::Things));
        assert_eq!((budget.files_opened(), budget.entries_seen(), budget.bytes_read()), (2, 1, 10));
    }

    #[test]
    fn time_is_what_the_caller_says_it_is() {
        let went_by = Cell::new(Duration::ZERO);
        let elapsed = || went_by.get();
        let budget = Budget::new(Limits { time_max: Duration::from_secs(5), ..Limits::default() }, &elapsed);
        assert_eq!(budget.file(), Ok(()));
        went_by.set(Duration::from_secs(6));
        assert_eq!(budget.file(), Err(Spent::Time));
        assert_eq!(budget.entry(), Err(Spent::Time));
        assert_eq!(budget.thing(), Err(Spent::Time));
        assert_eq!(budget.time_to_tell(), Ok(()));
        went_by.set(Duration::from_secs(7));
        assert_eq!(budget.time_to_tell(), Err(Spent::Time));
        assert_eq!(budget.while_telling([1, 2].into_iter()).count(), 0);
    }
}
