//! The witness's directory: its key, and the latest head of each log, durable before it counts.
//!
//! One process at a time holds the lock. The key is a ring like every other signing key,
//! sealed under a key-encryption key. A head that cannot be read stops the witness: without it,
//! it might cosign a second history.

use crate::failure::{Failure, chain};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tenure_evidence::{
    Hash, NoteSigner, SignRefused, VerifierKey,
    witness::{StoredHead, origin_hash},
};
use tenure_keys::{
    FileRefused, KEK_FILE, Kek, KekSource, LogKeys, LogSigner, RealDisk, SystemRandomness,
    make_private_directory, read_private, replace_private,
};
use tenure_model::Instant;

/// The ring that holds the witness's key.
const RING: &str = "witness.ring";

/// A witness's directory, opened and locked.
#[derive(Debug)]
pub(crate) struct WitnessStore {
    directory: PathBuf,
    keys: LogKeys,
    _lock: std::fs::File,
}

/// Why a head could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeadRefused {
    /// The file could not be read or written.
    #[error("the head of the log could not be kept")]
    File(#[source] FileRefused),
    /// The file is not as this witness writes it.
    #[error("{path} was altered or damaged; nothing is cosigned for that log until it is restored")]
    Altered {
        /// The file.
        path: String,
    },
}

impl WitnessStore {
    /// Opens the directory, making it and a key of this name when there is none.
    pub(crate) fn open(
        directory: &Path,
        name: Option<&str>,
        kek: Option<KekSource>,
        now: Instant,
    ) -> Result<Self, Failure> {
        let what = format!("the witness in {} was not opened", crate::place::shown(directory));
        let failed = |error: &dyn std::error::Error| Failure::new(what.clone()).caused_by(error);
        make_private_directory(&RealDisk, directory).map_err(|error| failed(&error))?;
        make_private_directory(&RealDisk, &directory.join("heads")).map_err(|error| failed(&error))?;
        let lock = lock(directory).map_err(|why| Failure::new(what.clone()).because(why))?;
        let ring = directory.join(RING);
        let kek_file = directory.join(KEK_FILE);
        let undecided = |error: &dyn std::error::Error| {
            Failure::undecided(what.clone())
                .caused_by(error)
                .next("give the key it was made with (--key-file, TENURE_KEY)")
        };
        let kek = match kek {
            Some(source) => Kek::load(&RealDisk, &source),
            None if ring.exists() || kek_file.exists() => Kek::load(&RealDisk, &KekSource::File(kek_file)),
            None => Kek::create_file(&RealDisk, &kek_file, &mut SystemRandomness),
        };
        let kek = kek.map_err(|error| undecided(&error))?;
        let disk = Arc::new(RealDisk);
        let keys = match (ring.exists(), name) {
            (true, _) => LogKeys::open_ring(disk, &ring, &kek),
            (false, Some(name)) => LogKeys::create(disk, &ring, name, &kek, now, &mut SystemRandomness),
            (false, None) => {
                return Err(Failure::usage(format!(
                    "{} holds no witness yet",
                    crate::place::shown(directory)
                ))
                .next("give it a name: --name audit-1.example"));
            }
        };
        let keys = keys.map_err(|error| undecided(&error))?;
        if let Some(name) = name.filter(|name| *name != keys.name()) {
            return Err(Failure::usage(format!(
                "the witness here is called `{}`, not `{}`",
                keys.name(),
                tenure_model::printable(name, 80)
            ))
            .kept("nothing was changed")
            .next("leave --name out, or choose another directory"));
        }
        Ok(Self { directory: directory.to_path_buf(), keys, _lock: lock })
    }

