//! The sealed envelope: AES-256-GCM (NIST SP 800-38D) with a header that says which key.
//!
//! Shape, version 1: `version u8 = 1 | key id, 8 bytes | nonce, 12 bytes | ciphertext |
//! tag, 16 bytes`. The header is authenticated together with what the caller binds, so no
//! byte of it can change unnoticed; its length is fixed, so the two cannot be confused.
//! Nonces are random: one key seals at most 2^32 values (section 8.3), far beyond what it
//! seals between two rotations. This room must never choose a key. Next: `ring.rs`,
//! `seal.rs` and `escrow.rs`, which do.

use crate::key::{KeyBytes, KeyId};
use crate::randomness::{Randomness, RandomnessFailed, draw};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use tenure_model::Secret;
use zeroize::Zeroizing;

/// The version this code writes.
const VERSION: u8 = 1;
/// Bytes of the header.
const HEADER_BYTES: usize = 1 + KeyId::BYTES + NONCE_LEN;
/// Bytes of the authentication tag.
const TAG_BYTES: usize = 16;
/// Bytes an envelope adds to what it seals.
pub(crate) const OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;

/// Why an envelope was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSealed {
    /// No nonce could be drawn.
    Randomness,
    /// The cipher refused; it does so only beyond its limits on length.
    Cipher,
}

impl From<RandomnessFailed> for NotSealed {
    fn from(_: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

/// Why an envelope was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// Shorter than an empty envelope, so it never was one.
    TooShort,
    /// Of a version this code does not know.
    VersionUnknown(u8),
    /// Sealed under another key than the one given.
    OtherKey(KeyId),
    /// Some byte changed, or something else was bound to it.
    Altered,
}

/// Which key an envelope says it is sealed under.
pub(crate) fn key_of(sealed: &[u8]) -> Result<KeyId, NotOpened> {
    if sealed.len() < OVERHEAD_BYTES {
        return Err(NotOpened::TooShort);
    }
    match sealed.split_first() {
        Some((&VERSION, rest)) => KeyId::from_digest(rest).ok_or(NotOpened::TooShort),
        Some((version, _)) => Err(NotOpened::VersionUnknown(*version)),
        None => Err(NotOpened::TooShort),
    }
}

/// Seals `plaintext` and binds `bound` to it: it opens only with the same `bound`.
pub(crate) fn seal(
    key: &KeyBytes,
    id: KeyId,
    bound: &[u8],
    plaintext: &[u8],
    randomness: &mut dyn Randomness,
) -> Result<Vec<u8>, NotSealed> {
    let nonce = draw::<NONCE_LEN>(randomness)?;
    let mut sealed = Zeroizing::new(Vec::with_capacity(plaintext.len() + OVERHEAD_BYTES));
    sealed.push(VERSION);
    sealed.extend_from_slice(id.as_bytes());
    sealed.extend_from_slice(&nonce);
    let authenticated = [sealed.as_slice(), bound].concat();
    sealed.extend_from_slice(plaintext);
    let body = sealed.get_mut(HEADER_BYTES..).ok_or(NotSealed::Cipher)?;
    let tag = cipher(key)
        .and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_separate_tag(nonce, Aad::from(authenticated), body).ok()
        })
        .ok_or(NotSealed::Cipher)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(core::mem::take(&mut *sealed))
}

/// Opens an envelope sealed under this very key with this very `bound`.
pub(crate) fn open(
    key: &KeyBytes,
    id: KeyId,
    bound: &[u8],
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>, NotOpened> {
    let named = key_of(sealed)?;
    if named != id {
        return Err(NotOpened::OtherKey(named));
    }
    let (header, body) = sealed.split_at_checked(HEADER_BYTES).ok_or(NotOpened::TooShort)?;
    let nonce = header.last_chunk::<NONCE_LEN>().ok_or(NotOpened::TooShort)?;
    let authenticated = [header, bound].concat();
    let mut buffer = Zeroizing::new(body.to_vec());
    let opened = cipher(key)
        .and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            cipher.open_in_place(nonce, Aad::from(authenticated), &mut buffer).ok().map(|plain| plain.len())
        })
        .ok_or(NotOpened::Altered)?;
    buffer.truncate(opened);
    Ok(Secret::new(core::mem::take(&mut *buffer)))
}

