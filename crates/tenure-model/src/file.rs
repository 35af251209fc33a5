//! A file whose readers become fewer: which one, who may go on reading it, and what it was when that was planned.
//!
//! What a plan to tighten binds beside its principal. The credential in the file stays as it is and goes on working:
//! nothing here says that anything ended. Reading and changing modes is for connectors.

use crate::noun;
use serde::{Deserialize, Serialize};

noun! {
    /// Who may go on reading a file; nobody but its owner goes on changing it.
    pub enum Readers as "readers" {
        /// Its owner alone.
        Owner = "owner",
        /// Its owner and its group, which reads it and does not change it.
        OwnerAndGroup = "owner_and_group",
    }
}

impl Readers {
    /// What is left of a mode when all others are kept from the file. It never holds a bit that was not there before.
    pub const fn keep_of(self, mode: u32) -> u32 {
        match self {
            Self::Owner => mode & 0o7700,
            Self::OwnerAndGroup => mode & 0o7750,
        }
    }
}

/// A file to tighten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTarget {
    /// Where it is: an absolute path of the system.
    pub place: String,
    /// Who may go on reading it.
    pub readers: Readers,
    /// Where further copies of what it holds were seen; they are looked at and not changed.
    pub copies: Vec<String>,
    /// What it was when the plan was made; nothing while it is being made.
    pub was: Option<FileWas>,
}

impl FileTarget {
    /// Its mode once it is tightened; `None` while it is not known what it was.
    pub fn mode_after(&self) -> Option<u32> {
        self.was.as_ref().map(|was| self.readers.keep_of(was.mode))
    }

    /// The number of the account that is to try to read it before and after; `None` where nobody can be asked.
    pub fn tried_as(&self) -> Option<u32> {
        self.was.as_ref().and_then(|was| was.tried_as)
    }
}

/// What a file was, by which it is known again and given back what it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWas {
    /// By which the system knows it, in the connector's own words; another file of the same name has another.
    pub identity: String,
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// Its mode: the low twelve bits.
    pub mode: u32,
    /// The number of an account that could read it, and is to be refused.
    pub tried_as: Option<u32>,
    /// The entries of its access list without the mask, which is part of the mode, in the connector's own words; empty
    /// where it has none.
    #[serde(default)]
    pub list: String,
}

#[cfg(test)]
mod tests {
    use super::Readers;

    #[test]
    fn no_mode_becomes_looser_whoever_may_go_on_reading() {
        for readers in Readers::ALL {
            for mode in 0..0o1_0000_u32 {
                let kept = readers.keep_of(mode);
                assert_eq!(kept & !mode, 0, "{readers} {mode:o}");
                assert_eq!(kept & 0o007, 0, "{readers} {mode:o}");
                assert_eq!(kept & 0o7700, mode & 0o7700, "{readers} {mode:o}: what the owner has stays");
                assert_eq!(readers.keep_of(kept), kept);
            }
        }
        assert_eq!(Readers::Owner.keep_of(0o644), 0o600);
        assert_eq!(Readers::OwnerAndGroup.keep_of(0o644), 0o640);
        assert_eq!(Readers::OwnerAndGroup.keep_of(0o666), 0o640, "the group goes on reading, not changing");
    }
}
