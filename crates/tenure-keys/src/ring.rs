//! A ring of keys in one file: one is current, the others still work until retired.
//!
//! The file is an envelope under the key-encryption key, bound to the kind of ring, and is
//! always replaced whole. Inside: `label length u16 | label | count u8`, then for each key,
//! newest first, `id, 8 bytes | made at, microseconds, i64 | key, 32 bytes`, integers
//! big-endian. This room must never lose a key by itself: only `retire` drops one, and a
//! failed write leaves ring and file as they were. Next: `seal.rs`, `sign.rs`,
//! `fingerprint.rs`, each a use of a ring.

use crate::disk::Disk;
use crate::envelope::{self, NotOpened, NotSealed};
use crate::files::{FileRefused, read_private, replace_private, shown, write_new_private};
use crate::kek::Kek;
use crate::key::{KEY_BYTES, KeyBytes, KeyId};
use crate::randomness::{Randomness, RandomnessFailed, draw};
use crate::sign::NotALogName;
use aws_lc_rs::digest;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_model::Instant;
use zeroize::Zeroizing;

/// Most keys in one ring, current one included.
pub const KEYS_MAX: usize = 16;

/// Why a key ring could not be opened, changed or written.
#[derive(Debug, thiserror::Error)]
pub enum RingRefused {
    /// Its file could not be read.
    #[error("the key ring could not be read")]
    NotRead(#[source] FileRefused),
    /// Its file could not be written; the ring is as it was before.
    #[error("the key ring could not be written")]
    NotWritten(#[source] FileRefused),
    /// It is sealed under another key-encryption key.
    #[error(
        "{} is sealed under key-encryption key {sealed_under}, and the one given is {given}; \
         give the one it is sealed under",
        shown(path)
    )]
    WrongKek {
        /// The ring's file.
        path: PathBuf,
        /// The key-encryption key it names.
        sealed_under: KeyId,
        /// The key-encryption key it was tried with.
        given: KeyId,
    },
    /// Some byte of it changed, or it is a ring of another kind.
    #[error("{} was altered or damaged, or is no {kind} ring; restore it from a backup", shown(path))]
    Altered {
        /// The ring's file.
        path: PathBuf,
        /// Which kind of ring was expected.
        kind: &'static str,
    },
    /// Written by a later version of Tenure.
    #[error("{} has format version {version}, which this version of Tenure does not know", shown(path))]
    VersionUnknown {
        /// The ring's file.
        path: PathBuf,
        /// The version it names.
        version: u8,
    },
    /// Another process wrote the file after this one read it.
    #[error("{} was changed by another process since it was read; start again to read it anew", shown(path))]
    ChangedMeanwhile {
        /// The ring's file.
        path: PathBuf,
    },
    /// No key of this id is in the ring.
    #[error("no key {key_id} is in the {kind} ring")]
    KeyUnknown {
        /// The id that was asked for.
        key_id: KeyId,
        /// Which kind of ring.
        kind: &'static str,
    },
    /// The current key cannot be retired.
    #[error("key {key_id} is the current one of the {kind} ring; rotate first, then retire it")]
    KeyIsCurrent {
        /// The id that was asked for.
        key_id: KeyId,
        /// Which kind of ring.
        kind: &'static str,
    },
    /// The ring holds as many keys as it may.
    #[error("the {kind} ring holds {KEYS_MAX} keys, the most it may; retire old ones first")]
    Full {
        /// Which kind of ring.
        kind: &'static str,
    },
    /// The name for the log cannot stand in a signature.
    #[error("the log ring was not made")]
    NameRefused(#[source] NotALogName),
    /// A new log origin must have a name of its own.
    #[error("`{name}` is the origin of the present log; a new origin needs another name")]
    OriginInUse {
        /// The name.
        name: String,
    },
    /// No key or nonce could be drawn.
    #[error("no key was made")]
    NoRandomness(#[source] RandomnessFailed),
    /// The cipher refused.
    #[error("the cipher refused to seal the {kind} ring")]
    CipherRefused {
        /// Which kind of ring.
        kind: &'static str,
    },
}

/// A key's name and age, for people and for Tenure's own inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyAge {
    /// Which key.
    pub key_id: KeyId,
    /// When it was made.
    pub made_at: Instant,
    /// True for the one in use; the others only still open, verify or sign beside it.
    pub is_current: bool,
}

/// What a ring is for. The word is bound to the file, so rings cannot be swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RingKind {
    Sealing,
    Log,
    Fingerprint,
}

impl RingKind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Log => "log",
            Self::Fingerprint => "fingerprint",
        }
    }

    fn binding(self) -> Vec<u8> {
        [b"tenure key ring\0", self.word().as_bytes()].concat()
    }
}

