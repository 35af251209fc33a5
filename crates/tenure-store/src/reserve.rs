//! The reserve: disk space set aside so that an emergency revocation still works on a full disk.
//!
//! A file of real bytes beside the database. Once it was given back, ordinary writes are refused
//! until it could be set aside again; else they would eat what an emergency needs. This room
//! must never take the last free space for the reserve itself: that would fill the disk.
//! Next: `database/sqlite.rs`, which decides when.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

/// Size of the reserve, in bytes. A revocation writes about 0.2 MiB; the rest is for the
/// write-ahead log growing, the checkpoint beside the database, and other writers on that disk.
pub(crate) const RESERVE_BYTES: u64 = 4 * 1024 * 1024;
/// Free space that must remain after the reserve was set aside, in bytes.
const MARGIN_BYTES: u64 = RESERVE_BYTES;

/// The space set aside.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    is_held: bool,
}

impl Reserve {
    /// The reserve of a data directory, as a former run left it.
    pub(crate) fn of(directory: &Path) -> Self {
        let path = directory.join("reserve");
        let is_held = std::fs::metadata(&path).is_ok_and(|file| file.len() >= RESERVE_BYTES);
        Self { path, is_held }
    }

    /// True when the space is set aside.
    pub(crate) const fn is_held(&self) -> bool {
        self.is_held
    }

    /// Sets the space aside unless it is, or unless the disk is too full for that. True when it is.
    pub(crate) fn hold(&mut self) -> bool {
        if !self.is_held && self.there_is_room() {
            self.is_held = write_noise(&self.path).is_ok();
            if !self.is_held {
                // Half a reserve would only fill the disk.
                let _ = std::fs::write(&self.path, b"");
            }
        }
        self.is_held
    }

    /// Gives the space back, for an emergency. True when there was some.
    pub(crate) fn release(&mut self) -> bool {
        let released = self.is_held && std::fs::write(&self.path, b"").is_ok();
        if released {
            self.is_held = false;
            tracing::warn!("the disk is full: the reserve was released for an emergency");
        }
        released
    }

    fn there_is_room(&self) -> bool {
        let Some(directory) = self.path.parent() else { return false };
        rustix::fs::statvfs(directory)
            .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= RESERVE_BYTES + MARGIN_BYTES)
    }
}

/// Fills the file with bytes that look random, so that a compressing file system really sets the
/// space aside.
fn write_noise(path: &Path) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0_u8; 64 * 1024];
    for _ in 0..RESERVE_BYTES / (64 * 1024) {
        for chunk in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{RESERVE_BYTES, Reserve};

    #[test]
    fn a_reserve_is_held_released_once_and_held_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("reserve");
        let mut reserve = Reserve::of(directory.path());
        assert!(!reserve.release(), "there was nothing to give back");
        assert!(reserve.hold());
        assert_eq!(std::fs::metadata(&file).unwrap().len(), RESERVE_BYTES);
        assert!(Reserve::of(directory.path()).is_held(), "the next start finds it");
        assert!(reserve.release() && !reserve.release());
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
        assert!(!Reserve::of(directory.path()).is_held());
        assert!(reserve.hold());
    }
}
