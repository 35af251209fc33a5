//! Sealing secrets that must be read again: source passwords, keys of other systems.
//!
//! What is sealed names the key it is sealed under and opens only together with what was
//! bound to it (the table, column and id of the row), so that a sealed value cannot be
//! moved to another row. The current key seals; older ones still open until retired. This
//! room must never return a secret that is not in a `Secret`. Next: `envelope.rs`.

use crate::disk::Disk;
use crate::envelope::{self, NotOpened, NotSealed};
use crate::kek::Kek;
use crate::key::KeyId;
use crate::randomness::{Randomness, RandomnessFailed};
use crate::ring::{KeyAge, Ring, RingKey, RingKind, RingRefused};
use std::path::Path;
use std::sync::Arc;
use tenure_model::{Instant, Secret};

/// Largest value that is sealed, in bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 1024 * 1024;

/// A sealed value: safe to store and to show, of no use without the sealing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// As it was stored. Whether it opens shows only in [`Sealer::open`].
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// For storing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For storing.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Why a value was not sealed or not opened. Never quotes the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealRefused {
    /// Larger than anything Tenure seals.
    #[error("a value of {bytes} bytes is too large to seal; the limit is {PLAINTEXT_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No nonce could be drawn.
    #[error("nothing was sealed")]
    NoRandomness(#[source] RandomnessFailed),
    /// The cipher refused.
    #[error("the cipher refused to seal")]
    CipherRefused,
    /// This was never sealed.
    #[error("this is no sealed value: it is too short")]
    NotASealedValue,
    /// Sealed by a later version of Tenure.
    #[error("sealed in format version {version}, which this version of Tenure does not know")]
    VersionUnknown {
        /// The version it names.
        version: u8,
    },
    /// The key it is sealed under is not in the ring.
    #[error(
        "sealed under key {key_id}, which is not in the sealing ring: it was retired, or this is another deployment's"
    )]
    KeyUnknown {
        /// The key it names.
        key_id: KeyId,
    },
    /// Some byte changed, or it belongs to another row.
    #[error("the value sealed under key {key_id} was altered, or belongs somewhere else; it is not used")]
    Altered {
        /// The key it names.
        key_id: KeyId,
    },
    /// It opened, and is not text.
    #[error("the value sealed under key {key_id} is not text")]
    NotText {
        /// The key it names.
        key_id: KeyId,
    },
}

/// Seals and opens with a ring of AES-256 keys.
#[derive(Debug)]
pub struct Sealer(Ring);