/// One key of a ring.
#[derive(Debug)]
pub(crate) struct RingKey {
    pub(crate) id: KeyId,
    pub(crate) made_at: Instant,
    pub(crate) bytes: KeyBytes,
}

impl RingKey {
    /// A key with a random id.
    pub(crate) fn draw(now: Instant, randomness: &mut dyn Randomness) -> Result<Self, RingRefused> {
        let id = draw(randomness).map(KeyId::from_bytes).map_err(RingRefused::NoRandomness)?;
        let bytes = KeyBytes::draw(randomness).map_err(RingRefused::NoRandomness)?;
        Ok(Self { id, made_at: now, bytes })
    }
}

/// A ring of keys and the file it lives in.
#[derive(Debug)]
pub(crate) struct Ring {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    kind: RingKind,
    label: String,
    current: RingKey,
    /// Newest first.
    previous: Vec<RingKey>,
    /// Digest of the file as this process last read or wrote it.
    on_disk: [u8; 32],
}

impl Ring {
    /// Makes a ring with one key, in a file that must not exist.
    pub(crate) fn create(
        disk: Arc<dyn Disk>,
        path: &Path,
        kind: RingKind,
        label: &str,
        first: RingKey,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, RingRefused> {
        let ring = Self {
            disk,
            path: path.to_path_buf(),
            kind,
            label: label.to_owned(),
            current: first,
            previous: Vec::new(),
            on_disk: [0; 32],
        };
        let sealed = ring.seal(kek, randomness)?;
        write_new_private(ring.disk.as_ref(), path, &sealed).map_err(RingRefused::NotWritten)?;
        Ok(Self { on_disk: digest_of(&sealed), ..ring })
    }

    /// Reads a ring from its file.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        kind: RingKind,
        kek: &Kek,
    ) -> Result<Self, RingRefused> {
        let sealed = read_private(disk.as_ref(), path).map_err(RingRefused::NotRead)?;
        let sealed = sealed.expose();
        let plain =
            envelope::open(kek.key(), kek.id(), &kind.binding(), sealed).map_err(|why| match why {
                NotOpened::OtherKey(sealed_under) => {
                    RingRefused::WrongKek { path: path.to_path_buf(), sealed_under, given: kek.id() }
                }
                NotOpened::VersionUnknown(version) => {
                    RingRefused::VersionUnknown { path: path.to_path_buf(), version }
                }
                NotOpened::TooShort | NotOpened::Altered => altered(path, kind),
            })?;
        let (label, mut keys) = decode(plain.expose()).ok_or_else(|| altered(path, kind))?;
        let previous = keys.split_off(keys.len().min(1));
        let current = keys.pop().ok_or_else(|| altered(path, kind))?;
        let (path, on_disk) = (path.to_path_buf(), digest_of(sealed));
        Ok(Self { disk, path, kind, label, current, previous, on_disk })
    }

    /// Which key-encryption key a ring's file says it is sealed under.
    pub(crate) fn kek_of(disk: &dyn Disk, path: &Path, kind: RingKind) -> Result<KeyId, RingRefused> {
        let sealed = read_private(disk, path).map_err(RingRefused::NotRead)?;
        envelope::key_of(sealed.expose()).map_err(|_| altered(path, kind))
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    pub(crate) const fn current(&self) -> &RingKey {
        &self.current
    }

    /// All keys, newest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &RingKey> {
        core::iter::once(&self.current).chain(&self.previous)
    }

    /// The key of an id.
    pub(crate) fn key(&self, id: KeyId) -> Option<&RingKey> {
        self.keys().find(|key| key.id == id)
    }

    /// Names and ages, newest first.
    pub(crate) fn ages(&self) -> Vec<KeyAge> {
        let age = |key: &RingKey| KeyAge {
            key_id: key.id,
            made_at: key.made_at,
            is_current: key.id == self.current.id,
        };
        self.keys().map(age).collect()
    }

