//! SHA-256 and the two Merkle hashes of RFC 6962 section 2.1.
//!
//! The only file that calls the digest primitive. It must never hash without a domain prefix: a leaf begins with
//! `0x00`, a node with `0x01`, and everything else goes through [`tagged_hash`]. Next: [`crate::tree`].

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Length of a hash in bytes (SHA-256).
pub const HASH_BYTES: usize = 32;

/// Length of a hash in standard base64 with padding, in characters.
pub const HASH_BASE64_CHARS: usize = 44;

/// Leaves up to this many bytes are hashed from one buffer on the stack; longer ones are hashed in two updates.
const STACK_LEAF_BYTES: usize = 1023;

/// A SHA-256 value: a leaf, a node, a root, or the digest of a body.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// The text is not the standard base64 of exactly 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hash is not the padded standard base64 of 32 bytes")]
pub struct HashMalformed;

impl Hash {
    /// Wraps 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Standard base64 with padding (RFC 4648 section 4), 44 characters, as C2SP formats write it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Appends the base64 form to `out` without allocating a string.
    pub(crate) fn push_base64(&self, out: &mut Vec<u8>) {
        let mut text = [0_u8; HASH_BASE64_CHARS];
        // The buffer is exactly as long as the encoding of 32 bytes, so the refusal cannot happen.
        if STANDARD.encode_slice(self.0, &mut text).is_ok() {
            out.extend_from_slice(&text);
        }
    }

    /// Reads the form [`Hash::to_base64`] writes. Refuses other alphabets, missing padding and stray trailing bits, so
    /// that a hash has exactly one spelling.
    pub fn from_base64(text: &str) -> Result<Self, HashMalformed> {
        if text.len() != HASH_BASE64_CHARS {
            return Err(HashMalformed);
        }
        let bytes = STANDARD.decode(text).map_err(|_| HashMalformed)?;
        Ok(Self(bytes.try_into().map_err(|_| HashMalformed)?))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_base64(&text).map_err(serde::de::Error::custom)
    }
}

/// Hash of a leaf: `SHA-256(0x00 || entry)` (RFC 6962 section 2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    let mut buffer = [0_u8; STACK_LEAF_BYTES + 1];
    if let Some(body) = buffer.get_mut(1..=entry.len()) {
        body.copy_from_slice(entry);
        return sha256(buffer.get(..=entry.len()).unwrap_or_default());
    }
    tagged_hash(&[0x00], &[entry])
}

/// Hash of an inner node: `SHA-256(0x01 || left || right)` (RFC 6962 section 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut buffer = [0x01_u8; 1 + 2 * HASH_BYTES];
    let [_, children @ ..] = &mut buffer;
    if let Some((to_left, to_right)) = children.split_first_chunk_mut::<HASH_BYTES>() {
        *to_left = left.0;
        to_right.copy_from_slice(&right.0);
    }
    sha256(&buffer)
}

/// Root of the empty tree: `SHA-256("")` (RFC 6962 section 2.1).
pub const fn empty_root() -> Hash {
    Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ])
}

/// `SHA-256(tag || parts...)`. Unambiguous only if every part but the last has a fixed length.
pub(crate) fn tagged_hash(tag: &[u8], parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(tag);
    for part in parts {
        context.update(part);
    }
    from_digest(context.finish())
}

/// Plain `SHA-256(data)`, for callers whose input already carries its domain.
pub(crate) fn sha256(data: &[u8]) -> Hash {
    from_digest(digest::digest(&digest::SHA256, data))
}

fn from_digest(value: digest::Digest) -> Hash {
    let mut bytes = [0_u8; HASH_BYTES];
    for (to, from) in bytes.iter_mut().zip(value.as_ref()) {
        *to = *from;
    }
    Hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(sha256(b""), empty_root());
    }

    #[test]
    fn a_leaf_hashes_alike_on_both_sides_of_the_stack_buffer() {
        for length in [0, 1, 1021, 1022, 1023, 1024, 1025, 65_535] {
            let entry = vec![0x5a_u8; length];
            assert_eq!(leaf_hash(&entry), tagged_hash(&[0], &[&entry]), "length {length}");
        }
    }

    #[test]
    fn leaf_and_node_hashes_match_known_answers() {
        // RFC 6962 section 2.1.3 names these trees; values are those every Certificate Transparency log uses.
        insta::assert_snapshot!(leaf_hash(b"").to_base64(), @"bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
        let left = leaf_hash(b"");
        let right = leaf_hash(&[0]);
        assert_eq!(node_hash(&left, &right), tagged_hash(&[1], &[left.as_bytes(), right.as_bytes()]));
    }

    #[test]
    fn a_hash_has_exactly_one_spelling() {
        let good = empty_root().to_base64();
        assert_eq!(Hash::from_base64(&good), Ok(empty_root()));
        for bad in [
            "",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        ] {
            assert_eq!(Hash::from_base64(bad), Err(HashMalformed), "{bad:?}");
        }
    }
}
