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
    io::Read as _,
    net::IpAddr,
    os::unix::fs::OpenOptionsExt as _,
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

/// The longest file of authorities, in bytes: a system's whole list is a fifth of it.
const AUTHORITIES_BYTES_MAX: u64 = 1024 * 1024;

/// Reads the authorities of a private certificate authority from a PEM file: a regular one of at most a mebibyte, so
/// that whoever may name or replace it can neither make us wait nor fill our memory.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsRefused> {
    let shown = || path.display().to_string();
    let content =
        content_of(path).map_err(|error| TlsRefused::Unreadable { path: shown(), why: error.to_string() })?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    let found = read.map_err(|error| TlsRefused::NotPem { path: shown(), why: error.to_string() })?;
    if found.is_empty() { Err(TlsRefused::Empty { path: shown() }) } else { Ok(found) }
}

/// The content of a small regular file, without waiting for a writer of a pipe.
fn content_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = std::fs::OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut content = Vec::new();
    let taken = file.take(AUTHORITIES_BYTES_MAX + 1).read_to_end(&mut content)?;
    if u64::try_from(taken).is_ok_and(|taken| taken > AUTHORITIES_BYTES_MAX) {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(content)
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

    #[test]
    fn a_pipe_is_not_waited_for_and_a_file_without_end_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let (pipe, large) = (directory.path().join("pipe"), directory.path().join("large"));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        std::fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
        let why = |path: &std::path::Path| authorities(path).unwrap_err().to_string();
        assert!(why(&pipe).contains("it is no regular file"), "{}", why(&pipe));
        assert!(why(std::path::Path::new("/dev/zero")).contains("it is no regular file"));
        assert!(why(&large).contains("it is larger than 1 MiB"), "{}", why(&large));
    }
}
