//! Looks for secrets in texts that are about to be kept.
//!
//! Columns that are named like secrets never come here; this is for a token in a description. Must never
//! keep or show what it looked at.

use crate::unreadable::Unreadable;
use std::sync::LazyLock;
use tenure_secrets::{ScanLimits, Scanner, ScannerRefused};

/// Made once: the rules are the same for every reading, and making them takes longer than most files.
static SCANNER: LazyLock<Result<Scanner, ScannerRefused>> = LazyLock::new(Scanner::new);

/// Shorter texts hold no secret that a rule knows, in bytes.
const TEXT_BYTES_MIN: usize = 10;
/// The id of an access key is public: it names the key and opens nothing.
const PUBLIC: &[&str] = &["aws_access_key_id"];

/// Finds secrets in texts.
#[derive(Debug)]
pub(crate) struct Guard {
    scanner: &'static Scanner,
    limits: ScanLimits,
}

impl Guard {
    /// With every rule that is enabled.
    pub(crate) fn new() -> Result<Self, Unreadable> {
        let scanner = SCANNER.as_ref().map_err(|_| Unreadable::NoScanner)?;
        Ok(Self { scanner, limits: ScanLimits::default() })
    }

    /// True when a text holds what looks like a secret.
    pub(crate) fn holds_secret(&self, text: &str) -> bool {
        text.len() >= TEXT_BYTES_MIN
            && self
                .scanner
                .scan(text.as_bytes(), &self.limits)
                .hits
                .iter()
                .any(|hit| !PUBLIC.contains(&hit.rule.id))
    }
}

#[cfg(test)]
mod tests {
    use super::Guard;

    #[test]
    fn a_token_in_a_text_is_found_and_the_id_of_a_key_is_none() {
        let guard = Guard::new().unwrap();
        let key = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
            "MC4CAQAwBQYDK2VwBCIEIA".repeat(3)
        );
        let token = format!("xoxb-{}-{}-{}", "2718281828459", "3141592653589", "aZq3Wk7Lm9Xc5Vb1Nt8Rp2Yd");
        assert!(guard.holds_secret(&format!("see {token} for the bot")) || guard.holds_secret(&key));
        for plain in
            ["AKIAQYLPMN5HFIQR7XYA", "nightly export of invoices", "arn:aws:iam::123456789012:user/shop"]
        {
            assert!(!guard.holds_secret(plain), "{plain}");
        }
    }
}
