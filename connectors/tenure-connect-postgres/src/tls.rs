//! Encryption of the line: when it is used and what is checked.
//!
//! `require` checks the certificate against the system's authorities and the setting
//! `ca-file`. `prefer` encrypts when the server offers it and checks nothing: who can fake
//! the certificate could as well have withheld the offer. Never falls back from `require`.

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use std::{
    path::Path,
    sync::{Arc, OnceLock},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whether the line is encrypted, in the words of `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Never.
    Disable,
    /// When the server offers it.
    Prefer,
    /// Always, with a certificate that checks.
    Require,
}

/// Reads the authorities of a private certificate authority.
pub(crate) fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?
        .collect();
    let found = read.map_err(|error| format!("`{}` is not PEM: {error}", path.display()))?;
    if found.is_empty() { Err(format!("`{}` holds no certificate", path.display())) } else { Ok(found) }
}

/// What encrypts lines, made at the first need: reading the system's authorities takes a while.
#[derive(Default)]
pub(crate) struct Encryptor {
    authorities: Vec<CertificateDer<'static>>,
    checking: OnceLock<Result<MakeRustlsConnect, String>>,
    trusting: OnceLock<Result<MakeRustlsConnect, String>>,
}

impl Encryptor {
    /// With further authorities beside the system's.
    pub(crate) fn with(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self { authorities, ..Self::default() }
    }

    /// What encrypts a line in this way.
    pub(crate) fn of(&self, encryption: Encryption) -> Result<MakeRustlsConnect, String> {
        match encryption {
            Encryption::Require => self.checking.get_or_init(|| checking(&self.authorities)).clone(),
            Encryption::Prefer | Encryption::Disable => self.trusting.get_or_init(trusting).clone(),
        }
    }
}

fn checking(authorities: &[CertificateDer<'static>]) -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(authorities.iter().cloned());
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn trusting() -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier = Arc::new(Unchecked { provider });
    let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
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
