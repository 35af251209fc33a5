//! Encryption of lines to other systems: when it is used and what is checked.
//!
//! `require` checks the certificate against the system's authorities and those that were given.
//! `prefer` encrypts when the server offers it and checks nothing: who can fake the certificate
//! could as well have withheld the offer. This room must never fall back from `require`, open a
//! connection, hold a secret, or know which protocol runs inside. It is the only one that says
//! what a certificate is checked against; who connects asks it for a `ClientConfig`.

pub use rustls::ClientConfig;
use rustls::{
    DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use std::{
    net::IpAddr,
    path::Path,
    sync::{Arc, OnceLock},
};

/// Whether a line is encrypted, in the words of PostgreSQL's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    Disable,
    /// When the server offers it; nothing is checked.
    Prefer,
    /// Always, with a certificate that checks.
    Require,
}

impl Encryption {
    /// What holds when nobody said anything: `require`, unless the line does not leave this machine.
    pub fn unless_said(host: &str) -> Self {
        if is_loopback(host) { Self::Prefer } else { Self::Require }
    }
}

/// True when a host name or address means this machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why a line cannot be encrypted as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsRefused {
    /// The file with further authorities cannot be read.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// The operating system's words.
        why: String,
    },
    /// It is not in PEM form.
    #[error("`{path}` is not PEM: {why}")]
    NotPem {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It holds no certificate.
    #[error("`{path}` holds no certificate")]
    Empty {
        /// Which file.
        path: String,
    },
    /// The library refuses its own defaults.
    #[error("encryption cannot be set up: {why}")]
    Setup {
        /// The library's words.
        why: String,
    },
}

/// Reads the authorities of a private certificate authority from a PEM file.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsRefused> {
    let shown = || path.display().to_string();
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|error| TlsRefused::Unreadable { path: shown(), why: error.to_string() })?
        .collect();
    let found = read.map_err(|error| TlsRefused::NotPem { path: shown(), why: error.to_string() })?;
    if found.is_empty() { Err(TlsRefused::Empty { path: shown() }) } else { Ok(found) }
}

/// What encrypts lines, made at the first need: reading the system's authorities takes a while.
#[derive(Debug, Default)]
pub struct Encryptor {
    authorities: Vec<CertificateDer<'static>>,
    checking: OnceLock<Result<Arc<ClientConfig>, TlsRefused>>,
    trusting: OnceLock<Result<Arc<ClientConfig>, TlsRefused>>,
}

impl Encryptor {
    /// With further authorities beside the system's.
    pub fn with(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self { authorities, ..Self::default() }
    }

    /// What encrypts a line in this way. `Disable` gets what `Prefer` gets: it will not be used.
    pub fn of(&self, encryption: Encryption) -> Result<Arc<ClientConfig>, TlsRefused> {
        match encryption {
            Encryption::Require => self.checking.get_or_init(|| checking(&self.authorities)).clone(),
            Encryption::Prefer | Encryption::Disable => self.trusting.get_or_init(trusting).clone(),
        }
    }
}

fn setup(error: &rustls::Error) -> TlsRefused {
    TlsRefused::Setup { why: error.to_string() }
}

fn checking(authorities: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, TlsRefused> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(authorities.iter().cloned());
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn trusting() -> Result<Arc<ClientConfig>, TlsRefused> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?;
    let verifier = Arc::new(Unchecked { provider });
    Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

/// Takes any certificate, and still checks that the peer holds its key.
#[derive(Debug)]
struct Unchecked {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Encryption, authorities};

    #[test]
    fn a_line_that_leaves_the_machine_is_encrypted_and_checked_unless_somebody_says_otherwise() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(Encryption::unless_said(host), Encryption::Prefer, "{host}");
        }
        for host in ["db.example", "10.0.0.1", "localhost.example", "::2", ""] {
            assert_eq!(Encryption::unless_said(host), Encryption::Require, "{host}");
        }
    }

    #[test]
    fn a_file_of_authorities_that_is_none_is_refused_in_plain_words() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |name: &str, content: Option<&str>| {
            let path = directory.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let shown = authorities(&path).unwrap_err().to_string();
            shown.replace(&directory.path().display().to_string(), "")
        };
        let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        let rows = [refused("missing", None), refused("empty", Some("")), refused("broken", Some(broken))];
        insta::assert_snapshot!(rows.join("\n"));
    }
}
