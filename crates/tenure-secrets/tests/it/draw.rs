//! Values drawn from a seed into the marks of an example line.
//!
//! A mark is `«kind:parameter»`. No file in the repository holds anything that looks like a credential to a
//! scanner; the values come into being here. Next: `examples.rs`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const DIGITS: &str = "0123456789";
const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SMALL: &str = "abcdefghijklmnopqrstuvwxyz";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Draws the same values from the same seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

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

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    /// A line with its marks filled in.
    pub(crate) fn fill(&mut self, line: &str) -> String {
        let mut filled = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('«') {
            let (mark, after) = after.split_once('»').unwrap();
            let (kind, parameter) = mark.split_once(':').unwrap_or((mark, ""));
            filled.push_str(before);
            filled.push_str(&self.value(kind, parameter));
            rest = after;
        }
        filled + rest
    }

    fn value(&mut self, kind: &str, parameter: &str) -> String {
        let length = parameter.parse().unwrap_or(0);
        let letters = match kind {
            "a" => [DIGITS, CAPITALS, SMALL].concat(),
            "A" => [CAPITALS, SMALL].concat(),
            "b" => [DIGITS, CAPITALS, SMALL, "_-"].concat(),
            "B" => [DIGITS, CAPITALS, SMALL, "+/"].concat(),
            "d" => DIGITS.to_owned(),
            "l" => SMALL.to_owned(),
            "U" => [DIGITS, CAPITALS].concat(),
            "w" => BASE32.to_owned(),
            "x" => "0123456789abcdef".to_owned(),
            "bech" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".to_owned(),
            _ => return self.structured(kind, parameter, length),
        };
        // A token's last letter is one, so that its end is where the mark ends.
        let last = self.of(&letters.replace(['_', '-'], ""), 1);
        self.of(&letters, length - 1) + &last
    }

    fn structured(&mut self, kind: &str, parameter: &str, length: usize) -> String {
        match kind {
            "p" => format!(
                "{}a7K{}#4",
                self.of(SMALL, length / 3),
                self.of(&[DIGITS, CAPITALS, SMALL].concat(), length - length / 3 - 5)
            ),
            "same" => {
                let (letter, times) = parameter.split_at(1);
                letter.repeat(times.parse().unwrap())
            }
            "crc" => self.checked(),
            "awsid" => format!("{parameter}{}", self.access_key_id()),
            "b64" => STANDARD.encode(self.bytes(length)),
            "login" => STANDARD.encode(format!("robot:{}", self.of(&[DIGITS, CAPITALS, SMALL].concat(), 20))),
            "pem" => self.pem(parameter).replace('\n', "\\n"),
            "pemjson" => self.pem(parameter).replace('\n', "\\\\n"),
            "b64pem" => STANDARD.encode(self.pem(parameter)),
            "pypi" => {
                let macaroon = [&[2, 1, 8][..], b"pypi.org", &self.bytes(80)].concat();
                URL_SAFE_NO_PAD.encode(macaroon)
            }
            "jwt" => self.jwt(parameter),
            other => panic!("no mark is called {other}"),
        }
    }

    /// CRC-32 in base 62 behind thirty letters, as GitHub and npm do.
    fn checked(&mut self) -> String {
        let digits = [DIGITS, CAPITALS, SMALL].concat();
        let body = self.of(&digits, 30);
        let mut left = crc32(body.as_bytes());
        let letters: Vec<char> = digits.chars().collect();
        let mut check = Vec::new();
        for _ in 0..6 {
            check.push(letters[usize::try_from(left % 62).unwrap()]);
            left /= 62;
        }
        body + &check.iter().rev().collect::<String>()
    }

    fn access_key_id(&mut self) -> String {
        let account = u128::from(self.number() % 1_000_000_000_000);
        let bits = (1 << 79) | (account << 39) | u128::from(self.number() & 0x7f_ffff_ffff);
        let letters: Vec<char> = BASE32.chars().collect();
        (0..16).rev().map(|place| letters[usize::try_from((bits >> (5 * place)) & 31).unwrap()]).collect()
    }

    fn pem(&mut self, label: &str) -> String {
        let content = STANDARD.encode(self.bytes(480));
        let lines: Vec<&str> =
            content.as_bytes().chunks(64).map(|line| core::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", lines.join("\n"))
    }

    fn jwt(&mut self, which: &str) -> String {
        let algorithm = if which == "none" { "none" } else { "RS256" };
        let id = self.of(SMALL, 12);
        let claims = match which {
            "kubernetes" => format!(
                r#"{{"iss":"https://kubernetes.invalid","sub":"system:serviceaccount:shop:{id}","exp":1900000000}}"#
            ),
            "introduction" => r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#.to_owned(),
            _ => format!(r#"{{"iss":"https://issuer.invalid","sub":"{id}","exp":1900000000}}"#),
        };
        let header = format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#);
        let signature = self.bytes(64);
        [header.as_bytes(), claims.as_bytes(), &signature].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}
