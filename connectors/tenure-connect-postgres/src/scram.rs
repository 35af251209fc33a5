//! SCRAM-SHA-256 verifiers as PostgreSQL stores them (RFC 5802 section 3, RFC 7677).
//!
//! A password is turned into a verifier here, so that no statement we send holds a clear
//! password and none can reach a server log. No primitive is ours: PBKDF2, HMAC and SHA-256
//! are the library's. Passwords outside printable ASCII are refused instead of normalised.

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use core::num::NonZeroU32;
use tenure_model::Secret;

/// PostgreSQL's own number of PBKDF2 rounds (`scram_iterations`); fewer counts as weak.
pub(crate) const ITERATIONS: u32 = 4_096;
/// How a SCRAM verifier begins.
const PREFIX: &str = "SCRAM-SHA-256$";
/// Rounds we are willing to compute when comparing with a stored verifier.
const ITERATIONS_MAX: u32 = 1_000_000;
/// Bytes of SHA-256.
const HASH_BYTES: usize = digest::SHA256_OUTPUT_LEN;

/// Why no verifier was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoVerifier {
    /// The value would have to be normalised first (RFC 4013).
    #[error("the value holds characters outside printable ASCII")]
    NotPlain,
}

/// Bytes of a salt.
pub(crate) const SALT_BYTES: usize = 16;

/// The stored form of `password`: `SCRAM-SHA-256$<rounds>:<salt>$<StoredKey>:<ServerKey>`.
pub(crate) fn verifier(password: &str, salt: [u8; SALT_BYTES]) -> Result<Secret<String>, NoVerifier> {
    if password.is_empty() || !password.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Err(NoVerifier::NotPlain);
    }
    let rounds = NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN);
    let keys = keys(password, &salt, rounds);
    Ok(Secret::new(format!(
        "{PREFIX}{rounds}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(keys.stored),
        STANDARD.encode(keys.server)
    )))
}

/// A salt that belongs to one intent: the same intent installs the same verifier, however often it is tried.
pub(crate) fn salt_of(intent: &[u8]) -> [u8; SALT_BYTES] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"tenure postgres verifier salt\0");
    context.update(intent);
    let mut salt = [0; SALT_BYTES];
    for (to, from) in salt.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    salt
}

/// Whether `stored` is a verifier of `password`; `None` when it is not a SCRAM verifier we can recompute.
pub(crate) fn belongs(stored: &str, password: &str) -> Option<bool> {
    let parsed = Parsed::of(stored)?;
    if parsed.rounds.get() > ITERATIONS_MAX {
        return None;
    }
    let keys = keys(password, &parsed.salt, parsed.rounds);
    Some(constant_time::verify_slices_are_equal(&keys.stored, &parsed.stored_key).is_ok())
}

/// The rounds of a SCRAM verifier; `None` when it is not one.
pub(crate) fn rounds(stored: &str) -> Option<u32> {
    Parsed::of(stored).map(|parsed| parsed.rounds.get())
}

struct Parsed {
    rounds: NonZeroU32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
}

impl Parsed {
    fn of(stored: &str) -> Option<Self> {
        let (head, keys) = stored.strip_prefix(PREFIX)?.split_once('$')?;
        let (rounds, salt) = head.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let parsed = Self {
            rounds: rounds.parse().ok()?,
            salt: STANDARD.decode(salt).ok()?,
            stored_key: STANDARD.decode(stored_key).ok()?,
        };
        let whole = parsed.stored_key.len() == HASH_BYTES
            && STANDARD.decode(server_key).is_ok_and(|key| key.len() == HASH_BYTES);
        whole.then_some(parsed)
    }
}

struct Keys {
    stored: Vec<u8>,
    server: Vec<u8>,
}

/// RFC 5802 section 3: SaltedPassword, then ClientKey → StoredKey, and ServerKey.
fn keys(password: &str, salt: &[u8], rounds: NonZeroU32) -> Keys {
    let mut salted = [0_u8; HASH_BYTES];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.as_bytes(), &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    salted.fill(0);
    let client = hmac::sign(&key, b"Client Key");
    Keys {
        stored: digest::digest(&digest::SHA256, client.as_ref()).as_ref().to_vec(),
        server: hmac::sign(&key, b"Server Key").as_ref().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 section 3: the exchange of user `user` with password `pencil`.
    #[test]
    fn the_keys_are_those_of_the_published_exchange() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = keys("pencil", &salt, NonZeroU32::new(4096).unwrap());
        let exchange = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
                        r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
                        c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let server = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &keys.server), exchange.as_bytes());
        assert_eq!(STANDARD.encode(server.as_ref()), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        // ClientProof xor ClientSignature is the ClientKey, whose hash is the StoredKey.
        let proof = STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &keys.stored), exchange.as_bytes());
        let client: Vec<u8> = proof.iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        assert_eq!(digest::digest(&digest::SHA256, &client).as_ref(), keys.stored);
    }

    #[test]
    fn a_verifier_belongs_to_its_password_only() {
        let made = verifier("correct horse", [7; 16]).unwrap();
        assert_eq!(belongs(made.expose(), "correct horse"), Some(true));
        assert_eq!(belongs(made.expose(), "correct horsf"), Some(false));
        assert_eq!(belongs("md5aa", "x"), None);
        assert_eq!(belongs("SCRAM-SHA-256$4096:c2FsdA==$short:short", "x"), None);
        assert_eq!(rounds(made.expose()), Some(ITERATIONS));
    }

    #[test]
    fn a_value_that_would_need_normalising_is_refused() {
        for value in ["", "naïve", "tab\t"] {
            assert_eq!(verifier(value, [0; 16]).map(|_| ()), Err(NoVerifier::NotPlain), "{value:?}");
        }
    }

    #[test]
    fn one_intent_has_one_salt() {
        assert_eq!(salt_of(b"one"), salt_of(b"one"));
        assert_ne!(salt_of(b"one"), salt_of(b"two"));
    }
}
