//! Private keys: which kind, how large, encrypted or not, and which public key they belong to.
//!
//! Understands OpenSSH's own format (PROTOCOL.key), PuTTY's, PKCS#1 (RFC 8017), SEC 1 (RFC 5915) and PKCS#8
//! (RFC 5958), the last three in PEM or bare DER. Private numbers are never copied out; a passphrase is
//! never tried. Next: `ssh_wire.rs`, `der.rs`, `pem.rs`; `certificate.rs` finds the certificate beside a key.

use super::der::{BIT_STRING, Der, INTEGER, OBJECT, OCTET_STRING, bit_string, element, sequence};
use super::pem::Block;
use super::ssh_wire::{SshPublicKey, Wire, bits_of, fingerprint, mpint, public_key, wire_of};
use super::{LineFault, Parsed, lines, pem};
use crate::item::{Item, Mark, Problem, ThingKind};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tenure_model::{Fact, noun, printable};

/// Object identifiers, as DER has them (RFC 8017, RFC 5480, RFC 8410).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

noun! {
    /// In which format a key is kept.
    pub enum KeyFormat as "key format" {
        /// OpenSSH's own.
        OpenSsh = "openssh",
        /// PuTTY's.
        Putty = "putty",
        /// PKCS#1: RSA only.
        Pkcs1 = "pkcs1",
        /// SEC 1: elliptic curves only.
        Sec1 = "sec1",
        /// The DSA format of OpenSSL.
        Dsa = "dsa",
        /// PKCS#8.
        Pkcs8 = "pkcs8",
    }
}

/// The public side of a private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicSide {
    /// `rsa`, `ec`, `ed25519`, …
    pub algorithm: String,
    /// Size in bits, where known.
    pub bits: Option<u32>,
    /// `SHA256:…` as OpenSSH shows it, where the key can be used with SSH.
    pub ssh_fingerprint: Option<String>,
    /// `spki-sha256:…`, the digest by which certificates of this key are recognised.
    pub spki_digest: Option<String>,
}

/// A private key that lies in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// Its format.
    pub format: KeyFormat,
    /// Whether a passphrase protects it.
    pub encrypted: bool,
    /// Its public side, where it can be known without a passphrase.
    pub public: Option<PublicSide>,
    /// The line it begins on.
    pub line: u32,
}

impl PrivateKey {
    /// As an item. `kind` says what the place makes of it: a user's key, a host's, one for TLS.
    pub fn item(&self, kind: ThingKind, name: &str) -> Item {
        let mut item = Item::new(kind, name)
            .at_line(self.line)
            .text("format", self.format.as_str())
            .flag("encrypted", self.encrypted)
            // A host key must start without a person, so it cannot have a passphrase.
            .problem_if(!self.encrypted && kind != ThingKind::SshHostKey, Problem::Unencrypted);
        let Some(public) = &self.public else {
            let why = "the public key is inside the encrypted part";
            return item.fact("key_type", Fact::Unknown(why.to_owned()));
        };
        item = item.text("key_type", &public.algorithm);
        if let Some(bits) = public.bits {
            item = item.number("key_bits", i64::from(bits));
        }
        if let Some(digest) = &public.spki_digest {
            item = item.text("spki_digest", digest);
        }
        let ssh = public.ssh_fingerprint.as_ref();
        let by_spki = kind == ThingKind::PrivateKey;
        let mark =
            if by_spki { public.spki_digest.as_ref().or(ssh) } else { ssh.or(public.spki_digest.as_ref()) };
        item.mark(mark.map_or(Mark::Nothing, |mark| Mark::Public(mark.clone())))
    }
}

/// Reads the private keys of a file: PEM blocks, PuTTY's format, or one bare DER key.
pub fn read(bytes: &[u8]) -> Parsed<PrivateKey> {
    if bytes.starts_with(b"PuTTY-User-Key-File-") {
        let mut parsed = Parsed::default();
        parsed.keep(1, putty(bytes).ok_or(LineFault::NotAKey));
        return parsed;
    }
    if bytes.first() == Some(&0x30) {
        let mut parsed = Parsed::default();
        // A bare certificate begins in the same way; that it is no key is no fault.
        parsed.things.extend(der_key(bytes, 1));
        return parsed;
    }
    let blocks = pem::read(bytes);
    let mut parsed = Parsed { things: Vec::new(), skipped: blocks.skipped };
    for block in blocks.things.iter().filter(|block| block.label.ends_with("PRIVATE KEY")) {
        parsed.keep(block.line, of_block(block).ok_or(LineFault::NotAKey));
    }
    parsed
}

