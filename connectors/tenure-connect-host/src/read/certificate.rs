//! X.509 certificates: whose, from whom, until when, how strong (RFC 5280).
//!
//! Reads PEM with any number of blocks, or one bare DER certificate. This file must never judge a date: it has
//! no clock; and it never verifies a signature, because what a certificate claims is what is recorded.
//! Next: `private_key.rs`, whose `spki_digest` says which key belongs to which certificate.

use super::private_key::{dotted, spki_digest};
use super::{LineFault, Parsed, pem};
use crate::item::{Item, Mark, Problem, ThingKind};
use aws_lc_rs::digest;
use tenure_model::{Fact, Instant, printable};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// Names of one certificate that are shown.
const NAMES_MAX: usize = 100;
/// Longest name that is shown, in characters.
const NAME_CHARS: usize = 200;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as a distinguished name.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Further names: hosts, addresses, mail, URIs, each with its kind in front.
    pub names: Vec<String>,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// When it begins.
    pub not_before: Instant,
    /// When it ends.
    pub not_after: Instant,
    /// `rsa`, `ec`, `ed25519`, …
    pub key_type: String,
    /// Size of the key in bits, where known.
    pub key_bits: Option<u32>,
    /// How it was signed: an object identifier in dotted form.
    pub signature: String,
    /// Subject and issuer are the same.
    pub self_issued: bool,
    /// May sign other certificates.
    pub authority: bool,
    /// `spki-sha256:…` of its key.
    pub spki_digest: String,
    /// SHA-256 of the whole certificate, in hexadecimal.
    pub digest: String,
    /// The line it begins on.
    pub line: u32,
}

impl Certificate {
    /// As an item. `key_beside` says whether its private key lies in the same directory.
    pub fn item(&self, key_beside: bool) -> Item {
        let mut item = Item::new(ThingKind::Certificate, &self.subject)
            .at_line(self.line)
            .text("issuer", &self.issuer)
            .text("serial", &self.serial)
            .fact("not_before", Fact::At(self.not_before))
            .fact("not_after", Fact::At(self.not_after))
            .text("key_type", &self.key_type)
            .text("signature", &self.signature)
            .flag("authority", self.authority)
            .flag("self_issued", self.self_issued)
            .flag("key_beside", key_beside)
            .text("spki_digest", &self.spki_digest)
            .fact("names", Fact::Texts(self.names.clone()))
            .mark(Mark::Public(format!("x509-sha256:{}", self.digest)))
            .problem_if(self.self_issued && !self.authority, Problem::SelfSigned);
        if let Some(bits) = self.key_bits {
            item = item.number("key_bits", i64::from(bits));
        }
        item
    }
}

/// Reads the certificates of a file.
pub fn read(bytes: &[u8]) -> Parsed<Certificate> {
    if bytes.first() == Some(&0x30) {
        let mut parsed = Parsed::default();
        // A bare key begins in the same way; that it is no certificate is no fault.
        parsed.things.extend(certificate(bytes, 1));
        return parsed;
    }
    let blocks = pem::read(bytes);
    let mut parsed = Parsed { things: Vec::new(), skipped: blocks.skipped };
    let labels = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
    for block in blocks.things.iter().filter(|block| labels.contains(&block.label.as_str())) {
        let read = certificate(block.content.expose(), block.line);
        parsed.keep(block.line, read.ok_or(LineFault::NotACertificate));
    }
    parsed
}

fn certificate(der: &[u8], line: u32) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let (key_type, key_bits) = key(&certificate);
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let digest = digest::digest(&digest::SHA256, der);
    Some(Certificate {
        subject: name(subject),
        issuer: name(issuer),
        names: names(&certificate),
        serial: hexadecimal(certificate.raw_serial()),
        not_before: instant(certificate.validity().not_before.timestamp()),
        not_after: instant(certificate.validity().not_after.timestamp()),
        key_type,
        key_bits,
        signature: dotted(certificate.signature_algorithm.algorithm.as_bytes()),
        self_issued: subject.as_raw() == issuer.as_raw(),
        authority: certificate.is_ca(),
        spki_digest: spki_digest(certificate.public_key().raw),
        digest: hexadecimal(digest.as_ref()),
        line,
    })
}

fn instant(seconds: i64) -> Instant {
    Instant::from_micros(seconds.saturating_mul(1_000_000))
}

fn name(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    printable(if text.is_empty() { "nobody named" } else { &text }, NAME_CHARS)
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let mut names: Vec<String> =
        extension.value.general_names.iter().take(NAMES_MAX).map(general_name).collect();
    names.sort_unstable();
    names
}

fn general_name(name: &GeneralName<'_>) -> String {
    let text = match name {
        GeneralName::DNSName(host) => format!("dns:{host}"),
        GeneralName::RFC822Name(mail) => format!("mail:{mail}"),
        GeneralName::URI(uri) => format!("uri:{uri}"),
        GeneralName::IPAddress(bytes) => format!("address:{}", address(bytes)),
        GeneralName::DirectoryName(name) => format!("name:{name}"),
        _ => "other".to_owned(),
    };
    printable(&text, NAME_CHARS)
}

fn address(bytes: &[u8]) -> String {
    let four = <[u8; 4]>::try_from(bytes).map(|four| std::net::IpAddr::from(four).to_string());
    let sixteen = <[u8; 16]>::try_from(bytes).map(|sixteen| std::net::IpAddr::from(sixteen).to_string());
    four.or(sixteen).unwrap_or_else(|_| "not an address".to_owned())
}

fn key(certificate: &X509Certificate<'_>) -> (String, Option<u32>) {
    let info = certificate.public_key();
    let object = dotted(info.algorithm.algorithm.as_bytes());
    match (info.parsed(), object.as_str()) {
        (Ok(PublicKey::RSA(key)), _) => ("rsa".to_owned(), u32::try_from(key.key_size()).ok()),
        (Ok(PublicKey::EC(point)), _) => ("ec".to_owned(), u32::try_from(point.key_size()).ok()),
        (Ok(PublicKey::DSA(_)), _) => ("dsa".to_owned(), None),
        (_, "1.3.101.112") => ("ed25519".to_owned(), Some(256)),
        (_, "1.3.101.113") => ("ed448".to_owned(), Some(448)),
        _ => (format!("object {object}"), None),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use core::fmt::Write as _;
    bytes.iter().take(64).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