    /// Makes a new random key the current one and answers its id. Durable when `Ok`.
    pub(crate) fn rotate_anew(
        &mut self,
        now: Instant,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<KeyId, RingRefused> {
        let next = RingKey::draw(now, randomness)?;
        let key_id = next.id;
        self.rotate(next, kek, randomness).map(|()| key_id)
    }

    /// Makes `next` the current key; the one before it still works. Durable when `Ok`.
    pub(crate) fn rotate(
        &mut self,
        next: RingKey,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(), RingRefused> {
        if self.keys().count() >= KEYS_MAX {
            return Err(RingRefused::Full { kind: self.kind.word() });
        }
        let before = core::mem::replace(&mut self.current, next);
        self.previous.insert(0, before);
        let saved = self.save(kek, randomness);
        if saved.is_err() {
            self.current = self.previous.remove(0);
        }
        saved
    }

    /// Drops every key and begins anew with one, under another label. Durable when `Ok`.
    pub(crate) fn begin_anew(
        &mut self,
        label: &str,
        first: RingKey,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(), RingRefused> {
        let label = core::mem::replace(&mut self.label, label.to_owned());
        let current = core::mem::replace(&mut self.current, first);
        let previous = core::mem::take(&mut self.previous);
        let saved = self.save(kek, randomness);
        if saved.is_err() {
            self.label = label;
            self.current = current;
            self.previous = previous;
        }
        saved
    }

    /// Drops a key that is not current. Durable when `Ok`.
    pub(crate) fn retire(
        &mut self,
        key_id: KeyId,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(), RingRefused> {
        let kind = self.kind.word();
        if self.current.id == key_id {
            return Err(RingRefused::KeyIsCurrent { key_id, kind });
        }
        let place = self.previous.iter().position(|key| key.id == key_id);
        let place = place.ok_or(RingRefused::KeyUnknown { key_id, kind })?;
        let retired = self.previous.remove(place);
        let saved = self.save(kek, randomness);
        if saved.is_err() {
            self.previous.insert(place, retired);
        }
        saved
    }

    /// Writes the ring sealed under `kek`, which may be another than before.
    pub(crate) fn save(&mut self, kek: &Kek, randomness: &mut dyn Randomness) -> Result<(), RingRefused> {
        let disk = Arc::clone(&self.disk);
        let now = read_private(disk.as_ref(), &self.path).map_err(RingRefused::NotWritten)?;
        if digest_of(now.expose()) != self.on_disk {
            return Err(RingRefused::ChangedMeanwhile { path: self.path.clone() });
        }
        let sealed = self.seal(kek, randomness)?;
        let written = replace_private(disk.as_ref(), &self.path, &sealed);
        if written.as_ref().is_ok() || written.as_ref().is_err_and(FileRefused::outcome_is_unknown) {
            self.on_disk = digest_of(&sealed);
        }
        written.map_err(RingRefused::NotWritten)
    }

    fn seal(&self, kek: &Kek, randomness: &mut dyn Randomness) -> Result<Vec<u8>, RingRefused> {
        envelope::seal(kek.key(), kek.id(), &self.kind.binding(), &self.encode(), randomness).map_err(|why| {
            match why {
                NotSealed::Randomness => RingRefused::NoRandomness(RandomnessFailed),
                NotSealed::Cipher => RingRefused::CipherRefused { kind: self.kind.word() },
            }
        })
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let label = self.label.as_bytes();
        let count = 1 + self.previous.len();
        // Reserved at once: a buffer that grows leaves copies of keys behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(3 + label.len() + count * RING_KEY_BYTES));
        plain.extend_from_slice(&u16::try_from(label.len()).unwrap_or(u16::MAX).to_be_bytes());
        plain.extend_from_slice(label);
        plain.push(u8::try_from(count).unwrap_or(u8::MAX));
        for key in self.keys() {
            plain.extend_from_slice(key.id.as_bytes());
            plain.extend_from_slice(&key.made_at.as_micros().to_be_bytes());
            plain.extend_from_slice(key.bytes.expose());
        }
        plain
    }
}

/// Bytes of one key inside a ring.
const RING_KEY_BYTES: usize = KeyId::BYTES + 8 + KEY_BYTES;

/// Reads what [`Ring::encode`] wrote. `None` for anything else, however small the difference.
fn decode(plain: &[u8]) -> Option<(String, Vec<RingKey>)> {
    let (length, rest) = plain.split_first_chunk::<2>()?;
    let (label, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (count, rest) = rest.split_first()?;
    let count = usize::from(*count);
    if !(1..=KEYS_MAX).contains(&count) || rest.len() != count * RING_KEY_BYTES {
        return None;
    }
    let keys: Option<Vec<_>> = rest.chunks_exact(RING_KEY_BYTES).map(decode_key).collect();
    Some((String::from_utf8(label.to_vec()).ok()?, keys?))
}

fn decode_key(plain: &[u8]) -> Option<RingKey> {
    let (id, rest) = plain.split_first_chunk::<{ KeyId::BYTES }>()?;
    let (made_at, bytes) = rest.split_first_chunk::<8>()?;
    Some(RingKey {
        id: KeyId::from_bytes(*id),
        made_at: Instant::from_micros(i64::from_be_bytes(*made_at)),
        bytes: KeyBytes::from_bytes(bytes)?,
    })
}

fn altered(path: &Path, kind: RingKind) -> RingRefused {
    RingRefused::Altered { path: path.to_path_buf(), kind: kind.word() }
}

fn digest_of(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
