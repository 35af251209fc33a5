//! A point in time: microseconds since 1970-01-01T00:00:00Z.
//!
//! Time is a parameter everywhere; this type never reads a clock. Stored as BIGINT,
//! shown as RFC 3339 in UTC. Next: `id.rs`, whose ids carry one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;

/// A point in time, in microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// Text that is not an RFC 3339 instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not an instant; expected RFC 3339 in UTC, for example 2026-11-21T12:00:58Z")]
pub struct NotAnInstant {
    /// What was given, made printable.
    pub given: String,
}

impl Instant {
    /// Later than everything that happens.
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This instant moved forward, saturating at the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant moved back, saturating at the beginning of time.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Parses RFC 3339.
    pub fn parse(given: &str) -> Result<Self, NotAnInstant> {
        given
            .parse::<jiff::Timestamp>()
            .map(|stamp| Self(stamp.as_microsecond()))
            .map_err(|_| NotAnInstant { given: crate::printable(given, 60) })
    }

    /// Parses an end as people say it: a day, meaning its last second in UTC, or RFC 3339.
    pub fn parse_end(given: &str) -> Result<Self, NotAnInstant> {
        if given.len() == 10 { Self::parse(&format!("{given}T23:59:59Z")) } else { Self::parse(given) }
    }

    /// The beginning of a day, in UTC, or an instant.
    pub fn parse_begin(given: &str) -> Result<Self, NotAnInstant> {
        if given.len() == 10 { Self::parse(&format!("{given}T00:00:00Z")) } else { Self::parse(given) }
    }
}

/// RFC 3339 in UTC; for people to read (`{:#}`) without the parts of a second, never later than it is.
impl core::fmt::Display for Instant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let shown = if f.alternate() { self.0 - self.0.rem_euclid(1_000_000) } else { self.0 };
        match jiff::Timestamp::from_microsecond(shown) {
            Ok(stamp) => f.pad(&stamp.to_string()),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        Self::parse(&given).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Instant;
    use std::time::Duration;

    #[test]
    fn an_instant_is_shown_in_utc_and_read_back() {
        let at = Instant::from_micros(1_795_262_458_250_000);
        assert_eq!(at.to_string(), "2026-11-21T12:00:58.25Z");
        assert_eq!(Instant::parse(&at.to_string()), Ok(at));
        assert_eq!(format!("{at:#}"), "2026-11-21T12:00:58Z");
        assert!(Instant::parse("yesterday").is_err());
        assert_eq!(Instant::parse_end("2027-03-31").unwrap().to_string(), "2027-03-31T23:59:59Z");
        assert_eq!(Instant::parse_end("2027-03-31T12:00:00Z").unwrap().to_string(), "2027-03-31T12:00:00Z");
        assert!(Instant::parse_end("2027-13-01").is_err() && Instant::parse_end("2027-3-31Z").is_err());
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Instant::from_micros(i64::MAX).plus(Duration::from_secs(1)).as_micros(), i64::MAX);
        assert_eq!(Instant::from_micros(5).since(Instant::from_micros(9)), Duration::ZERO);
    }
}
