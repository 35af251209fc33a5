//! A key's bytes and a key's name.
//!
//! Every key has an id that is safe to show: it stands in sealed values, fingerprints and
//! errors. Key bytes live on the heap, so that moving a key leaves no copy on a stack, and
//! are zeroed on drop. This room must never derive an id from which a key can be learned.

use crate::randomness::{Randomness, RandomnessFailed};
use aws_lc_rs::hmac;
use core::fmt::Write as _;
use tenure_model::Secret;
use zeroize::Zeroizing;

/// Bytes of every symmetric key and Ed25519 seed here.
pub(crate) const KEY_BYTES: usize = 32;

/// The name of a key: eight bytes, shown as sixteen lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KeyId::BYTES]);

/// Text that is not a key id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a key id; expected sixteen digits out of 0-9 and a-f")]
pub struct NotAKeyId {
    /// What was given, made printable.
    pub given: String,
}

impl KeyId {
    /// Bytes of a key id.
    pub const BYTES: usize = 8;

    /// From its eight bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its eight bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The first eight bytes of a digest. `None` when the digest is shorter than that.
    pub(crate) fn from_digest(digest: &[u8]) -> Option<Self> {
        digest.first_chunk().copied().map(Self)
    }
}

impl core::fmt::Display for KeyId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut text = String::with_capacity(2 * Self::BYTES);
        for byte in self.0 {
            write!(text, "{byte:02x}")?;
        }
        f.pad(&text)
    }
}

impl core::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl core::str::FromStr for KeyId {
    type Err = NotAKeyId;
    fn from_str(given: &str) -> Result<Self, NotAKeyId> {
        let refused = || NotAKeyId { given: tenure_model::printable(given, 60) };
        let spelled = given.len() == 2 * Self::BYTES
            && given.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if !spelled {
            return Err(refused());
        }
        u64::from_str_radix(given, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| refused())
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = <String as serde::Deserialize>::deserialize(deserializer)?;
        given.parse().map_err(serde::de::Error::custom)
    }
}

/// Thirty-two secret bytes: a key, or the seed of one.
#[derive(Debug)]
pub(crate) struct KeyBytes(Secret<Vec<u8>>);

impl KeyBytes {
    /// Draws a new key. Bytes that are all the same cannot be random and are refused.
    pub(crate) fn draw(randomness: &mut dyn Randomness) -> Result<Self, RandomnessFailed> {
        let mut bytes = Zeroizing::new(vec![0; KEY_BYTES]);
        randomness.fill(&mut bytes)?;
        Self::from_bytes(&bytes).ok_or(RandomnessFailed)
    }

    /// Copies thirty-two bytes. `None` for another length or when all bytes are the same.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let first = bytes.first()?;
        let plausible = bytes.len() == KEY_BYTES && bytes.iter().any(|byte| byte != first);
        plausible.then(|| Self(Secret::new(bytes.to_vec())))
    }

    /// An id for this key that says nothing about it: the beginning of a keyed hash over
    /// `purpose`. The same key has the same id wherever it comes from.
    pub(crate) fn derived_id(&self, purpose: &[u8]) -> KeyId {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.expose()), purpose);
        // INVARIANT: a SHA-256 tag has 32 bytes, so it always begins with eight.
        KeyId::from_digest(tag.as_ref()).unwrap_or(KeyId([0; KeyId::BYTES]))
    }

    /// The bytes, for the one call that needs them.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyBytes, KeyId};
    use crate::randomness::scripted::Stuck;

    #[test]
    fn a_key_id_reads_back() {
        let id = KeyId::from_bytes([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]);
        assert_eq!(id.to_string(), "00010203fcfdfeff");
        assert_eq!(id.to_string().parse::<KeyId>(), Ok(id));
        for wrong in ["", "00010203FCFDFEFF", "+0010203fcfdfeff", "00010203fcfdfeff0", "00010203fcfdfe f"] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_stuck_generator_makes_no_key() {
        assert!(KeyBytes::draw(&mut Stuck(0)).is_err());
        assert!(KeyBytes::draw(&mut Stuck(7)).is_err());
        assert!(KeyBytes::from_bytes(&[]).is_none());
    }
}
