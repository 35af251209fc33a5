//! By what a post of Jira is believed: `X-Hub-Signature`, HMAC-SHA-256 over the body alone (WebSub, section 8).
//!
//! It says nothing of when: whoever believes it goes by what the body says, and takes nothing older than what it knows. A secret is
//! never shown. Next: `signing.rs`, which signs the time too.

use crate::{SignatureRefused, SigningSecretRefused};
use aws_lc_rs::hmac;
use std::{fmt, ops::RangeInclusive};

/// Bytes of a secret: what Jira draws has 20 or more.
const BYTES: RangeInclusive<usize> = 16..=256;

/// What both sides hold.
pub struct HubSecret(hmac::Key);

impl fmt::Debug for HubSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubSecret(…)")
    }
}

impl HubSecret {
    /// Takes a secret: 16 to 256 bytes.
    pub fn new(text: &str) -> Result<Self, SigningSecretRefused> {
        let text = text.trim();
        if !BYTES.contains(&text.len()) {
            return Err(SigningSecretRefused);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())))
    }

    /// Refuses what this secret did not sign. The time it takes does not say how much of a signature fits.
    pub fn check(&self, signature: &str, body: &[u8]) -> Result<(), SignatureRefused> {
        let digits = signature.strip_prefix("sha256=").ok_or(SignatureRefused::NotOurs)?;
        let tag = bytes(digits).ok_or(SignatureRefused::NotOurs)?;
        hmac::verify(&self.0, body, &tag).map_err(|_| SignatureRefused::NotOurs)
    }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let is_hex = digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    if is_hex { (0..digits.len()).step_by(2).map(pair).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::HubSecret;

    #[test]
    fn only_what_this_secret_signed_is_believed() {
        // The example of Atlassian's documentation of webhooks.
        let secret = HubSecret::new("It's a Secret to Everybody").unwrap();
        let signature = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
        let body = b"Hello World!";
        assert!(secret.check(signature, body).is_ok());
        assert!(secret.check(&signature.to_uppercase().replace("SHA", "sha"), body).is_ok());
        for other in
            ["", "sha256=", "sha1=a4771c39", &signature[7..], &signature.replace("a4", "a5"), "sha256=ää"]
        {
            assert!(secret.check(other, body).is_err(), "{other}");
        }
        assert!(secret.check(signature, b"Hello World").is_err());
        assert!(HubSecret::new("another one of them").unwrap().check(signature, body).is_err());
        assert!(HubSecret::new("short").is_err());
    }
}
