//! How one cell is understood: words, flags, numbers, dates. Never shows what it could not understand.

use super::DateForm;
use tenure_model::{CredentialState, Instant};

/// One cell of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'row> {
    /// Empty, or not there.
    Missing,
    /// A text.
    Text(std::borrow::Cow<'row, str>),
    /// Several texts: a JSON list of plain values.
    Texts(Vec<String>),
    /// A JSON object, or a list of such.
    Nested,
}

/// Words that files use for yes and no.
pub(super) const FLAG_WORDS: &[&str] = &[
    "true", "yes", "y", "1", "t", "on", "enabled", "active", "false", "no", "n", "0", "f", "off", "disabled",
    "inactive",
];
/// Words that files use for the state of a credential.
pub(super) const STATE_WORDS: &[&str] =
    &["live", "active", "enabled", "valid", "disabled", "inactive", "revoked", "suspended", "expired"];

/// Yes or no, in the words that are used for it.
pub(super) fn flag(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "t" | "on" | "enabled" | "active" => Some(true),
        "false" | "no" | "n" | "0" | "f" | "off" | "disabled" | "inactive" => Some(false),
        _ => None,
    }
}

/// The state of a credential, in the words that are used for it.
pub(super) fn state(word: &str) -> Option<CredentialState> {
    match word.to_lowercase().as_str() {
        "live" | "active" | "enabled" | "valid" => Some(CredentialState::Live),
        "disabled" | "inactive" | "revoked" | "suspended" => Some(CredentialState::Disabled),
        "expired" => Some(CredentialState::Expired),
        _ => None,
    }
}

/// A date.
pub(crate) fn date(text: &str, form: &DateForm) -> Option<Instant> {
    let text = text.trim();
    match form {
        DateForm::Unix => seconds(text, 1_000_000),
        DateForm::UnixMilliseconds => seconds(text, 1_000),
        DateForm::Rfc3339 => rfc3339(text),
        DateForm::Pattern(pattern) => {
            let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
            let with_zone = parsed.to_timestamp().ok();
            let stamp = with_zone.or_else(|| {
                let date = parsed.to_date().ok()?;
                let time = parsed.to_time().unwrap_or_default();
                utc(date.to_datetime(time))
            })?;
            Some(Instant::from_micros(stamp.as_microsecond()))
        }
    }
}

fn seconds(text: &str, micros: i64) -> Option<Instant> {
    text.parse::<i64>().ok()?.checked_mul(micros).map(Instant::from_micros)
}

fn rfc3339(text: &str) -> Option<Instant> {
    let stamp = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        // Without a zone it is taken as UTC, which is what exports mean.
        utc(text.parse::<jiff::civil::DateTime>().ok()?)
    })?;
    Some(Instant::from_micros(stamp.as_microsecond()))
}

fn utc(civil: jiff::civil::DateTime) -> Option<jiff::Timestamp> {
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}

/// A date as programs write it, when nobody says how: RFC 3339, or seconds or milliseconds since 1970.
pub(crate) fn any_date(text: &str) -> Option<Instant> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(0) => None,
        // Beyond the year 5138 as seconds.
        Ok(number) if number.abs() >= 100_000_000_000 => number.checked_mul(1_000).map(Instant::from_micros),
        Ok(number) => number.checked_mul(1_000_000).map(Instant::from_micros),
        Err(_) => rfc3339(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{DateForm, any_date, date};

    #[test]
    fn dates_in_every_form() {
        let told =
            |text: &str, form: &DateForm| date(text, form).map_or("none".to_owned(), |at| at.to_string());
        let pattern = |text: &str, pattern: &str| told(text, &DateForm::Pattern(pattern.to_owned()));
        for (given, expect) in [
            ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
            ("2026-03-01T10:00:00+02:00", "2026-03-01T08:00:00Z"),
            ("2026-03-01 10:00:00+00:00", "2026-03-01T10:00:00Z"),
            ("2026-03-01 10:00:00", "2026-03-01T10:00:00Z"),
            (" 2026-03-01 ", "2026-03-01T00:00:00Z"),
            ("01/03/2026", "none"),
            ("never", "none"),
        ] {
            assert_eq!(told(given, &DateForm::Rfc3339), expect, "{given}");
        }
        assert_eq!(pattern("01.03.2026", "%d.%m.%Y"), "2026-03-01T00:00:00Z");
        assert_eq!(pattern("01.03.2026 23:30 +0100", "%d.%m.%Y %H:%M %z"), "2026-03-01T22:30:00Z");
        assert_eq!(pattern("31.02.2026", "%d.%m.%Y"), "none");
        assert_eq!(pattern("x", "%Q"), "none");
        assert_eq!(told("1772359200", &DateForm::Unix), "2026-03-01T10:00:00Z");
        assert_eq!(told("1772359200000", &DateForm::UnixMilliseconds), "2026-03-01T10:00:00Z");
        assert_eq!(told("9223372036854775807", &DateForm::Unix), "none");
        assert_eq!(any_date("1772359200").map(|at| at.to_string()).as_deref(), Some("2026-03-01T10:00:00Z"));
        assert_eq!(
            any_date("1772359200000").map(|at| at.to_string()).as_deref(),
            Some("2026-03-01T10:00:00Z")
        );
        assert_eq!([any_date("0"), any_date("N/A"), any_date("")], [None; 3]);
    }
}
