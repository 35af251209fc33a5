//! Signed notes and the keys that verify them (C2SP signed-note).
//!
//! Reads and writes the text format and checks Ed25519 signatures with a key the caller already trusts. It must never
//! take a key from the note itself, and never looks at what the text means: [`crate::checkpoint`] does that.

use crate::hash::sha256;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;
use zeroize::Zeroizing;

/// Most bytes a note may have, signatures included.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// Most signature lines a note may have; signed-note asks for at least 16.
pub const SIGNATURES_MAX: usize = 64;

/// What begins a signature line: em dash and space.
const SIGNATURE_LEAD: &str = "\u{2014} ";

/// Bytes of an Ed25519 public key, and of a seed.
const KEY_BYTES: usize = 32;

/// What a key signs (signed-note, "Signature types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// `0x01`: Ed25519 over the note text; what a log signs its checkpoints with.
    Ed25519,
    /// `0x04`: Ed25519 over a time and a checkpoint; what a witness signs with (tlog-cosignature).
    CosignatureV1,
}

impl KeyAlgorithm {
    /// The signature type identifier byte.
    pub const fn identifier(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }
}

/// A public key with the name it signs under: what a verifier pins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    algorithm: KeyAlgorithm,
    public_key: [u8; KEY_BYTES],
}

/// Why text is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyMalformed {
    /// Not three parts separated by `+`.
    #[error("not of the form name+id+key")]
    Shape,
    /// The name is empty or holds a space, a `+` or a control character.
    #[error("key name is empty or holds a space, a plus or a control character")]
    Name,
    /// The id is not eight lower-case hexadecimal digits.
    #[error("key id is not eight lower-case hexadecimal digits")]
    Id,
    /// The key part is not base64.
    #[error("key part is not standard base64")]
    Base64,
    /// A signature type other than Ed25519 (01) and cosignature/v1 (04).
    #[error("signature type {0:#04x} is not one of 0x01 and 0x04")]
    AlgorithmUnknown(u8),
    /// Another number of key bytes than 32.
    #[error("public key has {0} bytes instead of 32")]
    KeyLength(usize),
    /// The id does not belong to name and key: the text was mistyped or tampered with.
    #[error("key id does not belong to this name and key")]
    IdDiffers,
}

impl VerifierKey {
    /// The key of a log: plain Ed25519 (`0x01`).
    pub fn ed25519(name: &str, public_key: &[u8; 32]) -> Result<Self, KeyMalformed> {
        Self::of(name, KeyAlgorithm::Ed25519, public_key)
    }

    /// The key of a witness: cosignature/v1 (`0x04`).
    pub fn cosignature_v1(name: &str, public_key: &[u8; 32]) -> Result<Self, KeyMalformed> {
        Self::of(name, KeyAlgorithm::CosignatureV1, public_key)
    }

    /// The name it signs under; for a log key, also the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of `SHA-256(name || 0x0A || type || public key)`, big-endian.
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// What it signs.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The 32 bytes of the Ed25519 public key (RFC 8032).
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// Checks a bare Ed25519 signature over `message`.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public_key).verify(message, signature).is_ok()
    }

    fn of(name: &str, algorithm: KeyAlgorithm, public_key: &[u8; 32]) -> Result<Self, KeyMalformed> {
        if !key_name_is_allowed(name) {
            return Err(KeyMalformed::Name);
        }
        let key_id = key_id(name, algorithm, public_key);
        Ok(Self { name: name.to_owned(), key_id, algorithm, public_key: *public_key })
    }
}

