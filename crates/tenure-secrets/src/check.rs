//! Checksums and structures: what makes a value of the right form the real thing.
//!
//! Each check is a pure function of the value. What it learns beside yes or no (an account, an issuer) is a
//! note that may be shown. It must never hand out a part of the value itself. Next: `scan.rs`.

use crate::encoding::{base32_64_bits, base62, base64, base64_url, crc32};
use crate::rule::Check;
use tenure_model::printable;

/// Longest note that is shown, in characters.
const NOTE_CHARS: usize = 120;

/// What a check learnt: names and texts, safe to show.
pub(crate) type Notes = Vec<(&'static str, String)>;

/// Whether the value passes; `None` when it does not.
pub(crate) fn passes(check: Check, value: &[u8]) -> Option<Notes> {
    let plain = |passes: bool| passes.then(Notes::new);
    match check {
        Check::Form => plain(true),
        Check::Crc32Base62 => plain(crc32_base62(value)),
        Check::AwsKeyId => aws_key_id(value),
        Check::AwsSecret => plain(!value.iter().all(u8::is_ascii_hexdigit) && mixes(value) >= 3),
        Check::Jwt => jwt(value, false),
        Check::KubernetesJwt => jwt(value, true),
        Check::PypiMacaroon => pypi(value),
        Check::PrivateKeyPem => private_key_pem(value),
        Check::BasicLogin => basic_login(value),
        Check::Base64Pem => plain(base64(value).is_some_and(|pem| private_key_pem(&pem).is_some())),
        Check::Base64Of64 => plain(base64(value).is_some_and(|bytes| bytes.len() == 64)),
        Check::Chosen => plain(chosen(value)),
    }
}

fn crc32_base62(value: &[u8]) -> bool {
    let body = value.iter().position(|byte| *byte == b'_').map_or(value, |at| value.split_at(at + 1).1);
    let split = body.len().saturating_sub(6);
    let (entropy, digits) = body.split_at(split);
    base62(digits) == Some(u64::from(crc32(entropy)))
}

/// The account of twelve digits that an AWS access key id carries. `None` for ids of the older generation, which
/// carry none, and for anything else.
pub fn aws_account_of(key_id: &[u8]) -> Option<String> {
    let (_, account) = aws_key_id(key_id)?.into_iter().find(|(name, _)| *name == "account")?;
    Some(account)
}

/// Keys of the present generation carry their account; of the older one nothing can be checked, and they are
/// not taken for keys.
fn aws_key_id(value: &[u8]) -> Option<Notes> {
    let bits = base32_64_bits(value.get(4..)?)?;
    let account = (bits >> 23) & 0xff_ffff_ffff;
    let present_generation = bits >> 63 == 1;
    (present_generation && account <= 999_999_999_999).then(|| {
        let lasting = if value.starts_with(b"AKIA") { "long-lived" } else { "temporary" };
        vec![("account", format!("{account:012}")), ("lasting", lasting.to_owned())]
    })
}

fn jwt(value: &[u8], of_kubernetes: bool) -> Option<Notes> {
    let mut parts = value.split(|byte| *byte == b'.');
    let header: serde_json::Value = serde_json::from_slice(&base64_url(parts.next()?)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&base64_url(parts.next()?)?).ok()?;
    let algorithm = header.get("alg")?.as_str()?;
    // An unsigned token opens nothing, and the one of the format's own introduction is everywhere.
    let introduction = claims.get("sub").and_then(|sub| sub.as_str()) == Some("1234567890");
    if algorithm == "none" || introduction || !claims.is_object() {
        return None;
    }
    let text = |name: &str| {
        claims.get(name).and_then(|claim| claim.as_str()).map(|text| printable(text, NOTE_CHARS))
    };
    let mut notes = vec![("algorithm", printable(algorithm, 20))];
    notes.extend(text("iss").map(|issuer| ("issuer", issuer)));
    let ends = claims.get("exp").and_then(serde_json::Value::as_i64);
    notes.extend(ends.map(|ends| ("ends_seconds", ends.to_string())));
    if of_kubernetes {
        let subject = text("sub").filter(|subject| subject.starts_with("system:serviceaccount:"))?;
        notes.push(("subject", subject));
    }
    Some(notes)
}

/// A macaroon in its second binary form: 2, then the location field (1), its length and text.
fn pypi(value: &[u8]) -> Option<Notes> {
    let macaroon = base64_url(value.strip_prefix(b"pypi-")?)?;
    let (length, rest) = macaroon.strip_prefix(&[2, 1])?.split_first()?;
    let location = rest.get(..usize::from(*length))?;
    let known = [b"pypi.org".as_slice(), b"test.pypi.org"].contains(&location);
    known.then(|| vec![("index", String::from_utf8_lossy(location).into_owned())])
}

fn private_key_pem(value: &[u8]) -> Option<Notes> {
    let text = String::from_utf8_lossy(value).replace("\\r", "").replace("\\n", "\n");
    let (_, body) = text.split_once("KEY-----")?;
    let (body, _) = body.split_once("-----END")?;
    let headers = body.lines().any(|line| line.contains(':') && line.contains("ENCRYPTED"));
    let encoded: String =
        body.lines().filter(|line| !line.contains(':')).flat_map(|line| line.split_whitespace()).collect();
    let content = base64(encoded.as_bytes()).filter(|content| content.len() >= 32)?;
    let of_openssh = content.strip_prefix(b"openssh-key-v1\0");
    let ciphered = of_openssh.is_some_and(|rest| rest.get(4..8) != Some(b"none"));
    let encrypted = headers || ciphered || text.starts_with("-----BEGIN ENCRYPTED ");
    Some(vec![("encrypted", if encrypted { "yes" } else { "no" }.to_owned())])
}

fn basic_login(value: &[u8]) -> Option<Notes> {
    let login = String::from_utf8(base64(value)?).ok()?;
    let (user, password) = login.split_once(':')?;
    let plain = !login.chars().any(char::is_control) && !user.is_empty() && !password.is_empty();
    (plain && !crate::is_placeholder(password.as_bytes()))
        .then(|| vec![("user", printable(user, NOTE_CHARS))])
}

/// How many of small letters, capitals, digits and others a value mixes.
fn mixes(value: &[u8]) -> usize {
    let kinds: [fn(&u8) -> bool; 4] =
        [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit, u8::is_ascii_punctuation];
    kinds.iter().filter(|kind| value.iter().any(*kind)).count()
}

/// Something a person or a generator chose as a secret: not a word, a path, a name in a program, a number.
fn chosen(value: &[u8]) -> bool {
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_path = value.first().is_some_and(|byte| matches!(byte, b'/' | b'.' | b'~' | b'-' | b'*' | b'&'))
        || value.windows(2).any(|pair| matches!(pair, b"::" | b"//" | b"->" | b".."));
    // `user_token`, `tokenExpiresIn`, `secret-name`: names have no digits among their letters.
    let is_name =
        digits == 0 && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
    let dotted = value.split(|byte| *byte == b'.').filter(|part| !part.is_empty()).count() > 1
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte))
        && value.first().is_some_and(u8::is_ascii_lowercase);
    let is_uuid =
        value.len() == 36 && value.split(|byte| *byte == b'-').map(<[u8]>::len).eq([8, 4, 4, 4, 12]);
    let is_number = letters == 0;
    !is_path && !is_name && !dotted && !is_uuid && !is_number && mixes(value) >= 3 && digits >= 2
}

