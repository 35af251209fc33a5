//! Systems and sources: where identities live, and our configured connection to one.
//!
//! A source has a short name people type, and named enforcement points: every place
//! where a credential of that system is accepted or refused. Next: `survey.rs`.

use serde::{Deserialize, Serialize};

/// A short name typed by people: lower-case letters, digits and `-`, 1 to 40 characters,
/// beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ShortName(String);

/// Text that cannot be a short name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` cannot be a name; use 1 to 40 lower-case letters, digits and `-`, beginning with a letter"
)]
pub struct NotAShortName {
    /// What was given, made printable.
    pub given: String,
}

impl ShortName {
    /// Parses a short name.
    pub fn parse(given: &str) -> Result<Self, NotAShortName> {
        let fits = (1..=40).contains(&given.len())
            && given.starts_with(|first: char| first.is_ascii_lowercase())
            && given
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
        if fits {
            Ok(Self(given.to_owned()))
        } else {
            Err(NotAShortName { given: crate::printable(given, 60) })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for ShortName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for ShortName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        Self::parse(&given).map_err(serde::de::Error::custom)
    }
}

/// The name of the enforcement point that every source has.
pub const PRIMARY: &str = "primary";

/// A place where a credential is accepted or refused, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// What people call it: `primary`, `replica-1`, `pooler`.
    pub name: ShortName,
    /// Where it is. Never holds a password.
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::ShortName;

    #[test]
    fn short_names_are_typeable() {
        for good in ["a", "pg-main", "replica-1"] {
            assert!(ShortName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Pg", "1a", "a b", "-a", "é", &"a".repeat(41)] {
            assert!(ShortName::parse(bad).is_err(), "{bad}");
        }
    }
}
