//! The last checkpoint, kept outside the database, so that a rolled-back database is seen.
//!
//! The anchor may lag behind the database by the last few commits, never run ahead of it: a
//! database that is shorter than its anchor, or differs below it, was replaced or rolled back.

use crate::{LogReader, StoreFailure, Tx};
use tenure_evidence::Checkpoint;

/// Keeps the last checkpoint somewhere the database is not.
pub trait Anchor: Send + Sync {
    /// The last checkpoint kept, if any.
    fn read(&self) -> std::io::Result<Option<String>>;
    /// Replaces it durably: when this returns, it survives a power loss.
    fn replace(&self, note: &str) -> std::io::Result<()>;
}

/// The database's log is not the one this deployment saw last.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnchorRefused {
    /// It is shorter.
    #[error(
        "the database was rolled back: its log has {found} entries, but {seen} were seen here. Restore with `tenure restore`, which opens a new log that cites the old"
    )]
    RolledBack {
        /// Entries in the database.
        found: u64,
        /// Entries seen before.
        seen: u64,
    },
    /// It has a different history.
    #[error(
        "the database holds a different history: its first {seen} entries are not those seen here. Restore with `tenure restore`"
    )]
    Forked {
        /// Entries seen before.
        seen: u64,
    },
    /// It is another log altogether.
    #[error("the database holds the log `{found}`, but `{seen}` was seen here")]
    OtherLog {
        /// The origin in the database.
        found: String,
        /// The origin seen before.
        seen: String,
    },
    /// The anchor cannot be read as a checkpoint.
    #[error("the checkpoint kept beside the database cannot be read: {why}")]
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
}

/// Checks the database's log against the anchor.
pub(crate) fn check(tx: &mut Tx<'_>, anchored: &str) -> Result<(), StoreFailure> {
    let unreadable = |why: String| StoreFailure::Anchor(AnchorRefused::Unreadable { why });
    let (seen, _) = Checkpoint::parse_unverified(anchored).map_err(|error| unreadable(error.to_string()))?;
    let head = tx.head()?;
    let origin = tx.log_origin()?;
    if origin != seen.origin {
        return Err(AnchorRefused::OtherLog { found: origin, seen: seen.origin }.into());
    }
    if head.size < seen.size {
        return Err(AnchorRefused::RolledBack { found: head.size, seen: seen.size }.into());
    }
    let root = tenure_evidence::root_at(seen.size, &LogReader::new(tx))
        .map_err(|error| StoreFailure::LogDamaged { why: error.to_string() })?;
    if root == seen.root { Ok(()) } else { Err(AnchorRefused::Forked { seen: seen.size }.into()) }
}
