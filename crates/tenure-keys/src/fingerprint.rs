//! Fingerprints: keyed hashes by which a secret is recognised without being kept.
//!
//! HMAC-SHA-256 (RFC 2104), truncated to 128 bits (its section 5: not below half the hash).
//! Written `fp1:<key id>:<22 characters of base64url>`. Without the key a fingerprint
//! cannot be tested against guesses, so it may stand in the database and in exports. Values
//! and stored hashes are kept apart, so that the two never look equal by accident. This
//! room must never return a plain digest of a secret. Next: `ring.rs`.

use crate::disk::Disk;
use crate::kek::Kek;
use crate::key::{KeyBytes, KeyId};
use crate::randomness::Randomness;
use crate::ring::{KeyAge, Ring, RingKey, RingKind, RingRefused};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::Path;
use std::sync::Arc;
use tenure_model::{Instant, Secret};

/// Bytes of the truncated tag.
const TAG_BYTES: usize = 16;
/// What every fingerprint of this form begins with.
const PREFIX: &str = "fp1:";

/// What a fingerprint is taken of. Only fingerprints of the same thing are comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FingerprintOf<'kind> {
    /// A secret value itself, as somebody would paste it.
    Value,
    /// A hash or verifier that a system stores in place of the value.
    StoredHash,
    /// Bytes of a kind that a connector names, such as `postgres-verifier`.
    Kind(&'kind str),
}

impl FingerprintOf<'_> {
    /// What is hashed ahead of the secret. No two of these are the beginning of each other.
    fn domain(self) -> Vec<u8> {
        match self {
            Self::Value => b"tenure fingerprint 1 of a value\0".to_vec(),
            Self::StoredHash => b"tenure fingerprint 1 of a stored hash\0".to_vec(),
            Self::Kind(kind) => {
                let length = u32::try_from(kind.len()).unwrap_or(u32::MAX).to_be_bytes();
                [b"tenure fingerprint 1 of a kind\0".as_slice(), &length, kind.as_bytes()].concat()
            }
        }
    }
}

/// A fingerprint. Compare with [`Fingerprint::compare`]; it takes the same time whatever
/// the difference.
#[derive(Clone)]
pub struct Fingerprint {
    key_id: KeyId,
    tag: [u8; TAG_BYTES],
}

/// Text that is not a fingerprint. Does not quote it: it may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint; expected `fp1:`, sixteen hexadecimal digits, `:` and 22 characters of base64url")]
pub struct NotAFingerprint;

/// What comparing two fingerprints says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same secret.
    Same,
    /// Different secrets.
    Different,
    /// Taken under different keys, which says nothing.
    NotComparable,
}

impl Fingerprint {
    /// The key it was taken under.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Compares in constant time.
    pub fn compare(&self, other: &Self) -> Comparison {
        if self.key_id != other.key_id {
            return Comparison::NotComparable;
        }
        match constant_time::verify_slices_are_equal(&self.tag, &other.tag) {
            Ok(()) => Comparison::Same,
            Err(_) => Comparison::Different,
        }
    }
}

impl core::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(&format!("{PREFIX}{}:{}", self.key_id, URL_SAFE_NO_PAD.encode(self.tag)))
    }
}

impl core::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl core::str::FromStr for Fingerprint {
    type Err = NotAFingerprint;
    fn from_str(given: &str) -> Result<Self, NotAFingerprint> {
        let (key_id, tag) =
            given.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':')).ok_or(NotAFingerprint)?;
        let key_id = key_id.parse().map_err(|_| NotAFingerprint)?;
        // The decoder refuses every second spelling of the same bytes.
        let tag =
            URL_SAFE_NO_PAD.decode(tag).ok().and_then(|tag| tag.try_into().ok()).ok_or(NotAFingerprint)?;
        Ok(Self { key_id, tag })
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = <String as serde::Deserialize>::deserialize(deserializer)?;
        given.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a fingerprint could not be checked against a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintRefused {
    /// Its key is not in the ring.
    #[error(
        "taken under key {key_id}, which is not in the fingerprint ring: it was retired, or this is another deployment's"
    )]
    KeyUnknown {
        /// The key it names.
        key_id: KeyId,
    },
}

/// Takes fingerprints with a ring of keys.
#[derive(Debug)]
pub struct Fingerprints(Ring);

