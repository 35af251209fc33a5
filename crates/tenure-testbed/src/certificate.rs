//! A certificate for a private server on loopback, made anew for each test and kept nowhere.

use anyhow::{Context as _, Result};

/// A certificate that signs itself, and its key, both as PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, which is its own authority.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Certificate {
    /// For 127.0.0.1 and no other name.
    pub fn for_loopback() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed([String::from("127.0.0.1")])
            .context("no certificate was made")?;
        Ok(Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }
}

#[cfg(test)]
mod tests {
    use super::Certificate;

    #[test]
    fn each_certificate_has_a_key_of_its_own() {
        let [one, other] = [Certificate::for_loopback().unwrap(), Certificate::for_loopback().unwrap()];
        assert!(one.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(one.key.starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_ne!(one.key, other.key);
    }
}