impl fmt::Display for VerifierKey {
    /// The vkey form, `name+hex(id)+base64(type || key)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![self.algorithm.identifier()];
        material.extend_from_slice(&self.public_key);
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, STANDARD.encode(material))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyMalformed;

    fn from_str(text: &str) -> Result<Self, KeyMalformed> {
        // Base64 itself may contain `+`, so only the first two separate.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyMalformed::Shape);
        };
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() != 8 || !id.bytes().all(lower_hex) {
            return Err(KeyMalformed::Id);
        }
        let id = u32::from_str_radix(id, 16).map_err(|_| KeyMalformed::Id)?;
        let material = STANDARD.decode(key).map_err(|_| KeyMalformed::Base64)?;
        let (identifier, public_key) = material.split_first().ok_or(KeyMalformed::Base64)?;
        let algorithm = match identifier {
            0x01 => KeyAlgorithm::Ed25519,
            0x04 => KeyAlgorithm::CosignatureV1,
            unknown => return Err(KeyMalformed::AlgorithmUnknown(*unknown)),
        };
        let public_key = public_key.try_into().map_err(|_| KeyMalformed::KeyLength(public_key.len()))?;
        let parsed = Self::of(name, algorithm, public_key)?;
        if parsed.key_id == id { Ok(parsed) } else { Err(KeyMalformed::IdDiffers) }
    }
}

/// The key id signed-note recommends, as a number.
pub fn key_id(name: &str, algorithm: KeyAlgorithm, public_key: &[u8; 32]) -> u32 {
    let mut input = Vec::with_capacity(name.len() + 2 + KEY_BYTES);
    input.extend_from_slice(name.as_bytes());
    input.extend_from_slice(&[b'\n', algorithm.identifier()]);
    input.extend_from_slice(public_key);
    let [first, second, third, fourth, ..] = *sha256(&input).as_bytes();
    u32::from_be_bytes([first, second, third, fourth])
}