fn of_block(block: &Block) -> Option<PrivateKey> {
    let content = block.content.expose().as_slice();
    let key = |format, encrypted, public| Some(PrivateKey { format, encrypted, public, line: block.line });
    if block.encrypted {
        let format = match block.label.as_str() {
            "RSA PRIVATE KEY" => KeyFormat::Pkcs1,
            "EC PRIVATE KEY" => KeyFormat::Sec1,
            "DSA PRIVATE KEY" => KeyFormat::Dsa,
            _ => return None,
        };
        return key(format, true, None);
    }
    match block.label.as_str() {
        "OPENSSH PRIVATE KEY" => openssh(content, block.line),
        "RSA PRIVATE KEY" => key(KeyFormat::Pkcs1, false, Some(pkcs1(content)?)),
        "EC PRIVATE KEY" => key(KeyFormat::Sec1, false, Some(sec1(content, None)?)),
        "DSA PRIVATE KEY" => key(KeyFormat::Dsa, false, Some(dsa(content)?)),
        "PRIVATE KEY" => key(KeyFormat::Pkcs8, false, Some(pkcs8(content)?)),
        "ENCRYPTED PRIVATE KEY" => encrypted_pkcs8(content).then(|| key(KeyFormat::Pkcs8, true, None))?,
        _ => None,
    }
}

/// A key without PEM around it, such as `.der` files hold.
fn der_key(content: &[u8], line: u32) -> Option<PrivateKey> {
    let key = |format, encrypted, public| PrivateKey { format, encrypted, public, line };
    None.or_else(|| pkcs8(content).map(|public| key(KeyFormat::Pkcs8, false, Some(public))))
        .or_else(|| pkcs1(content).map(|public| key(KeyFormat::Pkcs1, false, Some(public))))
        .or_else(|| sec1(content, None).map(|public| key(KeyFormat::Sec1, false, Some(public))))
        .or_else(|| encrypted_pkcs8(content).then(|| key(KeyFormat::Pkcs8, true, None)))
}

/// OpenSSH's format keeps the public key outside the encrypted part (PROTOCOL.key).
fn openssh(content: &[u8], line: u32) -> Option<PrivateKey> {
    let mut wire = Wire(content.strip_prefix(b"openssh-key-v1\0")?);
    let cipher = wire.string()?;
    let (_kdf, _kdf_options) = (wire.string()?, wire.string()?);
    let keys = wire.uint32()?;
    let key = public_key(wire.string()?)?;
    wire.string()?;
    (keys == 1).then(|| PrivateKey {
        format: KeyFormat::OpenSsh,
        encrypted: cipher != b"none",
        public: Some(of_ssh(key)),
        line,
    })
}

fn of_ssh(key: SshPublicKey) -> PublicSide {
    PublicSide {
        algorithm: key.algorithm,
        bits: key.bits,
        ssh_fingerprint: Some(key.fingerprint),
        spki_digest: None,
    }
}

fn putty(bytes: &[u8]) -> Option<PrivateKey> {
    let (mut encrypted, mut public, mut wanted) = (None, Vec::new(), 0_u32);
    for (_, line) in lines(bytes) {
        let line = line.ok()?;
        if wanted > 0 {
            public.extend_from_slice(line.trim_ascii());
            wanted -= 1;
        } else if let Some(cipher) = line.strip_prefix(b"Encryption: ") {
            encrypted = Some(cipher != b"none");
        } else if let Some(count) = line.strip_prefix(b"Public-Lines: ") {
            wanted = super::number(count).ok()?;
        }
    }
    let key = public_key(&STANDARD.decode(public).ok()?)?;
    let public = Some(of_ssh(key));
    Some(PrivateKey { format: KeyFormat::Putty, encrypted: encrypted?, public, line: 1 })
}

/// RFC 8017 appendix A.1.2: version, modulus, public exponent, then what is private.
fn pkcs1(content: &[u8]) -> Option<PublicSide> {
    let mut numbers = Der(content).sequence()?;
    let _version = numbers.expect(INTEGER)?;
    let (modulus, exponent) = (numbers.expect(INTEGER)?, numbers.expect(INTEGER)?);
    // Five private numbers follow in a key, and nothing in a DSA key's place of them.
    for _ in 0..5 {
        numbers.expect(INTEGER)?;
    }
    let inner = sequence(&[&element(INTEGER, modulus), &element(INTEGER, exponent)]);
    let spki = sequence(&[&sequence(&[&element(OBJECT, RSA), &[5, 0]]), &bit_string(&inner)]);
    let blob = wire_of(&[b"ssh-rsa", &mpint(exponent), &mpint(modulus)]);
    Some(PublicSide {
        algorithm: "rsa".to_owned(),
        bits: Some(bits_of(modulus)),
        ssh_fingerprint: Some(fingerprint(&blob)),
        spki_digest: Some(spki_digest(&spki)),
    })
}

