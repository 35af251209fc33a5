//! By what an event is believed: HMAC-SHA-256 over id, time and body, as Standard Webhooks writes it.
//!
//! The same secret signs what leaves and checks what comes in. A text that is old is refused, so that one that somebody kept is not
//! taken later; that it comes only once is for whoever keeps ids. A secret is never shown. Next: `webhook.rs`.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{fmt, ops::RangeInclusive, time::Duration};
use tenure_model::Instant;

/// How far from now what is signed may say it was.
pub const SIGNED_WITHIN: Duration = Duration::from_mins(5);

const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const BYTES: RangeInclusive<usize> = 24..=64;
/// Signatures of one text that are looked at: an old secret and a new one, and some.
const SIGNATURES_MAX: usize = 8;

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signing secret is `whsec_` and 24 to 64 random bytes in base64, such as `echo whsec_$(openssl rand -base64 32)` makes"
)]
pub struct SigningSecretRefused;

/// Why what came is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// There is no signature of a kind we know, or it is another's.
    #[error("no signature fits: is it the same secret on both sides?")]
    NotOurs,
    /// It was signed too long ago, or too far ahead.
    #[error("it was not signed within five minutes of now: is the clock right on both sides?")]
    NotNow,
    /// Its id or its time is none.
    #[error("`webhook-id` and `webhook-timestamp` are needed, the second in seconds since 1970")]
    Unreadable,
}

/// What both sides hold.
pub struct SigningSecret(hmac::Key);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// The headers that go with what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'text> {
    /// `webhook-id`.
    pub id: &'text str,
    /// `webhook-timestamp`.
    pub timestamp: &'text str,
    /// `webhook-signature`: one or several, with blanks between them.
    pub signature: &'text str,
}

impl SigningSecret {
    /// Reads a secret.
    pub fn new(text: &str) -> Result<Self, SigningSecretRefused> {
        let bytes = text.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.filter(|bytes| BYTES.contains(&bytes.len())).ok_or(SigningSecretRefused)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The signature of a text, as the header says it.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &signed(id, &seconds.to_string(), body));
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }

    /// Refuses what this secret did not sign just now. The time it takes does not say how much of a signature fits.
    pub fn check(&self, headers: Signed<'_>, body: &[u8], now: Instant) -> Result<(), SignatureRefused> {
        let is_id = (1..=256).contains(&headers.id.len())
            && headers.id.chars().all(|letter| letter.is_ascii_graphic());
        let seconds: i64 = headers.timestamp.parse().map_err(|_| SignatureRefused::Unreadable)?;
        if !is_id || headers.timestamp != seconds.to_string() {
            return Err(SignatureRefused::Unreadable);
        }
        let text = signed(headers.id, headers.timestamp, body);
        let mut given =
            headers.signature.split(' ').filter_map(|one| one.strip_prefix("v1,")).take(SIGNATURES_MAX);
        let fits =
            |one: &str| STANDARD.decode(one).is_ok_and(|tag| hmac::verify(&self.0, &text, &tag).is_ok());
        if !given.any(fits) {
            return Err(SignatureRefused::NotOurs);
        }
        let apart = now.as_micros().div_euclid(1_000_000).abs_diff(seconds);
        if apart > SIGNED_WITHIN.as_secs() { Err(SignatureRefused::NotNow) } else { Ok(()) }
    }
}

fn signed(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use super::{SignatureRefused, Signed, SigningSecret};
    use tenure_model::Instant;

    /// The example of the specification, made anew with its own library.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn now(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = SigningSecret::new(SECRET).unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_what_this_secret_signed_just_now_is_believed() {
        let secret = SigningSecret::new(SECRET).unwrap();
        let (at, body) = (1_795_000_000, br#"{"issue":"OPS-1"}"#.as_slice());
        let signature = secret.sign("id-1", at, body);
        let timestamp = at.to_string();
        let good = Signed { id: "id-1", timestamp: &timestamp, signature: &signature };
        assert_eq!(secret.check(good, body, now(at)), Ok(()));
        let both = format!("v0,abc v1,AAAA {signature}");
        assert_eq!(
            secret.check(Signed { signature: &both, ..good }, body, now(at + 300)),
            Ok(()),
            "a secret is changed"
        );
        let refused = |headers, body, seconds| secret.check(headers, body, now(seconds)).unwrap_err();
        assert_eq!(refused(good, body, at + 301), SignatureRefused::NotNow, "kept and sent again");
        assert_eq!(refused(good, body, at - 301), SignatureRefused::NotNow);
        assert_eq!(refused(good, br#"{"issue":"OPS-2"}"#, at), SignatureRefused::NotOurs);
        let (later, asymmetric) = ((at + 60).to_string(), signature.replace("v1,", "v1a,"));
        for other in [
            Signed { id: "id-2", ..good },
            Signed { timestamp: &later, ..good },
            Signed { signature: "", ..good },
            Signed { signature: signature.trim_start_matches("v1,"), ..good },
            Signed { signature: &asymmetric, ..good },
        ] {
            assert_eq!(refused(other, body, at), SignatureRefused::NotOurs, "{other:?}");
        }
        let padded = format!("+{at}");
        for none in [
            Signed { id: "", ..good },
            Signed { timestamp: "", ..good },
            Signed { timestamp: "soon", ..good },
            Signed { timestamp: &padded, ..good },
        ] {
            assert_eq!(refused(none, body, at), SignatureRefused::Unreadable, "{none:?}");
        }
        let other = SigningSecret::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert_eq!(other.check(good, body, now(at)), Err(SignatureRefused::NotOurs));
    }

    #[test]
    fn a_secret_that_is_none_is_refused_and_none_is_shown() {
        for none in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!", "password"]
        {
            assert!(SigningSecret::new(none).is_err(), "{none}");
        }
        let shown = format!("{:?}", SigningSecret::new(&format!("{SECRET}\n")).unwrap());
        assert_eq!(shown, "SigningSecret(…)");
    }
}
