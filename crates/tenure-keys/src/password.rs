//! Passwords that Tenure makes for other systems.
//!
//! Letters and digits only, so that no place they pass through (SQL literal, URL,
//! connection string, shell, CSV) needs to quote them. This room must never let the
//! choice be uneven: bytes that would favour some letters are drawn again.

use crate::randomness::{Randomness, RandomnessFailed};
use tenure_model::Secret;
use zeroize::Zeroizing;

/// Characters of a generated password: 32 out of 62, about 190 bits.
pub const PASSWORD_CHARS: usize = 32;

/// The letters and digits a password is made of.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Bytes at and above this would favour the first letters: 4 × 62.
const EVEN_BELOW: u8 = 248;
/// Draws before the source counts as broken. A draw misses a kind of character about once
/// in 250 times, so a working source fails this with a chance below 10^-18.
const DRAWS_MAX: usize = 8;
/// Random bytes per draw: of 64, fewer than 32 below [`EVEN_BELOW`] is out of reach.
const DRAW_BYTES: usize = 2 * PASSWORD_CHARS;

/// Makes a password of [`PASSWORD_CHARS`] letters and digits, each equally likely, with at
/// least one capital, one small letter and one digit, as password policies ask.
///
/// Fails when the source fails, or keeps delivering what cannot be random.
pub fn generate_password(randomness: &mut dyn Randomness) -> Result<Secret<String>, RandomnessFailed> {
    for _ in 0..DRAWS_MAX {
        let mut bytes = Zeroizing::new([0; DRAW_BYTES]);
        randomness.fill(bytes.as_mut())?;
        let mut password = Zeroizing::new(String::with_capacity(PASSWORD_CHARS));
        let even = bytes.iter().filter(|byte| **byte < EVEN_BELOW);
        let letters = even.filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()));
        password.extend(letters.take(PASSWORD_CHARS).map(|letter| char::from(*letter)));
        if is_acceptable(&password) {
            return Ok(Secret::new(core::mem::take(&mut *password)));
        }
    }
    Err(RandomnessFailed)
}

/// Whole, and with each kind of character.
fn is_acceptable(password: &str) -> bool {
    password.len() == PASSWORD_CHARS
        && password.bytes().any(|letter| letter.is_ascii_uppercase())
        && password.bytes().any(|letter| letter.is_ascii_lowercase())
        && password.bytes().any(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, PASSWORD_CHARS, generate_password};
    use crate::randomness::scripted::{Broken, Counting, Stuck};
    use crate::randomness::{RandomnessFailed, SystemRandomness};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn passwords_differ_and_need_no_quoting() {
        let mut seen = BTreeSet::new();
        for _ in 0..500 {
            let password = generate_password(&mut SystemRandomness).unwrap();
            let text = password.expose().clone();
            assert_eq!(text.len(), PASSWORD_CHARS);
            assert!(text.bytes().all(|letter| letter.is_ascii_alphanumeric()), "a character needs quoting");
            assert!(seen.insert(text), "a password came twice");
        }
    }

    #[test]
    fn every_letter_is_about_equally_likely() {
        let mut counts = BTreeMap::new();
        let mut randomness = Counting::from(1);
        for _ in 0..2_000 {
            for letter in generate_password(&mut randomness).unwrap().expose().bytes() {
                *counts.entry(letter).or_insert(0_u32) += 1;
            }
        }
        // 64 000 letters over 62: about 1 032 each, standard deviation 32. A plain `% 62`
        // would give the first eight letters 1 250.
        assert_eq!(counts.len(), ALPHABET.len());
        for (letter, count) in counts {
            assert!((870..1_195).contains(&count), "`{}` came {count} times", char::from(letter));
        }
    }

    #[test]
    fn a_broken_source_makes_no_password() {
        assert_eq!(generate_password(&mut Broken).unwrap_err(), RandomnessFailed);
        assert_eq!(generate_password(&mut Stuck(0)).unwrap_err(), RandomnessFailed);
        assert_eq!(generate_password(&mut Stuck(255)).unwrap_err(), RandomnessFailed);
    }
}
