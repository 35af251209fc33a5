//! Public keys of SSH on the wire: length-prefixed strings (RFC 4251 section 5, RFC 4253 section 6.6).
//!
//! Reads the type, the size and the fingerprint of a public key, and puts one together from its numbers. It
//! must never look at private parts; nothing here is cryptography. Next: `authorized_keys.rs`, `private_key.rs`.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A public key, from its wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshPublicKey {
    /// `ssh-ed25519`, `ssh-rsa`, …, as the key itself says.
    pub algorithm: String,
    /// Its size in bits, where the algorithm is known.
    pub bits: Option<u32>,
    /// `SHA256:…`, as OpenSSH shows it.
    pub fingerprint: String,
}

/// Takes strings off the front of wire bytes.
pub(crate) struct Wire<'bytes>(pub(crate) &'bytes [u8]);

impl<'bytes> Wire<'bytes> {
    pub(crate) fn uint32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub(crate) fn string(&mut self) -> Option<&'bytes [u8]> {
        let length = usize::try_from(self.uint32()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}

/// Reads a public key. `None` when it is not one, or is followed by something.
pub(crate) fn public_key(blob: &[u8]) -> Option<SshPublicKey> {
    let mut wire = Wire(blob);
    let algorithm = core::str::from_utf8(wire.string()?).ok()?;
    let known = algorithm.len() <= 64 && algorithm.bytes().all(|byte| byte.is_ascii_graphic());
    if !known || algorithm.is_empty() {
        return None;
    }
    let is_certificate = algorithm.contains("-cert-v0");
    if is_certificate {
        // The nonce comes first (PROTOCOL.certkeys of OpenSSH).
        wire.string()?;
    }
    let bits = match size(algorithm, &mut wire)? {
        Size::Bits(bits) => Some(bits),
        Size::Unknown => None,
    };
    let whole = is_certificate || bits.is_none() || wire.0.is_empty();
    whole.then(|| SshPublicKey { algorithm: algorithm.to_owned(), bits, fingerprint: fingerprint(blob) })
}

/// Whether an RSA key's numbers are written as everybody writes them: the same key in another spelling has another digest.
pub(crate) fn is_plain_rsa(blob: &[u8]) -> bool {
    let mut wire = Wire(blob);
    let plain = |number: &[u8]| match number {
        [] => false,
        [0, next, ..] => *next >= 0x80,
        [first, ..] => *first != 0,
    };
    let numbers = (wire.string(), wire.string(), wire.string());
    matches!(numbers, (Some(_), Some(exponent), Some(modulus)) if plain(exponent) && plain(modulus))
        && wire.0.is_empty()
}

enum Size {
    Bits(u32),
    /// Of an algorithm we do not know.
    Unknown,
}

/// The size of the key that follows, and past it. `None`: it is not such a key.
fn size(algorithm: &str, wire: &mut Wire<'_>) -> Option<Size> {
    let family = algorithm.split("-cert-v0").next().unwrap_or_default();
    match family {
        "ssh-ed25519" => exactly(wire, 32).map(|()| Size::Bits(256)),
        "sk-ssh-ed25519@openssh.com" | "sk-ssh-ed25519" => {
            exactly(wire, 32)?;
            wire.string()?;
            Some(Size::Bits(256))
        }
        "ssh-rsa" => {
            let (_exponent, modulus) = (wire.string()?, wire.string()?);
            Some(Size::Bits(bits_of(modulus)))
        }
        "ssh-dss" => {
            let prime = wire.string()?;
            for _ in 0..3 {
                wire.string()?;
            }
            Some(Size::Bits(bits_of(prime)))
        }
        "ecdsa-sha2-nistp256" => point(wire, 65).map(|()| Size::Bits(256)),
        "ecdsa-sha2-nistp384" => point(wire, 97).map(|()| Size::Bits(384)),
        "ecdsa-sha2-nistp521" => point(wire, 133).map(|()| Size::Bits(521)),
        "sk-ecdsa-sha2-nistp256@openssh.com" | "sk-ecdsa-sha2-nistp256" => {
            point(wire, 65)?;
            wire.string()?;
            Some(Size::Bits(256))
        }
        _ => Some(Size::Unknown),
    }
}

fn exactly(wire: &mut Wire<'_>, bytes: usize) -> Option<()> {
    (wire.string()?.len() == bytes).then_some(())
}

/// A curve's name and an uncompressed point on it.
fn point(wire: &mut Wire<'_>, bytes: usize) -> Option<()> {
    wire.string()?;
    exactly(wire, bytes)
}

/// Significant bits of a big-endian number.
pub(crate) fn bits_of(number: &[u8]) -> u32 {
    let from = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let rest = number.split_at(from).1;
    let top = rest.first().map_or(0, |byte| 8 - byte.leading_zeros());
    u32::try_from(rest.len().saturating_sub(1)).unwrap_or(u32::MAX / 8).saturating_mul(8).saturating_add(top)
}

/// `SHA256:` and the digest of the wire form in base64 without padding.
pub(crate) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, blob)))
}

/// Puts strings together.
pub(crate) fn wire_of(strings: &[&[u8]]) -> Vec<u8> {
    let mut wire = Vec::new();
    for string in strings {
        wire.extend_from_slice(&u32::try_from(string.len()).unwrap_or(u32::MAX).to_be_bytes());
        wire.extend_from_slice(string);
    }
    wire
}

/// A number as the wire wants it: no leading zeros but one where the top bit is set (RFC 4251, `mpint`).
pub(crate) fn mpint(number: &[u8]) -> Vec<u8> {
    let from = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let rest = number.split_at(from).1;
    let mut mpint = Vec::with_capacity(rest.len() + 1);
    if rest.first().is_some_and(|byte| *byte >= 0x80) {
        mpint.push(0);
    }
    mpint.extend_from_slice(rest);
    mpint
}

#[cfg(test)]
mod tests {
    use super::{bits_of, mpint, public_key, wire_of};

    #[test]
    fn a_key_says_its_type_and_size() {
        let modulus = [&[0, 0x80][..], &[1; 255]].concat();
        let rsa = public_key(&wire_of(&[b"ssh-rsa", &[1, 0, 1], &modulus])).unwrap();
        assert_eq!((rsa.algorithm.as_str(), rsa.bits), ("ssh-rsa", Some(2048)));
        let ed25519 = public_key(&wire_of(&[b"ssh-ed25519", &[7; 32]])).unwrap();
        assert_eq!(ed25519.bits, Some(256));
        assert_eq!(ed25519.fingerprint.len(), 7 + 43);
        let unknown = public_key(&wire_of(&[b"ssh-later@example.org", b"x", b"y"])).unwrap();
        assert_eq!(unknown.bits, None);
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_no_key() {
        let whole = wire_of(&[b"ssh-ed25519", &[7; 32]]);
        for length in 0..whole.len() {
            assert_eq!(public_key(&whole[..length]), None, "{length}");
        }
        assert_eq!(public_key(&[whole, vec![0]].concat()), None);
        assert_eq!(public_key(&wire_of(&[b"ssh-ed25519", &[7; 31]])), None);
        assert_eq!(public_key(&[0xff; 8]), None);
    }

    #[test]
    fn numbers_are_counted_in_bits() {
        assert_eq!((bits_of(&[]), bits_of(&[0, 0]), bits_of(&[1]), bits_of(&[0, 0x80, 0])), (0, 0, 1, 16));
        assert_eq!(mpint(&[0, 0, 0x80]), [0, 0x80]);
        assert_eq!(mpint(&[0, 1]), [1]);
    }
}
