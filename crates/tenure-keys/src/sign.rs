//! Keys that sign the evidence log: Ed25519 (RFC 8032), one current and those before it.
//!
//! During an overlap every key of the ring signs each checkpoint, so that verifiers pinned
//! to the old key and to the new one both verify. The seeds live in a ring file under the
//! key-encryption key. This room must never know what it signs: the evidence crate says what
//! bytes, the engine brings both together. Next: `ring.rs`.

use crate::disk::Disk;
use crate::kek::Kek;
use crate::key::{KeyBytes, KeyId};
use crate::randomness::Randomness;
use crate::ring::{KeyAge, Ring, RingKey, RingKind, RingRefused};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use std::path::Path;
use std::sync::Arc;
use tenure_model::Instant;

/// Most bytes of a log's name.
const NAME_BYTES_MAX: usize = 200;

/// Text that cannot name a log (C2SP signed-note, "Signatures": no space, no `+`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` cannot name a log; use 1 to {NAME_BYTES_MAX} bytes without spaces, control characters or `+`, \
     for example tenure.example.com/log"
)]
pub struct NotALogName {
    /// What was given, made printable.
    pub given: String,
}

/// Checks a log's name (its origin), which every signature line repeats.
pub fn check_log_name(given: &str) -> Result<(), NotALogName> {
    let fits = (1..=NAME_BYTES_MAX).contains(&given.len())
        && tenure_model::printable(given, NAME_BYTES_MAX) == given
        && !given.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '+');
    if fits { Ok(()) } else { Err(NotALogName { given: tenure_model::printable(given, 60) }) }
}

/// The public half of a log key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The log's name.
    pub name: String,
    /// The first eight bytes of SHA-256(name, newline, 0x01, public key). The first four of
    /// them are the key id of C2SP signed-note.
    pub key_id: KeyId,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

/// The library did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("log key {key_id} did not sign")]
pub struct SigningFailed {
    /// The key that should have.
    pub key_id: KeyId,
}

/// One log key that can sign.
pub struct LogSigner {
    key: LogKey,
    pair: Ed25519KeyPair,
}

impl LogSigner {
    /// The log's name.
    pub fn name(&self) -> &str {
        &self.key.name
    }

    /// The public half.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// The Ed25519 public key.
    pub const fn public_key(&self) -> [u8; 32] {
        self.key.public
    }

    /// Signs a message (RFC 8032 section 5.1.6: deterministic). About ten microseconds.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningFailed> {
        let failed = SigningFailed { key_id: self.key.key_id };
        let signature = self.pair.try_sign(message).map_err(|_| failed)?;
        signature.as_ref().try_into().map_err(|_| failed)
    }

    fn of(name: &str, seed: &KeyBytes) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).ok()?;
        let public: [u8; 32] = pair.public_key().as_ref().try_into().ok()?;
        let key = LogKey { name: name.to_owned(), key_id: id_of(name, &public)?, public };
        Some(Self { key, pair })
    }
}

impl core::fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LogSigner").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The ring of log keys.
#[derive(Debug)]
pub struct LogKeys {
    ring: Ring,
    /// In the order of the ring: newest first.
    signers: Vec<LogSigner>,
}

impl LogKeys {
    /// Makes the ring, with one key, in a file that must not exist.
    pub fn create(
        disk: Arc<dyn Disk>,
        path: &Path,
        name: &str,
        kek: &Kek,
        now: Instant,
        randomness: &mut dyn Randomness,
    ) -> Result<Self, RingRefused> {
        check_log_name(name).map_err(RingRefused::NameRefused)?;
        let first = new_key(name, now, randomness)?;
        let ring = Ring::create(disk, path, RingKind::Log, name, first, kek, randomness)?;
        Self::over(ring, path)
    }

    /// Reads the ring from its file.
    pub fn open_ring(disk: Arc<dyn Disk>, path: &Path, kek: &Kek) -> Result<Self, RingRefused> {
        Self::over(Ring::open(disk, path, RingKind::Log, kek)?, path)
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        self.ring.label()
    }

    /// Every key that signs, newest first: the current one, then those of the overlap.
    pub fn signers(&self) -> &[LogSigner] {
        &self.signers
    }

    /// The key that outlives the overlap.
    pub fn current(&self) -> KeyId {
        self.ring.current().id
    }

    /// Names and ages of all keys, newest first.
    pub fn ages(&self) -> Vec<KeyAge> {
        self.ring.ages()
    }

