//! Values drawn from a seed, so that no file in the repository holds anything like a credential.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Draws the same values from the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Draw {
    pub(crate) const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn of(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        let count = u64::try_from(letters.len()).unwrap();
        (0..length).map(|_| letters[usize::try_from(self.number() % count).unwrap()]).collect()
    }

    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        self.of(ALPHANUMERIC, length)
    }

    pub(crate) fn hexadecimal(&mut self, length: usize) -> String {
        self.of("0123456789abcdef", length)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    /// A token with the checksum that GitHub and npm put at the end: CRC-32 in base 62, six digits.
    pub(crate) fn checked(&mut self, prefix: &str) -> String {
        let body = self.alphanumeric(30);
        let mut left = crc32(body.as_bytes());
        let digits: Vec<char> = ALPHANUMERIC.chars().collect();
        let mut check = Vec::new();
        for _ in 0..6 {
            check.push(digits[usize::try_from(left % 62).unwrap()]);
            left /= 62;
        }
        let check: String = check.iter().rev().collect();
        format!("{prefix}{body}{check}")
    }

    /// An SSH public key: its type and base64.
    pub(crate) fn ssh_public_key(&mut self) -> String {
        format!("ssh-ed25519 {}", STANDARD.encode(wire(&[b"ssh-ed25519", &self.bytes(32)])))
    }

    /// A private key in OpenSSH's format, whose private part is random bytes.
    pub(crate) fn openssh_private_key(&mut self, cipher: &str) -> String {
        let public = wire(&[b"ssh-ed25519", &self.bytes(32)]);
        let kdf = if cipher == "none" { "none" } else { "bcrypt" };
        let mut content = b"openssh-key-v1\0".to_vec();
        content.extend(wire(&[cipher.as_bytes(), kdf.as_bytes(), b""]));
        content.extend(1_u32.to_be_bytes());
        content.extend(wire(&[&public, &self.bytes(144)]));
        pem("OPENSSH PRIVATE KEY", &content)
    }
}

pub(crate) fn wire(strings: &[&[u8]]) -> Vec<u8> {
    strings
        .iter()
        .flat_map(|string| [&u32::try_from(string.len()).unwrap().to_be_bytes()[..], string].concat())
        .collect()
}

pub(crate) fn pem(label: &str, content: &[u8]) -> String {
    let encoded = STANDARD.encode(content);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| core::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// CRC-32 (ISO 3309), bit by bit: only for drawing values.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}
