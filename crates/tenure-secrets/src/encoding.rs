//! Numbers and letters that formats use: CRC-32, base 62, base32, entropy.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// Base64 as URLs carry it, with or without padding.
pub(crate) fn base64_url(text: &[u8]) -> Option<Vec<u8>> {
    URL.decode(text).ok()
}

/// Base64, with or without padding.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    PLAIN.decode(text).ok()
}

/// CRC-32 (ISO 3309, as in zlib), bit by bit: a few dozen bytes at a time do not need a table.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

/// A number in base 62 with the digits 0-9, A-Z, a-z. `None` for other letters or more than 64 bits.
pub(crate) fn base62(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(u64::from(value))
    })
}

/// The first 64 bits of base32 (RFC 4648). `None` for other letters or fewer than thirteen.
pub(crate) fn base32_64_bits(letters: &[u8]) -> Option<u64> {
    let first = letters.get(..13)?;
    let bits = first.iter().try_fold(0_u128, |bits, letter| {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        Some((bits << 5) | u128::from(value))
    })?;
    u64::try_from(bits >> 1).ok()
}

/// Shannon entropy of the bytes, in bits for each.
#[expect(clippy::cast_precision_loss, reason = "values have a few thousand bytes at most")]
pub(crate) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let all = bytes.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all);
    shares.map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::{base32_64_bits, base62, crc32, entropy};

    #[test]
    fn checksums_are_those_of_the_standard() {
        // The check value of ISO 3309.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn digits_of_base_62_and_32() {
        assert_eq!(base62(b"000010"), Some(62));
        assert_eq!(base62(b"Az"), Some(10 * 62 + 61));
        assert_eq!((base62(b"-"), base62(&[b'z'; 20])), (None, None));
        assert_eq!(base32_64_bits(b"7777777777777"), Some(u64::MAX));
        assert_eq!((base32_64_bits(b"777777777777"), base32_64_bits(b"AAAAAAAAAAAA1")), (None, None));
    }

    #[test]
    fn entropy_is_in_bits_for_each_byte() {
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
        assert!(entropy(b"").abs() < 1e-9);
    }
}