/// OpenSSL's form of a DSA key: version, p, q, g, y, x.
fn dsa(content: &[u8]) -> Option<PublicSide> {
    let mut numbers = Der(content).sequence()?;
    numbers.expect(INTEGER)?;
    let prime = numbers.expect(INTEGER)?;
    let rest = [numbers.expect(INTEGER)?, numbers.expect(INTEGER)?, numbers.expect(INTEGER)?];
    let [q, g, y] = rest.map(mpint);
    let blob = wire_of(&[b"ssh-dss", &mpint(prime), &q, &g, &y]);
    let bits = Some(bits_of(prime));
    let ssh_fingerprint = Some(fingerprint(&blob));
    Some(PublicSide { algorithm: "dsa".to_owned(), bits, ssh_fingerprint, spki_digest: None })
}

/// RFC 5915: version, private key, [0] curve, [1] public key. PKCS#8 names the curve outside.
fn sec1(content: &[u8], curve: Option<&[u8]>) -> Option<PublicSide> {
    let mut parts = Der(content).sequence()?;
    let _version = parts.expect(INTEGER)?;
    parts.expect(OCTET_STRING)?;
    let (mut curve, mut point) = (curve, None);
    while let Some((tag, inner)) = parts.next() {
        match tag {
            0xa0 => curve = Some(Der(inner).expect(OBJECT)?),
            0xa1 => point = Some(Der(inner).expect(BIT_STRING)?.strip_prefix(&[0])?),
            _ => return None,
        }
    }
    let curve = curve?;
    let (ssh_name, bits) = match curve {
        P256 => (Some("nistp256"), Some(256)),
        P384 => (Some("nistp384"), Some(384)),
        P521 => (Some("nistp521"), Some(521)),
        _ => (None, None),
    };
    let spki = point.map(|point| {
        let algorithm = sequence(&[&element(OBJECT, EC), &element(OBJECT, curve)]);
        spki_digest(&sequence(&[&algorithm, &bit_string(point)]))
    });
    let ssh = point.zip(ssh_name).map(|(point, name)| {
        fingerprint(&wire_of(&[format!("ecdsa-sha2-{name}").as_bytes(), name.as_bytes(), point]))
    });
    Some(PublicSide { algorithm: "ec".to_owned(), bits, ssh_fingerprint: ssh, spki_digest: spki })
}

/// RFC 5958: version, algorithm, private key.
fn pkcs8(content: &[u8]) -> Option<PublicSide> {
    let mut parts = Der(content).sequence()?;
    let _version = parts.expect(INTEGER)?;
    let mut algorithm = parts.sequence()?;
    let object = algorithm.expect(OBJECT)?;
    let inner = parts.expect(OCTET_STRING)?;
    match object {
        RSA => pkcs1(inner),
        EC => sec1(inner, Some(algorithm.expect(OBJECT)?)),
        ED25519 => ed25519(Der(inner).expect(OCTET_STRING)?),
        other => {
            let algorithm =
                if other == ED448 { "ed448".to_owned() } else { format!("object {}", dotted(other)) };
            let bits = (other == ED448).then_some(448);
            Some(PublicSide { algorithm, bits, ssh_fingerprint: None, spki_digest: None })
        }
    }
}

fn ed25519(seed: &[u8]) -> Option<PublicSide> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    let public = pair.public_key().as_ref();
    let spki = sequence(&[&sequence(&[&element(OBJECT, ED25519)]), &bit_string(public)]);
    let blob = wire_of(&[b"ssh-ed25519", public]);
    Some(PublicSide {
        algorithm: "ed25519".to_owned(),
        bits: Some(256),
        ssh_fingerprint: Some(fingerprint(&blob)),
        spki_digest: Some(spki_digest(&spki)),
    })
}

/// RFC 5958 section 3: an algorithm and an octet string, nothing else.
fn encrypted_pkcs8(content: &[u8]) -> bool {
    let parts = Der(content).sequence();
    parts.is_some_and(|mut parts| {
        let scheme = parts.sequence().and_then(|mut algorithm| algorithm.expect(OBJECT));
        scheme.is_some() && parts.expect(OCTET_STRING).is_some() && parts.0.is_empty()
    })
}

/// The digest of a public key in its own form (`SubjectPublicKeyInfo`, RFC 5280).
pub(crate) fn spki_digest(spki: &[u8]) -> String {
    format!("spki-sha256:{}", URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, spki)))
}

/// An object identifier in dotted form (X.690 section 8.19), shortened if it is endless.
pub(crate) fn dotted(object: &[u8]) -> String {
    let mut numbers: Vec<u64> = Vec::new();
    let mut number = 0_u64;
    for byte in object.iter().take(64) {
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.extend([first, number - first * 40]);
            } else {
                numbers.push(number);
            }
            number = 0;
        }
    }
    let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    printable(&words.join("."), 100)
}