impl Fingerprints {
    /// Makes the ring, with one key, in a file that must not exist.
    pub fn create(
        disk: Arc<dyn Disk>,
        path: &Path,
        kek: &Kek,
        now: Instant,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, RingRefused> {
        let first = RingKey::draw(now, randomness)?;
        Ring::create(disk, path, RingKind::Fingerprint, "", first, kek, randomness).map(Self)
    }

    /// Reads the ring from its file.
    pub fn open_ring(disk: Arc<dyn Disk>, path: &Path, kek: &Kek) -> Result<Self, RingRefused> {
        Ring::open(disk, path, RingKind::Fingerprint, kek).map(Self)
    }

    /// The fingerprint under the current key, to be stored.
    pub fn take(&self, of: FingerprintOf<'_>, secret: &Secret<Vec<u8>>) -> Fingerprint {
        self.take_bytes(of, secret.expose())
    }

    /// The fingerprint of text under the current key, to be stored.
    pub fn take_text(&self, of: FingerprintOf<'_>, secret: &Secret<String>) -> Fingerprint {
        self.take_bytes(of, secret.expose().as_bytes())
    }

    /// The fingerprint of borrowed bytes under the current key, to be stored. Copies nothing.
    pub fn take_bytes(&self, of: FingerprintOf<'_>, secret: &[u8]) -> Fingerprint {
        let key = self.0.current();
        fingerprint(key.id, &key.bytes, of, secret)
    }

    /// The fingerprints under every key of the ring, newest first, to search with: during
    /// an overlap some rows still hold the older ones.
    pub fn take_all(&self, of: FingerprintOf<'_>, secret: &Secret<Vec<u8>>) -> Vec<Fingerprint> {
        self.0.keys().map(|key| fingerprint(key.id, &key.bytes, of, secret.expose())).collect()
    }

    /// Compares a stored fingerprint with a value, under the key the fingerprint names.
    pub fn check(
        &self,
        stored: &Fingerprint,
        of: FingerprintOf<'_>,
        secret: &Secret<Vec<u8>>,
    ) -> Result<Comparison, FingerprintRefused> {
        let key_id = stored.key_id;
        let key = self.0.key(key_id).ok_or(FingerprintRefused::KeyUnknown { key_id })?;
        Ok(stored.compare(&fingerprint(key.id, &key.bytes, of, secret.expose())))
    }

    /// Adds a new current key and answers its id. A fingerprint cannot be turned into one
    /// under another key, so keep both until everything was observed again. Durable when
    /// `Ok`; the ring is unchanged after an error.
    pub fn rotate(
        &mut self,
        now: Instant,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<KeyId, RingRefused> {
        self.0.rotate_anew(now, kek, randomness)
    }

    /// Drops an older key: its fingerprints recognise nothing any more. Durable when `Ok`;
    /// the ring is unchanged after an error.
    pub fn retire(
        &mut self,
        key_id: KeyId,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(), RingRefused> {
        self.0.retire(key_id, kek, randomness)
    }

    /// The key that new fingerprints are taken under.
    pub fn current(&self) -> KeyId {
        self.0.current().id
    }

    /// Names and ages of all keys, newest first.
    pub fn ages(&self) -> Vec<KeyAge> {
        self.0.ages()
    }
}

fn fingerprint(key_id: KeyId, key: &KeyBytes, of: FingerprintOf<'_>, secret: &[u8]) -> Fingerprint {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()));
    context.update(&of.domain());
    context.update(secret);
    // INVARIANT: a SHA-256 tag has 32 bytes, so it always begins with sixteen.
    let tag = context.sign().as_ref().first_chunk().copied().unwrap_or_default();
    Fingerprint { key_id, tag }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Fingerprint, FingerprintOf, FingerprintRefused, Fingerprints, fingerprint};
    use crate::disk::RealDisk;
    use crate::kek::Kek;
    use crate::key::{KeyBytes, KeyId};
    use crate::randomness::scripted::Counting;
    use std::path::Path;
    use std::sync::Arc;
    use tenure_model::{Instant, Secret};

    const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);

    fn kek() -> Kek {
        Kek::from_key(KeyBytes::draw(&mut Counting::from(1)).unwrap())
    }

    fn fingerprints(dir: &Path) -> Fingerprints {
        let path = dir.join("fingerprint.ring");
        Fingerprints::create(Arc::new(RealDisk), &path, &kek(), NOW, &mut Counting::from(2)).unwrap()
    }

    fn secret(text: &str) -> Secret<Vec<u8>> {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn equal_secrets_look_equal_and_others_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let taker = fingerprints(dir.path());
        let of = FingerprintOf::Value;
        let stored = taker.take(of, &secret("hunter2"));
        assert_eq!(
            stored.compare(&taker.take_text(of, &Secret::new("hunter2".to_owned()))),
            Comparison::Same
        );
        assert_eq!(stored.compare(&taker.take(of, &secret("hunter3"))), Comparison::Different);
        let hash = taker.take(FingerprintOf::StoredHash, &secret("hunter2"));
        assert_eq!(stored.compare(&hash), Comparison::Different, "a value and a stored hash looked equal");
        let kinds = [FingerprintOf::Kind(""), FingerprintOf::Kind("a"), FingerprintOf::Kind("ab"), of];
        for (place, one) in kinds.iter().enumerate() {
            for other in kinds.get(place + 1..).unwrap() {
                let (one, other) =
                    (taker.take_bytes(*one, b"bhunter2"), taker.take_bytes(*other, b"hunter2"));
                assert_eq!(one.compare(&other), Comparison::Different, "two kinds looked equal");
            }
        }
    }

    #[test]
    fn the_spelling_never_changes() {
        // Referee: HMAC-SHA-256 of `tenure fingerprint 1 of a value\0hunter2` under the key
        // 00 01 .. 1f by another implementation, first 16 bytes in base64url.
        let key =
            KeyBytes::from_bytes(&core::array::from_fn::<u8, 32, _>(|place| u8::try_from(place).unwrap()))
                .unwrap();
        let id = KeyId::from_bytes([0xab; 8]);
        insta::assert_snapshot!(fingerprint(id, &key, FingerprintOf::Value, b"hunter2"), @"fp1:abababababababab:kIzaDCH_DC1dTrDc3zjpOw");
    }

    #[test]
    fn a_fingerprint_reads_back_from_one_spelling_only() {
        let dir = tempfile::tempdir().unwrap();
        let text = fingerprints(dir.path()).take(FingerprintOf::Value, &secret("hunter2")).to_string();
        assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), text);
        for place in 0..text.len() {
            for letter in ["", "=", "A", "é", ":", " "] {
                let mut changed = text.clone();
                changed.replace_range(place..=place, letter);
                if let Ok(parsed) = changed.parse::<Fingerprint>() {
                    assert_eq!(parsed.to_string(), changed, "two spellings of one fingerprint");
                }
            }
        }
        let refused = "hunter2".parse::<Fingerprint>().unwrap_err();
        insta::assert_snapshot!(refused, @"not a fingerprint; expected `fp1:`, sixteen hexadecimal digits, `:` and 22 characters of base64url");
    }

    #[test]
    fn old_and_new_keys_recognise_until_the_old_one_is_retired() {
        let dir = tempfile::tempdir().unwrap();
        let mut taker = fingerprints(dir.path());
        let of = FingerprintOf::Value;
        let first = taker.current();
        let old = taker.take(of, &secret("hunter2"));
        taker.rotate(NOW, &kek(), &mut Counting::from(3)).unwrap();
        let new = taker.take(of, &secret("hunter2"));
        assert_eq!(old.compare(&new), Comparison::NotComparable);

        let path = dir.path().join("fingerprint.ring");
        let reopened = Fingerprints::open_ring(Arc::new(RealDisk), &path, &kek()).unwrap();
        let all: Vec<_> = reopened.take_all(of, &secret("hunter2")).iter().map(ToString::to_string).collect();
        assert_eq!(all, [new.to_string(), old.to_string()]);
        assert_eq!(reopened.check(&old, of, &secret("hunter2")), Ok(Comparison::Same));
        assert_eq!(reopened.check(&old, of, &secret("hunter3")), Ok(Comparison::Different));

        taker.retire(first, &kek(), &mut Counting::from(4)).unwrap();
        let refused = taker.check(&old, of, &secret("hunter2"));
        assert_eq!(refused, Err(FingerprintRefused::KeyUnknown { key_id: first }));
        assert_eq!(taker.take_all(of, &secret("hunter2")).len(), 1);
    }
}
