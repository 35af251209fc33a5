//! A keyed digest of all that an extent holds, by which a receiver recognises that nothing changed.
//!
//! Content includes stored verifiers and clear copies of passwords, so a plain hash of it could be guessed
//! from: this type can be made with our key only, and must never hold anything else. It says whether two
//! readings were the same and nothing about what they held. Next: `survey_sink.rs`, where it is offered.

use crate::Fingerprint;

/// The domain of fingerprints of content.
const DOMAIN: &str = "extent-content";

/// The digest of what an extent held when it was read. Equal digests mean equal observations: it covers
/// every input that the observations of the extent were made from, and how they were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentDigest(String);

impl ContentDigest {
    /// Keys a digest of content. `content` should be a cryptographic hash over raw content, the question it
    /// answers, and the version of the connector that makes observations of it.
    pub fn keyed(fingerprint: &dyn Fingerprint, content: &[u8]) -> Self {
        Self(fingerprint.fingerprint(DOMAIN, content))
    }

    /// As text, to be recorded and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a receiver says to a digest that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition {
    /// The extent was read whole with this digest, lately enough: it is ended now, as whole and as it was.
    /// Neither a page nor an end of it may follow.
    Unchanged,
    /// It is not: send its pages and end it.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::ContentDigest;
    use crate::Fingerprint;

    struct Keyed(u8);

    impl Fingerprint for Keyed {
        fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
            format!("{}:{domain}:{}", self.0, value.len())
        }
    }

    #[test]
    fn a_digest_is_the_fingerprint_of_the_content_under_our_key() {
        let digest = ContentDigest::keyed(&Keyed(1), b"content");
        assert_eq!(digest.as_str(), "1:extent-content:7");
        assert_eq!(digest, ContentDigest::keyed(&Keyed(1), b"content"));
        assert_ne!(digest, ContentDigest::keyed(&Keyed(2), b"content"), "another key, another digest");
    }
}