/// Whether a key may have this name: not empty, no white space, no `+`, no control character.
pub fn key_name_is_allowed(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// Something that signs: a key in memory, a file, or a module that never gives the key away.
pub trait NoteSigner {
    /// The key's name. For a log it is the origin.
    fn name(&self) -> &str;

    /// The 32 bytes of the Ed25519 public key.
    fn public_key(&self) -> [u8; 32];

    /// Signs `message` with Ed25519 (RFC 8032). Deterministic, so repeating a call after a lost answer is harmless.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignRefused>;
}

/// Why a signer did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignRefused {
    /// The key cannot be used at the moment.
    #[error("the signing key is not available: {0}")]
    KeyUnavailable(String),
    /// The cryptographic module refused.
    #[error("the cryptographic module refused to sign")]
    Refused,
    /// The signer's name cannot be a key name.
    #[error("signer cannot have this name")]
    Name(#[source] KeyMalformed),
    /// The text cannot be the text of a note.
    #[error("text cannot be signed")]
    Text(#[source] NoteRefused),
}

/// An Ed25519 key in memory.
pub struct Ed25519Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl Ed25519Signer {
    /// Derives the key from its 32-byte seed. The copy made here is wiped before returning; the key itself is wiped by
    /// the cryptographic module when the signer is dropped.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, SignRefused> {
        if !key_name_is_allowed(name) {
            return Err(SignRefused::Name(KeyMalformed::Name));
        }
        let seed = Zeroizing::new(*seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| SignRefused::Refused)?;
        Ok(Self { name: name.to_owned(), pair })
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Signer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NoteSigner for Ed25519Signer {
    fn name(&self) -> &str {
        &self.name
    }

    fn public_key(&self) -> [u8; 32] {
        self.pair.public_key().as_ref().try_into().unwrap_or_default()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignRefused> {
        let signature = self.pair.try_sign(message).map_err(|_| SignRefused::Refused)?;
        signature.as_ref().try_into().map_err(|_| SignRefused::Refused)
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key that signed, as the line says.
    pub name: String,
    /// Id of the key that signed, as the line says.
    pub key_id: u32,
    /// The signature, without the key id; its form depends on the key's algorithm.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    /// The line, with its newline.
    pub fn line(&self) -> String {
        let mut blob = self.key_id.to_be_bytes().to_vec();
        blob.extend_from_slice(&self.signature);
        format!("{SIGNATURE_LEAD}{} {}\n", self.name, STANDARD.encode(blob))
    }

    /// Reads a line without its newline.
    pub fn parse(line: &str) -> Result<Self, NoteRefused> {
        let (name, blob) = line
            .strip_prefix(SIGNATURE_LEAD)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(NoteRefused::SignatureLine)?;
        let blob = STANDARD.decode(blob).map_err(|_| NoteRefused::SignatureLine)?;
        let (key_id, signature) = blob.split_first_chunk::<4>().ok_or(NoteRefused::SignatureLine)?;
        if !key_name_is_allowed(name) || signature.is_empty() {
            return Err(NoteRefused::SignatureLine);
        }
        let key_id = u32::from_be_bytes(*key_id);
        Ok(Self { name: name.to_owned(), key_id, signature: signature.to_vec() })
    }

    /// Whether this line claims to be by `key`: both name and id match.
    pub fn claims(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.key_id == key.key_id
    }
}

/// A note, taken apart but not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    /// The signed text, ending in a newline.
    pub text: String,
    /// The signature lines in their order, at least one.
    pub signatures: Vec<NoteSignature>,
}

/// Why text is not a note, or not one to believe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteRefused {
    /// Longer than [`NOTE_BYTES_MAX`].
    #[error("note has {0} bytes, more than {NOTE_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("note is not utf-8")]
    NotUtf8,
    /// A control character other than newline.
    #[error("note holds a control character other than newline")]
    Control,
    /// The text does not end in a newline, or is empty.
    #[error("note text is empty or does not end in a newline")]
    Text,
    /// No empty line between text and signatures, or no final newline.
    #[error("note has no text and signatures separated by an empty line")]
    Shape,
    /// A line after the empty one that is not a signature.
    #[error("note has a malformed signature line")]
    SignatureLine,
    /// More than [`SIGNATURES_MAX`].
    #[error("note has more than {SIGNATURES_MAX} signatures")]
    SignaturesTooMany,
    /// A signature by a known key does not verify: the text was changed, or the signature was.
    #[error("signature by `{name}` (key {key_id:08x}) is wrong")]
    SignatureWrong {
        /// Name of the key.
        name: String,
        /// Id of the key.
        key_id: u32,
    },
    /// No signature by any known key.
    #[error("note is not signed by a known key")]
    SignatureMissing,
}

impl SignedNote {
    /// Takes a note apart. The text is not to be believed until [`SignedNote::verify`].
    pub fn parse(note: &str) -> Result<Self, NoteRefused> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteRefused::TooLong(note.len()));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteRefused::Control);
        }
        let at = note.rfind("\n\n").ok_or(NoteRefused::Shape)?;
        let (text, rest) = note.split_at_checked(at + 1).ok_or(NoteRefused::Shape)?;
        let lines =
            rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(NoteRefused::Shape)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteRefused::SignaturesTooMany);
            }
            signatures.push(NoteSignature::parse(line)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The note as text; what [`SignedNote::parse`] read.
    pub fn encode(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for signature in &self.signatures {
            let _ = note.write_str(&signature.line());
        }
        note
    }

    /// Checks every signature whose name and id match one of `keys`; lines by others are ignored. Returns the keys that
    /// signed. One wrong signature by a known key refuses the note, and so does having none.
    ///
    /// Keys for cosignatures are checked as [`crate::cosignature`] defines.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteRefused> {
        let mut signed = Vec::new();
        for signature in &self.signatures {
            for key in keys.iter().filter(|key| signature.claims(key)) {
                let accepted = match key.algorithm {
                    KeyAlgorithm::Ed25519 => key.accepts(self.text.as_bytes(), &signature.signature),
                    KeyAlgorithm::CosignatureV1 => {
                        crate::cosignature::cosigned_at(&self.text, signature, key).is_some()
                    }
                };
                if !accepted {
                    return Err(NoteRefused::SignatureWrong { name: key.name.clone(), key_id: key.key_id });
                }
                if !signed.contains(&key) {
                    signed.push(key);
                }
            }
        }
        if signed.is_empty() { Err(NoteRefused::SignatureMissing) } else { Ok(signed) }
    }
}