    /// Adds a new current key and answers its public half. The keys before it go on signing
    /// beside it until retired, so publish the new one to verifiers meanwhile. Durable when
    /// `Ok`; the ring is unchanged after an error.
    pub fn rotate(
        &mut self,
        now: Instant,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<LogKey, RingRefused> {
        let next = new_key(self.ring.label(), now, randomness)?;
        let signer = LogSigner::of(self.ring.label(), &next.bytes)
            .ok_or(RingRefused::CipherRefused { kind: "log" })?;
        self.ring.rotate(next, kek, randomness)?;
        let key = signer.key.clone();
        self.signers.insert(0, signer);
        Ok(key)
    }

    /// Drops an older key: it signs no more, and what it signed stays verifiable. Durable
    /// when `Ok`; the ring is unchanged after an error.
    pub fn retire(
        &mut self,
        key_id: KeyId,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<(), RingRefused> {
        self.ring.retire(key_id, kek, randomness)?;
        self.signers.retain(|signer| signer.key.key_id != key_id);
        Ok(())
    }

    /// Begins a new log origin, as a restore must: drops every key of the old log, so that
    /// nobody can fork it, and answers the first key of the new one. What the old keys
    /// signed stays verifiable. Durable when `Ok`; the ring is unchanged after an error.
    pub fn begin_origin(
        &mut self,
        name: &str,
        now: Instant,
        kek: &Kek,
        randomness: &mut dyn Randomness,
    ) -> Result<LogKey, RingRefused> {
        check_log_name(name).map_err(RingRefused::NameRefused)?;
        if name == self.name() {
            return Err(RingRefused::OriginInUse { name: name.to_owned() });
        }
        let first = new_key(name, now, randomness)?;
        let signer = LogSigner::of(name, &first.bytes).ok_or(RingRefused::CipherRefused { kind: "log" })?;
        self.ring.begin_anew(name, first, kek, randomness)?;
        let key = signer.key.clone();
        self.signers = vec![signer];
        Ok(key)
    }

    /// Makes the signers, and checks that each key's name follows from the key.
    fn over(ring: Ring, path: &Path) -> Result<Self, RingRefused> {
        let signer = |key: &RingKey| {
            LogSigner::of(ring.label(), &key.bytes).filter(|signer| signer.key.key_id == key.id)
        };
        let signers: Option<Vec<_>> = ring.keys().map(signer).collect();
        let altered = || RingRefused::Altered { path: path.to_path_buf(), kind: RingKind::Log.word() };
        Ok(Self { signers: signers.ok_or_else(altered)?, ring })
    }
}

fn new_key(name: &str, now: Instant, randomness: &mut dyn Randomness) -> Result<RingKey, RingRefused> {
    let bytes = KeyBytes::draw(randomness).map_err(RingRefused::NoRandomness)?;
    let signer = LogSigner::of(name, &bytes).ok_or(RingRefused::CipherRefused { kind: "log" })?;
    Ok(RingKey { id: signer.key.key_id, made_at: now, bytes })
}

/// The key id of C2SP signed-note ("Signatures", type 0x01 for Ed25519), eight bytes long.
fn id_of(name: &str, public: &[u8; 32]) -> Option<KeyId> {
    let named = [name.as_bytes(), b"\n\x01", public].concat();
    KeyId::from_digest(digest::digest(&digest::SHA256, &named).as_ref())
}

#[cfg(test)]
mod tests {
    use super::{LogKeys, LogSigner, check_log_name};
    use crate::disk::RealDisk;
    use crate::kek::Kek;
    use crate::key::KeyBytes;
    use crate::randomness::scripted::Counting;
    use crate::ring::{Ring, RingKind, RingRefused};
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use std::path::Path;
    use std::sync::Arc;
    use tenure_model::Instant;

    const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);

    fn kek() -> Kek {
        Kek::from_key(KeyBytes::draw(&mut Counting::from(1)).unwrap())
    }

    fn log_keys(dir: &Path) -> LogKeys {
        let path = dir.join("log.ring");
        LogKeys::create(Arc::new(RealDisk), &path, "tenure.example/log", &kek(), NOW, &mut Counting::from(2))
            .unwrap()
    }

    fn verifies(public: [u8; 32], message: &[u8], signature: [u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, public).verify(message, &signature).is_ok()
    }

    #[test]
    fn signatures_are_those_of_the_standard() {
        // RFC 8032 section 7.1, TEST 2.
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let signer = LogSigner::of("log", &KeyBytes::from_bytes(&seed).unwrap()).unwrap();
        assert_eq!(
            signer.public_key().to_vec(),
            bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        );
        assert_eq!(
            signer.sign(&[0x72]).unwrap().to_vec(),
            bytes(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                 085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            )
        );
    }

    #[test]
    fn the_key_id_begins_with_that_of_a_signed_note() {
        // The example verifier key of the Go package sumdb/note:
        // PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
        let public = bytes("1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6");
        let id = super::id_of("PeterNeumann", &public.try_into().unwrap()).unwrap();
        assert!(id.to_string().starts_with("c74f20a3"), "{id}");
    }

    #[test]
    fn both_keys_sign_during_the_overlap() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = log_keys(dir.path());
        let old = keys.signers()[0].key().clone();
        let new = keys.rotate(NOW, &kek(), &mut Counting::from(3)).unwrap();
        assert_ne!(old.public, new.public);
        assert_eq!(keys.current(), new.key_id);

        let reopened = LogKeys::open_ring(Arc::new(RealDisk), &dir.path().join("log.ring"), &kek()).unwrap();
        assert_eq!(reopened.name(), "tenure.example/log");
        let signed: Vec<_> = reopened
            .signers()
            .iter()
            .map(|signer| (signer.public_key(), signer.sign(b"head").unwrap()))
            .collect();
        assert_eq!(signed.iter().map(|(public, _)| *public).collect::<Vec<_>>(), [new.public, old.public]);
        assert!(signed.iter().all(|(public, signature)| verifies(*public, b"head", *signature)));
        assert!(!verifies(old.public, b"head", signed[0].1));

        keys.retire(old.key_id, &kek(), &mut Counting::from(4)).unwrap();
        assert_eq!(keys.signers().iter().map(|signer| signer.key().clone()).collect::<Vec<_>>(), [new]);
        assert!(verifies(old.public, b"head", signed[1].1), "what was signed stays verifiable");
    }

