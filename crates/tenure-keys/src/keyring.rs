//! All keys of a deployment: three rings in one directory, under one key-encryption key.
//!
//! Made once, opened at every start, and moved together when the key-encryption key
//! changes. This room must never make a ring because one is missing from a deployment that
//! had it: a lost ring is restored from a backup. Next: `seal.rs`, `sign.rs`,
//! `fingerprint.rs`; where the key-encryption key comes from is in `kek.rs`.

use crate::disk::Disk;
use crate::files::{FileRefused, check_private_directory, make_private_directory};
use crate::fingerprint::Fingerprints;
use crate::kek::Kek;
use crate::randomness::Randomness;
use crate::ring::{Ring, RingKind, RingRefused};
use crate::seal::Sealer;
use crate::sign::LogKeys;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_model::Instant;

/// File name of the key-encryption key, where it is in a file beside the rings.
pub const KEK_FILE: &str = "kek";
/// File name of the sealing ring.
pub const SEALING_RING: &str = "sealing.ring";
/// File name of the log ring.
pub const LOG_RING: &str = "log.ring";
/// File name of the fingerprint ring.
pub const FINGERPRINT_RING: &str = "fingerprint.ring";

/// Every ring with its file name.
const RINGS: [(RingKind, &str); 3] =
    [(RingKind::Sealing, SEALING_RING), (RingKind::Log, LOG_RING), (RingKind::Fingerprint, FINGERPRINT_RING)];

/// All keys of a deployment.
#[derive(Debug)]
pub struct Keyring {
    /// Seals secrets that must be read again.
    pub sealer: Sealer,
    /// Sign the evidence log.
    pub log: LogKeys,
    /// Take fingerprints.
    pub fingerprints: Fingerprints,
}

/// What changing the key-encryption key did, by file name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RewrapReport {
    /// Sealed anew by this call.
    pub rewrapped: Vec<&'static str>,
    /// Sealed under the new key already, by an earlier call that was stopped.
    pub already_done: Vec<&'static str>,
}

impl Keyring {
    /// Makes the directory and the three rings of a new deployment. Only for a deployment
    /// that has no database yet. Called again after a crash it keeps what is there and makes
    /// what is missing.
    pub fn create(
        disk: &Arc<dyn Disk>,
        directory: &Path,
        kek: &Kek,
        log_name: &str,
        now: Instant,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, RingRefused> {
        make_private_directory(disk.as_ref(), directory).map_err(RingRefused::NotWritten)?;
        let path = |name: &str| directory.join(name);
        let sealing = path(SEALING_RING);
        let sealer = match Sealer::create(Arc::clone(disk), &sealing, kek, now, randomness) {
            Err(refused) if is_there(&refused) => Sealer::open_ring(Arc::clone(disk), &sealing, kek),
            made => made,
        }?;
        let signing = path(LOG_RING);
        let log = match LogKeys::create(Arc::clone(disk), &signing, log_name, kek, now, randomness) {
            Err(refused) if is_there(&refused) => LogKeys::open_ring(Arc::clone(disk), &signing, kek),
            made => made,
        }?;
        let taking = path(FINGERPRINT_RING);
        let fingerprints = match Fingerprints::create(Arc::clone(disk), &taking, kek, now, randomness) {
            Err(refused) if is_there(&refused) => Fingerprints::open_ring(Arc::clone(disk), &taking, kek),
            made => made,
        }?;
        Ok(Self { sealer, log, fingerprints })
    }

    /// Opens the three rings of an existing deployment. A missing one is an error.
    pub fn open(disk: &Arc<dyn Disk>, directory: &Path, kek: &Kek) -> Result<Self, RingRefused> {
        check_private_directory(disk.as_ref(), directory).map_err(RingRefused::NotRead)?;
        let path = |name: &str| -> PathBuf { directory.join(name) };
        Ok(Self {
            sealer: Sealer::open_ring(Arc::clone(disk), &path(SEALING_RING), kek)?,
            log: LogKeys::open_ring(Arc::clone(disk), &path(LOG_RING), kek)?,
            fingerprints: Fingerprints::open_ring(Arc::clone(disk), &path(FINGERPRINT_RING), kek)?,
        })
    }

    /// Seals all rings under another key-encryption key and opens them under it. Each file
    /// is replaced in one step; when stopped in between, call it again with the same two
    /// keys and it finishes. Keep the old key until this has returned `Ok`, and longer for
    /// the backups that were made under it.
    pub fn rewrap(
        disk: &Arc<dyn Disk>,
        directory: &Path,
        old: &Kek,
        new: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(Self, RewrapReport), RingRefused> {
        check_private_directory(disk.as_ref(), directory).map_err(RingRefused::NotRead)?;
        let mut report = RewrapReport::default();
        for (kind, name) in RINGS {
            let path = directory.join(name);
            if Ring::kek_of(disk.as_ref(), &path, kind)? == new.id() {
                report.already_done.push(name);
            } else {
                Ring::open(Arc::clone(disk), &path, kind, old)?.save(new, randomness)?;
                report.rewrapped.push(name);
            }
        }
        Ok((Self::open(disk, directory, new)?, report))
    }
}

/// True when a ring was not made because its file exists.
const fn is_there(refused: &RingRefused) -> bool {
    matches!(refused, RingRefused::NotWritten(FileRefused::AlreadyThere { .. }))
}

#[cfg(test)]
mod tests;