#[cfg(test)]
mod tests {
    use super::{chosen, passes};
    use crate::rule::Check;

    #[test]
    fn a_digit_changed_in_a_checked_token_is_seen() {
        let body = "A1".repeat(15);
        let mut left = crate::encoding::crc32(body.as_bytes());
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut check = Vec::new();
        for _ in 0..6 {
            check.insert(0, digits[usize::try_from(left % 62).unwrap()]);
            left /= 62;
        }
        let token = [b"ghp_".to_vec(), body.into_bytes(), check].concat();
        assert!(passes(Check::Crc32Base62, &token).is_some());
        for place in 4..token.len() {
            let mut changed = token.clone();
            changed[place] = if changed[place] == b'Z' { b'Y' } else { b'Z' };
            assert!(passes(Check::Crc32Base62, &changed).is_none(), "{place}");
        }
    }

    #[test]
    fn the_account_is_read_from_an_access_key_id() {
        // Base32 of a set generation bit, then 123456789012 in forty bits.
        let account: u128 = 123_456_789_012;
        let bits = ((1 << 40) | account) << 39;
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let id: Vec<u8> = (0..16)
            .rev()
            .map(|place| letters[usize::try_from((bits >> (5 * place)) & 31).unwrap()])
            .collect();
        let notes = passes(Check::AwsKeyId, &[b"AKIA", id.as_slice()].concat()).unwrap();
        assert_eq!(notes[0], ("account", "123456789012".to_owned()));
        assert_eq!(passes(Check::AwsKeyId, b"AKIAAAAAAAAAAAAAAAAA"), None);
    }

    #[test]
    fn names_and_paths_are_not_chosen_secrets() {
        for value in [
            "/etc/ssl/key1A",
            "tokenExpiresIn",
            "user_token_name",
            "std::string1A",
            "1234567890123",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "request.headers2.Token",
            "./secrets/A1b2",
        ] {
            assert!(!chosen(value.as_bytes()), "{value}");
        }
        for value in ["kD8-2mPq#91x", "Zx9Lq27bNm41", "s3cr3t-Pass!"] {
            assert!(chosen(value.as_bytes()), "{value}");
        }
    }
}