    /// The key that cosigns.
    pub(crate) fn signer(&self) -> Option<WitnessSigner<'_>> {
        self.keys.signers().first().map(WitnessSigner)
    }

    /// What verifiers pin.
    pub(crate) fn verifier_key(&self) -> Result<VerifierKey, Failure> {
        let none = || Failure::new("the witness has no key");
        let signer = self.keys.signers().first().ok_or_else(none)?;
        VerifierKey::cosignature_v1(signer.name(), &signer.public_key())
            .map_err(|error| none().because(chain(&error)))
    }

    /// The latest head cosigned for a log; `None` when none ever was.
    pub(crate) fn head(&self, origin: &str) -> Result<Option<StoredHead>, HeadRefused> {
        let path = self.head_path(origin);
        let content = match read_private(&RealDisk, &path) {
            Ok(content) => content,
            Err(FileRefused::Missing { .. }) => return Ok(None),
            Err(refused) => return Err(HeadRefused::File(refused)),
        };
        let altered = || HeadRefused::Altered { path: crate::place::shown(&path) };
        let text = std::str::from_utf8(content.expose()).map_err(|_| altered())?;
        let mut lines = text.lines();
        let (Some(named), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(altered());
        };
        let size: u64 = size.parse().map_err(|_| altered())?;
        let root = Hash::from_base64(root).map_err(|_| altered())?;
        if named != origin || text != head_text(origin, (size, root)) {
            return Err(altered());
        }
        Ok(Some((size, root)))
    }

    /// Keeps a head, durably: when this returns, it survives a power cut.
    pub(crate) fn keep_head(&self, origin: &str, head: StoredHead) -> Result<(), HeadRefused> {
        replace_private(&RealDisk, &self.head_path(origin), head_text(origin, head).as_bytes())
            .map_err(HeadRefused::File)
    }

    /// The latest cosigned checkpoint of a log, by the hash of its origin.
    pub(crate) fn checkpoint(&self, origin_hash: &str) -> Option<String> {
        let content = read_private(&RealDisk, &self.checkpoint_path(origin_hash)).ok()?;
        String::from_utf8(content.expose().clone()).ok()
    }

    /// Keeps a cosigned checkpoint, for whoever monitors. Losing it costs nothing but that.
    pub(crate) fn keep_checkpoint(&self, origin: &str, note: &str) -> Result<(), FileRefused> {
        replace_private(&RealDisk, &self.checkpoint_path(&origin_hash(origin)), note.as_bytes())
    }

    fn head_path(&self, origin: &str) -> PathBuf {
        self.directory.join("heads").join(origin_hash(origin))
    }

    fn checkpoint_path(&self, origin_hash: &str) -> PathBuf {
        self.directory.join("heads").join(format!("{origin_hash}.checkpoint"))
    }
}

fn head_text(origin: &str, (size, root): StoredHead) -> String {
    format!("{origin}\n{size}\n{}\n", root.to_base64())
}

fn lock(directory: &Path) -> Result<std::fs::File, String> {
    let path = directory.join("lock");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| format!("its lock cannot be opened: {error}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(String::from("another process runs this witness")),
    }
}

/// The witness's key, as the evidence crate wants it.
pub(crate) struct WitnessSigner<'store>(&'store LogSigner);

impl NoteSigner for WitnessSigner<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignRefused> {
        self.0.sign(message).map_err(|_| SignRefused::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::{HeadRefused, WitnessStore};
    use tenure_evidence::{empty_root, leaf_hash, witness::origin_hash};
    use tenure_model::Instant;

    const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);

    fn open(folder: &std::path::Path, name: Option<&str>) -> Result<WitnessStore, crate::failure::Failure> {
        WitnessStore::open(folder, name, None, NOW)
    }

    #[test]
    fn a_head_is_kept_over_a_restart_and_the_key_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("w");
        let store = open(&folder, Some("audit-1.example")).unwrap();
        let key = store.verifier_key().unwrap().to_string();
        assert_eq!(store.head("log").unwrap(), None);
        store.keep_head("log", (7, leaf_hash(b"x"))).unwrap();
        drop(store);
        let store = open(&folder, None).unwrap();
        assert_eq!(store.head("log").unwrap(), Some((7, leaf_hash(b"x"))));
        assert_eq!(store.verifier_key().unwrap().to_string(), key);
    }

    #[test]
    fn an_altered_head_stops_cosigning_instead_of_being_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("w");
        let store = open(&folder, Some("audit-1.example")).unwrap();
        store.keep_head("log", (7, empty_root())).unwrap();
        let path = folder.join("heads").join(origin_hash("log"));
        let good = std::fs::read(&path).unwrap();
        let with_blank = [good.as_slice(), b"\n"].concat();
        for bad in [&b""[..], b"log\n7\n", b"log\n07\nx\n", &good[1..], &with_blank] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(store.head("log"), Err(HeadRefused::Altered { .. })), "{bad:?}");
        }
    }

    #[test]
    fn one_process_at_a_time_and_one_name_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("w");
        assert!(open(&folder, None).is_err());
        let store = open(&folder, Some("audit-1.example")).unwrap();
        assert!(open(&folder, None).unwrap_err().text().contains("another process"));
        drop(store);
        insta::assert_snapshot!(open(&folder, Some("audit-2.example")).unwrap_err().text(), @r"
        Not done: the witness here is called `audit-1.example`, not `audit-2.example`
          kept: nothing was changed
          next: leave --name out, or choose another directory
        ");
    }
}