    #[test]
    fn a_new_origin_has_one_new_key_and_none_of_the_old() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.ring");
        let mut keys = log_keys(dir.path());
        keys.rotate(NOW, &kek(), &mut Counting::from(3)).unwrap();
        let old: Vec<_> = keys.signers().iter().map(LogSigner::public_key).collect();
        let refused =
            keys.begin_origin("tenure.example/log", NOW, &kek(), &mut Counting::from(4)).unwrap_err();
        insta::assert_snapshot!(refused, @"`tenure.example/log` is the origin of the present log; a new origin needs another name");

        let written = std::fs::read(&path).unwrap();
        std::fs::write(&path, b"changed by another process").unwrap();
        assert!(keys.begin_origin("tenure.example/log-2", NOW, &kek(), &mut Counting::from(4)).is_err());
        assert_eq!((keys.name(), keys.signers().len()), ("tenure.example/log", 2));
        std::fs::write(&path, written).unwrap();

        let first = keys.begin_origin("tenure.example/log-2", NOW, &kek(), &mut Counting::from(4)).unwrap();
        let reopened = LogKeys::open_ring(Arc::new(RealDisk), &path, &kek()).unwrap();
        for keys in [keys, reopened] {
            assert_eq!(keys.name(), "tenure.example/log-2");
            assert_eq!(keys.signers().iter().map(LogSigner::key).collect::<Vec<_>>(), [&first]);
        }
        assert!(!old.contains(&first.public));
    }

    #[test]
    fn the_only_key_cannot_be_retired() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = log_keys(dir.path());
        let refused = keys.retire(keys.current(), &kek(), &mut Counting::from(4)).unwrap_err();
        assert!(matches!(refused, RingRefused::KeyIsCurrent { .. }));
        assert_eq!(keys.signers().len(), 1);
    }

    #[test]
    fn a_key_under_a_name_that_does_not_follow_from_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.ring");
        // A ring with a random id for its key, as the other rings have.
        let first = crate::ring::RingKey::draw(NOW, &mut Counting::from(2)).unwrap();
        let (disk, mut randomness) = (Arc::new(RealDisk), Counting::from(3));
        Ring::create(disk.clone(), &path, RingKind::Log, "log", first, &kek(), &mut randomness).unwrap();
        assert!(matches!(LogKeys::open_ring(disk, &path, &kek()), Err(RingRefused::Altered { .. })));
    }

    #[test]
    fn a_name_that_would_break_a_signature_line_is_refused() {
        assert!(check_log_name("tenure.example.com/log").is_ok());
        for wrong in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{202e}b", &"x".repeat(201)] {
            assert!(check_log_name(wrong).is_err(), "{wrong:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.ring");
        let refused =
            LogKeys::create(Arc::new(RealDisk), &path, "my log", &kek(), NOW, &mut Counting::from(2));
        insta::assert_snapshot!(refused.unwrap_err(), @"the log ring was not made");
        assert!(!path.exists());
    }

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }
}
