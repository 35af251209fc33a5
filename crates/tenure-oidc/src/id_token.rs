//! What is believed of an ID token: every rule of OpenID Connect Core 1.0, section 3.1.3.7, each refused by its own name.
//!
//! Pure: bytes, keys and a time in, claims or a refusal out. Nothing is read of a token before its signature is verified
//! but the header, and of that only which algorithm and which key. Next: `keys.rs`.

use crate::{
    OidcRefused,
    keys::{Algorithm, Keys},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use std::time::Duration;
use tenure_model::Instant;

/// How far the provider's clock and ours may be apart.
const CLOCKS_APART_MAX: Duration = Duration::from_mins(1);
/// How long ago a token may have been made: it was made for this sign-in, and is fetched at once.
const MADE_BEFORE_MAX: Duration = Duration::from_mins(10);
/// Characters of a subject, at most (section 2).
const SUBJECT_CHARS_MAX: usize = 255;

/// What a token must be.
pub(crate) struct Expected<'flow> {
    pub(crate) issuer: &'flow str,
    pub(crate) client: &'flow str,
    pub(crate) nonce: &'flow str,
    pub(crate) now: Instant,
}

/// What is believed of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Believed {
    pub(crate) subject: String,
    /// Only when the provider verified it.
    pub(crate) email: Option<String>,
    pub(crate) authenticated: Option<Instant>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneOrMany,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nonce: Option<String>,
    auth_time: Option<f64>,
    email: Option<String>,
    email_verified: Option<serde_json::Value>,
}

/// Verifies a token and answers what it says.
pub(crate) fn believe(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Believed, OidcRefused> {
    let (signed, signature) = token.rsplit_once('.').ok_or(OidcRefused::NotAToken)?;
    let (header, claims) = signed.split_once('.').ok_or(OidcRefused::NotAToken)?;
    let header: Header = part(header)?;
    let algorithm = Algorithm::named(&header.alg)?;
    if header.crit.is_some() {
        return Err(OidcRefused::Critical);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| OidcRefused::NotAToken)?;
    keys.verify(algorithm, header.kid.as_deref(), (signed.as_bytes(), &signature))?;
    check(part(claims)?, expected)
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, OidcRefused> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OidcRefused::NotAToken)?;
    serde_json::from_slice(&bytes).map_err(|_| OidcRefused::NotAToken)
}

fn check(claims: Claims, expected: &Expected<'_>) -> Result<Believed, OidcRefused> {
    if claims.iss != expected.issuer {
        return Err(OidcRefused::TokenIssuer);
    }
    let several = match &claims.aud {
        OneOrMany::One(one) if one == expected.client => false,
        OneOrMany::Many(many) if many.iter().any(|one| one == expected.client) => many.len() > 1,
        OneOrMany::One(_) | OneOrMany::Many(_) => return Err(OidcRefused::Audience),
    };
    match &claims.azp {
        Some(party) if party != expected.client => return Err(OidcRefused::Party),
        None if several => return Err(OidcRefused::Party),
        Some(_) | None => {}
    }
    let (ends, made) = (instant(claims.exp)?, instant(claims.iat)?);
    if ends.plus(CLOCKS_APART_MAX) <= expected.now {
        return Err(OidcRefused::Expired);
    }
    if made > expected.now.plus(CLOCKS_APART_MAX) || expected.now.since(made) > MADE_BEFORE_MAX {
        return Err(OidcRefused::IssuedAt);
    }
    // Drawn at random and used once: how long the comparison takes tells nothing that can be used.
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(OidcRefused::Nonce);
    }
    if claims.sub.is_empty() || claims.sub.len() > SUBJECT_CHARS_MAX || !claims.sub.is_ascii() {
        return Err(OidcRefused::Subject);
    }
    let is_verified = claims.email_verified == Some(serde_json::Value::Bool(true));
    Ok(Believed {
        subject: claims.sub,
        email: claims.email.filter(|_| is_verified),
        authenticated: claims.auth_time.map(instant).transpose()?,
    })
}

/// Seconds since 1970, which may have a fraction (RFC 7519, section 2).
fn instant(seconds: f64) -> Result<Instant, OidcRefused> {
    // Up to the year 9999; NaN is in no range.
    if !(0.0..=253_402_300_799.0).contains(&seconds) {
        return Err(OidcRefused::NotAToken);
    }
    #[expect(clippy::cast_possible_truncation, reason = "by the range above it fits")]
    let seconds = seconds as i64;
    Ok(Instant::from_micros(seconds.saturating_mul(1_000_000)))
}