/// The cipher under a key. `None` cannot happen: a [`KeyBytes`] has the right length.
fn cipher(key: &KeyBytes) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.expose()).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::{NotOpened, NotSealed, OVERHEAD_BYTES, key_of, open, seal};
    use crate::key::{KeyBytes, KeyId};
    use crate::randomness::scripted::{Broken, Counting};
    use proptest::prelude::{ProptestConfig, any, proptest};

    const ID: KeyId = KeyId::from_bytes([0xab; 8]);

    fn key(seed: u64) -> KeyBytes {
        KeyBytes::draw(&mut Counting::from(seed)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_sealed_opens_to_the_same(plain: Vec<u8>, bound: Vec<u8>, seed: u64) {
            let sealed = seal(&key(seed), ID, &bound, &plain, &mut Counting::from(seed)).unwrap();
            assert_eq!(sealed.len(), plain.len() + OVERHEAD_BYTES);
            assert_eq!(key_of(&sealed), Ok(ID));
            assert_eq!(open(&key(seed), ID, &bound, &sealed).unwrap().expose(), &plain);
        }

        #[test]
        fn text_from_anywhere_never_opens(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            assert!(open(&key(1), ID, b"bound", &text).is_err());
        }
    }

    #[test]
    fn every_bit_of_an_envelope_matters() {
        let sealed = seal(&key(1), ID, b"row 7", b"hunter2", &mut Counting::from(9)).unwrap();
        for byte in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[byte] ^= 1 << bit;
                assert!(open(&key(1), ID, b"row 7", &changed).is_err(), "bit {bit} of byte {byte}");
            }
        }
        for length in 0..sealed.len() {
            assert!(open(&key(1), ID, b"row 7", &sealed[..length]).is_err(), "cut to {length}");
        }
        assert!(open(&key(1), ID, b"row 7", &[sealed.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn another_key_or_another_binding_does_not_open_it() {
        let sealed = seal(&key(1), ID, b"row 7", b"hunter2", &mut Counting::from(9)).unwrap();
        assert_eq!(open(&key(2), ID, b"row 7", &sealed).unwrap_err(), NotOpened::Altered);
        assert_eq!(open(&key(1), ID, b"row 8", &sealed).unwrap_err(), NotOpened::Altered);
        assert_eq!(open(&key(1), ID, b"", &sealed).unwrap_err(), NotOpened::Altered);
        let other = KeyId::from_bytes([0xcd; 8]);
        assert_eq!(open(&key(1), other, b"row 7", &sealed).unwrap_err(), NotOpened::OtherKey(ID));
    }

    #[test]
    fn the_version_is_read_before_anything_else() {
        let mut sealed = seal(&key(1), ID, b"", b"hunter2", &mut Counting::from(9)).unwrap();
        sealed[0] = 2;
        assert_eq!(open(&key(1), ID, b"", &sealed).unwrap_err(), NotOpened::VersionUnknown(2));
        assert_eq!(open(&key(1), ID, b"", b"short").unwrap_err(), NotOpened::TooShort);
    }

    #[test]
    fn nothing_is_sealed_without_randomness() {
        assert_eq!(seal(&key(1), ID, b"", b"hunter2", &mut Broken).unwrap_err(), NotSealed::Randomness);
    }

    #[test]
    fn the_bytes_of_version_1_never_change() {
        // Referee: the same key, nonce, data and binding through another implementation
        // of AES-256-GCM, header `01 abababababababab <nonce>` ahead of the binding.
        let key =
            KeyBytes::from_bytes(&core::array::from_fn::<u8, 32, _>(|place| u8::try_from(place).unwrap()))
                .unwrap();
        let sealed = seal(&key, ID, b"row 7", b"hunter2", &mut Counting::from(9)).unwrap();
        let shown: String = sealed.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        insta::assert_snapshot!(shown, @"01abababababababab2ec5fe3c17045abdb136a5e645388fbe24941c04e9778191f4029f804a7c38c2daa414");
    }
}