impl Sealer {
    /// Makes the ring, with one key, in a file that must not exist.
    pub fn create(
        disk: Arc<dyn Disk>,
        path: &Path,
        kek: &Kek,
        now: Instant,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, RingRefused> {
        let first = RingKey::draw(now, randomness)?;
        Ring::create(disk, path, RingKind::Sealing, "", first, kek, randomness).map(Self)
    }

    /// Reads the ring from its file.
    pub fn open_ring(disk: Arc<dyn Disk>, path: &Path, kek: &Kek) -> Result<Self, RingRefused> {
        Ring::open(disk, path, RingKind::Sealing, kek).map(Self)
    }

    /// Seals a value under the current key and binds `aad` to it.
    pub fn seal(
        &self,
        plaintext: &Secret<Vec<u8>>,
        aad: &[u8],
        randomness: &mut dyn Randomness,
    ) -> Result<Sealed, SealRefused> {
        self.seal_bytes(plaintext.expose(), aad, randomness)
    }

    /// Seals text under the current key and binds `aad` to it.
    pub fn seal_text(
        &self,
        plaintext: &Secret<String>,
        aad: &[u8],
        randomness: &mut dyn Randomness,
    ) -> Result<Sealed, SealRefused> {
        self.seal_bytes(plaintext.expose().as_bytes(), aad, randomness)
    }

    /// Opens a value that was sealed with this `aad` under any key of the ring.
    pub fn open(&self, sealed: &Sealed, aad: &[u8]) -> Result<Secret<Vec<u8>>, SealRefused> {
        let key_id = envelope::key_of(&sealed.0).map_err(|why| refused(why, self.0.current().id))?;
        let key = self.0.key(key_id).ok_or(SealRefused::KeyUnknown { key_id })?;
        envelope::open(&key.bytes, key.id, aad, &sealed.0).map_err(|why| refused(why, key_id))
    }

    /// Opens text that was sealed with this `aad` under any key of the ring.
    pub fn open_text(&self, sealed: &Sealed, aad: &[u8]) -> Result<Secret<String>, SealRefused> {
        let opened = self.open(sealed, aad)?;
        text_of(&opened).ok_or_else(|| SealRefused::NotText {
            key_id: envelope::key_of(&sealed.0).unwrap_or(self.0.current().id),
        })
    }

    /// Seals a value anew under the current key; `None` when it is sealed under it already.
    /// After every row has been through this, the older keys can be retired.
    pub fn reseal(
        &self,
        sealed: &Sealed,
        aad: &[u8],
        randomness: &mut dyn Randomness,
    ) -> Result<Option<Sealed>, SealRefused> {
        if envelope::key_of(&sealed.0) == Ok(self.0.current().id) {
            return Ok(None);
        }
        let opened = self.open(sealed, aad)?;
        self.seal(&opened, aad, randomness).map(Some)
    }

    /// Adds a new current key and answers its id. Older keys still open. Durable when `Ok`;
    /// the ring is unchanged after an error.
    pub fn rotate(
        &mut self,
        now: Instant,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<KeyId, RingRefused> {
        self.0.rotate_anew(now, kek, randomness)
    }

    /// Drops an older key: what is still sealed under it can never be opened again. Durable
    /// when `Ok`; the ring is unchanged after an error.
    pub fn retire(
        &mut self,
        key_id: KeyId,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(), RingRefused> {
        self.0.retire(key_id, kek, randomness)
    }

    /// The key that seals now.
    pub fn current(&self) -> KeyId {
        self.0.current().id
    }

    /// Names and ages of all keys, newest first.
    pub fn ages(&self) -> Vec<KeyAge> {
        self.0.ages()
    }

    fn seal_bytes(
        &self,
        plaintext: &[u8],
        aad: &[u8],
        randomness: &mut dyn Randomness,
    ) -> Result<Sealed, SealRefused> {
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(SealRefused::TooLarge { bytes: plaintext.len() });
        }
        let key = self.0.current();
        envelope::seal(&key.bytes, key.id, aad, plaintext, randomness).map(Sealed).map_err(not_sealed)
    }
}

/// Copies bytes into text of exactly their size. `None` when they are not UTF-8.
pub(crate) fn text_of(bytes: &Secret<Vec<u8>>) -> Option<Secret<String>> {
    core::str::from_utf8(bytes.expose()).ok().map(|text| Secret::new(text.to_owned()))
}

/// Says why sealing failed.
pub(crate) fn not_sealed(why: NotSealed) -> SealRefused {
    match why {
        NotSealed::Randomness => SealRefused::NoRandomness(RandomnessFailed),
        NotSealed::Cipher => SealRefused::CipherRefused,
    }
}

/// Says why opening failed.
pub(crate) fn refused(why: NotOpened, key_id: KeyId) -> SealRefused {
    match why {
        NotOpened::TooShort => SealRefused::NotASealedValue,
        NotOpened::VersionUnknown(version) => SealRefused::VersionUnknown { version },
        NotOpened::OtherKey(key_id) => SealRefused::KeyUnknown { key_id },
        NotOpened::Altered => SealRefused::Altered { key_id },
    }
}

#[cfg(test)]
mod tests {
    use super::{PLAINTEXT_BYTES_MAX, SealRefused, Sealed, Sealer};
    use crate::disk::RealDisk;
    use crate::kek::Kek;
    use crate::key::KeyBytes;
    use crate::randomness::scripted::{Broken, Counting};
    use std::path::Path;
    use std::sync::Arc;
    use tenure_model::{Instant, Secret};

    const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);

    fn kek() -> Kek {
        Kek::from_key(KeyBytes::draw(&mut Counting::from(1)).unwrap())
    }

    fn sealer(dir: &Path) -> Sealer {
        Sealer::create(Arc::new(RealDisk), &dir.join("sealing.ring"), &kek(), NOW, &mut Counting::from(2))
            .unwrap()
    }

    fn secret(text: &str) -> Secret<Vec<u8>> {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_row_only() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = sealer(dir.path());
        let mut randomness = Counting::from(3);
        let sealed = sealer.seal(&secret("hunter2"), b"source/7/password", &mut randomness).unwrap();
        assert_eq!(sealer.open(&sealed, b"source/7/password").unwrap().expose(), b"hunter2");
        let refused = sealer.open(&sealed, b"source/8/password").unwrap_err();
        insta::assert_snapshot!(refused, @"the value sealed under key c4eab05d357007c6 was altered, or belongs somewhere else; it is not used");
        let again = sealer.seal(&secret("hunter2"), b"source/7/password", &mut randomness).unwrap();
        assert_ne!(sealed, again, "equal values show that they are equal");
    }

    #[test]
    fn text_comes_back_as_text_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = sealer(dir.path());
        let mut randomness = Counting::from(3);
        let sealed = sealer.seal_text(&Secret::new("pä55".to_owned()), b"", &mut randomness).unwrap();
        assert_eq!(sealer.open_text(&sealed, b"").unwrap().expose(), "pä55");
        let sealed = sealer.seal(&Secret::new(vec![0xff, 0xfe]), b"", &mut randomness).unwrap();
        assert!(matches!(sealer.open_text(&sealed, b""), Err(SealRefused::NotText { .. })));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = sealer(dir.path());
        let sealed = sealer.seal(&secret("hunter2"), b"row", &mut Counting::from(3)).unwrap();
        for place in 0..sealed.as_bytes().len() {
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = sealed.as_bytes().to_vec();
                bytes[place] ^= change;
                assert!(sealer.open(&Sealed::from_bytes(bytes), b"row").is_err(), "byte {place}");
            }
        }
    }

    #[test]
    fn a_rotated_ring_opens_old_values_until_their_key_is_retired() {
        let dir = tempfile::tempdir().unwrap();
        let mut sealer = sealer(dir.path());
        let mut randomness = Counting::from(3);
        let first = sealer.current();
        let old = sealer.seal(&secret("old"), b"row", &mut randomness).unwrap();
        let second = sealer.rotate(NOW, &kek(), &mut randomness).unwrap();
        assert_eq!(sealer.current(), second);
        let new = sealer.seal(&secret("new"), b"row", &mut randomness).unwrap();

        let reopened =
            Sealer::open_ring(Arc::new(RealDisk), &dir.path().join("sealing.ring"), &kek()).unwrap();
        assert_eq!(reopened.current(), second);
        assert_eq!(reopened.open(&old, b"row").unwrap().expose(), b"old");
        assert_eq!(reopened.open(&new, b"row").unwrap().expose(), b"new");
        assert_eq!(reopened.reseal(&new, b"row", &mut randomness).unwrap(), None);
        let moved = reopened.reseal(&old, b"row", &mut randomness).unwrap().unwrap();

        sealer.retire(first, &kek(), &mut randomness).unwrap();
        assert_eq!(sealer.open(&old, b"row").unwrap_err(), SealRefused::KeyUnknown { key_id: first });
        assert_eq!(sealer.open(&moved, b"row").unwrap().expose(), b"old");
        assert_eq!(sealer.ages().len(), 1);
    }

    #[test]
    fn what_cannot_be_sealed_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = sealer(dir.path());
        let large = Secret::new(vec![0; PLAINTEXT_BYTES_MAX + 1]);
        let refused = sealer.seal(&large, b"", &mut Counting::from(1)).unwrap_err();
        insta::assert_snapshot!(refused, @"a value of 1048577 bytes is too large to seal; the limit is 1048576");
        assert!(matches!(sealer.seal(&secret("x"), b"", &mut Broken), Err(SealRefused::NoRandomness(_))));
        let refused = sealer.open(&Sealed::from_bytes(b"short".to_vec()), b"").unwrap_err();
        insta::assert_snapshot!(refused, @"this is no sealed value: it is too short");
    }
}