/// Checks that `text` can be the text of a note: it ends in a newline, and newlines are its only control characters.
pub fn check_note_text(text: &str) -> Result<(), NoteRefused> {
    if text.len() > NOTE_BYTES_MAX / 2 {
        return Err(NoteRefused::TooLong(text.len()));
    }
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteRefused::Control);
    }
    if text.ends_with('\n') { Ok(()) } else { Err(NoteRefused::Text) }
}

/// Signs `text` (which ends in a newline) and returns the whole note.
pub fn sign_note(text: &str, signer: &impl NoteSigner) -> Result<String, SignRefused> {
    check_note_text(text).map_err(SignRefused::Text)?;
    let key = VerifierKey::ed25519(signer.name(), &signer.public_key()).map_err(SignRefused::Name)?;
    let signature = signer.sign(text.as_bytes())?;
    let line = NoteSignature { name: key.name, key_id: key.key_id, signature: signature.to_vec() };
    Ok(SignedNote { text: text.to_owned(), signatures: vec![line] }.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const EXAMPLE_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn signer(name: &str, seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let key: VerifierKey = EXAMPLE_KEY.parse().unwrap();
        assert_eq!(key.to_string(), EXAMPLE_KEY);
        let note = SignedNote::parse(EXAMPLE_NOTE).unwrap();
        assert_eq!(note.verify(std::slice::from_ref(&key)), Ok(vec![&key]));
        assert_eq!(note.encode(), EXAMPLE_NOTE);
    }

    #[test]
    fn every_changed_character_of_a_note_is_refused() {
        let keys = [EXAMPLE_KEY.parse::<VerifierKey>().unwrap()];
        for at in 0..EXAMPLE_NOTE.len() {
            for bit in 0..8 {
                let mut bytes = EXAMPLE_NOTE.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let refused = match std::str::from_utf8(&bytes) {
                    Err(_) => true,
                    Ok(text) => {
                        SignedNote::parse(text).and_then(|note| note.verify(&keys).map(drop)).is_err()
                    }
                };
                assert!(refused, "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn the_signature_of_a_seed_is_that_of_rfc_8032() {
        // RFC 8032 section 7.1, test 1: empty message.
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
            0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        let signer = Ed25519Signer::from_seed("rfc8032.example", &seed).unwrap();
        assert_eq!(signer.public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        let signature = signer.sign(b"").unwrap();
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert_eq!(signature[60..], [0x8e, 0x7a, 0x10, 0x0b]);
    }

    #[test]
    fn signatures_by_unknown_keys_are_ignored_but_one_known_is_needed() {
        let (log, other) = (signer("log.example/a", 1), signer("other.example/b", 2));
        let key = VerifierKey::ed25519("log.example/a", &log.public_key()).unwrap();
        let mut note = SignedNote::parse(&sign_note("text\n", &log).unwrap()).unwrap();
        let foreign = SignedNote::parse(&sign_note("another text\n", &other).unwrap()).unwrap();
        note.signatures.insert(0, foreign.signatures[0].clone());
        assert_eq!(
            SignedNote::parse(&note.encode()).unwrap().verify(std::slice::from_ref(&key)),
            Ok(vec![&key])
        );
        assert_eq!(foreign.verify(&[key]), Err(NoteRefused::SignatureMissing));
    }

    #[test]
    fn a_wrong_signature_by_a_known_key_refuses_the_note_even_beside_a_good_one() {
        let log = signer("log.example/a", 1);
        let key = VerifierKey::ed25519("log.example/a", &log.public_key()).unwrap();
        let mut note = SignedNote::parse(&sign_note("text\n", &log).unwrap()).unwrap();
        let other = SignedNote::parse(&sign_note("another\n", &log).unwrap()).unwrap();
        note.signatures.push(other.signatures[0].clone());
        let wrong = NoteRefused::SignatureWrong { name: "log.example/a".into(), key_id: key.key_id() };
        assert_eq!(note.verify(&[key]), Err(wrong));
    }

    #[test]
    fn the_text_ends_at_the_last_empty_line() {
        let log = signer("log.example/a", 1);
        let key = VerifierKey::ed25519("log.example/a", &log.public_key()).unwrap();
        let text = "above\n\nbelow\n";
        let note = SignedNote::parse(&sign_note(text, &log).unwrap()).unwrap();
        assert_eq!(note.text, text);
        assert!(note.verify(&[key]).is_ok());
    }

    #[test]
    fn malformed_notes_are_refused_with_the_reason() {
        let line = "\u{2014} a AAAAAAA=\n";
        let check =
            |note: &str, expect: NoteRefused| assert_eq!(SignedNote::parse(note), Err(expect), "{note:?}");
        check("", NoteRefused::Shape);
        check("text\n", NoteRefused::Shape);
        check("text\n\n", NoteRefused::Shape);
        check("text\r\n\n\u{2014} a AAAAAAA=\n", NoteRefused::Control);
        check("text\n\n\u{2014} a AAAAAAA=", NoteRefused::Shape);
        check("text\n\n- a AAAAAAA=\n", NoteRefused::SignatureLine);
        check("text\n\n\u{2014} a AAAAAAA\n", NoteRefused::SignatureLine);
        check("text\n\n\u{2014} a AAAAAA==\n", NoteRefused::SignatureLine);
        check("text\n\n\u{2014}  AAAAAAA=\n", NoteRefused::SignatureLine);
        check("text\n\n\u{2014} a+b AAAAAAA=\n", NoteRefused::SignatureLine);
        check("text\n\n\u{2014} a\u{a0}b AAAAAAA=\n", NoteRefused::SignatureLine);
        check(&format!("text\n\n{}", line.repeat(SIGNATURES_MAX + 1)), NoteRefused::SignaturesTooMany);
        assert!(SignedNote::parse(&format!("text\n\n{}", line.repeat(SIGNATURES_MAX))).is_ok());
        let long = "x".repeat(NOTE_BYTES_MAX + 1);
        check(&long, NoteRefused::TooLong(NOTE_BYTES_MAX + 1));
    }

    #[test]
    fn malformed_keys_are_refused_with_the_reason() {
        let check = |text: &str, expect: &str| {
            assert_eq!(text.parse::<VerifierKey>().unwrap_err().to_string(), expect, "{text}");
        };
        check("", "not of the form name+id+key");
        check("a+b", "not of the form name+id+key");
        check(
            "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "key name is empty or holds a space, a plus or a control character",
        );
        check(
            "a+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "key id is not eight lower-case hexadecimal digits",
        );
        check("a+530d903a+Aeky", "public key has 2 bytes instead of 32");
        check("a+530d903a+", "key part is not standard base64");
        check(
            "a+530d903a+B+kyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "signature type 0x07 is not one of 0x01 and 0x04",
        );
        check(&EXAMPLE_KEY.replace("foo", "fop"), "key id does not belong to this name and key");
    }

    #[test]
    fn one_key_has_another_id_for_each_algorithm() {
        let public_key = signer("a.example", 1).public_key();
        let log = VerifierKey::ed25519("a.example", &public_key).unwrap();
        let witness = VerifierKey::cosignature_v1("a.example", &public_key).unwrap();
        assert_ne!(log.key_id(), witness.key_id());
        assert_eq!(witness.to_string().parse(), Ok(witness));
    }

    #[test]
    fn text_that_cannot_be_a_note_is_not_signed() {
        let log = signer("a.example", 1);
        assert_eq!(sign_note("no newline", &log), Err(SignRefused::Text(NoteRefused::Text)));
        assert_eq!(sign_note("a\tb\n", &log), Err(SignRefused::Text(NoteRefused::Control)));
        assert!(Ed25519Signer::from_seed("a b", &[0; 32]).is_err());
    }
}
