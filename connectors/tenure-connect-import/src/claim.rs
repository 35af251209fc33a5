//! What one record claims: a principal, and what it is said to hold.
//!
//! Every claim is marked as one and says where it stands in the file. Next: `mapping/apply.rs`, `prowler.rs`,
//! `cartography.rs`, which make them, and `read.rs`, which takes them.

use crate::{
    guard::Guard,
    limits::{FACT_CHARS_MAX, NAME_BYTES_MAX},
    tally::Tally,
    trouble::Trouble,
};
use std::time::Duration;
use tenure_model::{
    Fact, Facts, Instant, Observation, ObservedPrincipal, ObservedUse, PrincipalKey, PrincipalKind, names,
    printable,
};

/// An hour, the width of a bucket of uses.
const HOUR: Duration = Duration::from_hours(1);

/// What one record claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Who.
    pub(crate) principal: ObservedPrincipal,
    /// Credentials, rights and uses of it.
    pub(crate) further: Vec<Observation>,
}

/// Everything that making a claim needs beside the record.
pub(crate) struct Desk<'reading> {
    /// Finds what looks like a secret.
    pub(crate) guard: &'reading Guard,
    /// Hashes values that are to be known again.
    pub(crate) fingerprint: &'reading dyn tenure_connect::Fingerprint,
    /// The file, as it is shown.
    pub(crate) file: &'reading str,
    /// What is counted.
    pub(crate) tally: &'reading mut Tally,
}

impl Desk<'_> {
    /// The facts of everything from one line.
    pub(crate) fn facts(&self, line: u64) -> Facts {
        Facts::from([
            (names::CLAIMED.to_owned(), Fact::Flag(true)),
            (names::DEFINED_IN.to_owned(), Fact::Text(format!("{}:{line}", self.file))),
        ])
    }

    /// A text for a fact or a hint: cut to a length, and dropped where it holds a secret.
    pub(crate) fn told(&mut self, column: &str, text: &str) -> Option<String> {
        if self.guard.holds_secret(text) {
            self.tally.drop_secret(column);
            return None;
        }
        // The inventory holds no NUL, and one in a remark is no reason to lose the row.
        let cut: String = text.trim().replace('\0', "\u{fffd}").chars().take(FACT_CHARS_MAX).collect();
        (!cut.is_empty()).then_some(cut)
    }

    /// A text by which something is known: never cut, and never a secret.
    pub(crate) fn name(&self, column: &str, text: &str) -> Result<String, Trouble> {
        let text = text.trim();
        let column = || printable(column, 60);
        if text.is_empty() {
            return Err(Trouble::Empty { column: column() });
        }
        if text.len() > NAME_BYTES_MAX {
            return Err(Trouble::TextTooLong { column: column() });
        }
        if text.contains('\0') {
            return Err(Trouble::Nul);
        }
        if text.starts_with('=') {
            return Err(Trouble::Formula { column: column() });
        }
        if self.guard.holds_secret(text) {
            return Err(Trouble::HoldsSecret { column: column() });
        }
        Ok(text.to_owned())
    }

    /// A last use; the file says only when, so it counts once.
    pub(crate) fn last_use(&self, principal: &PrincipalKey, at: Instant, by: Option<String>) -> Observation {
        let hour = i64::try_from(HOUR.as_micros()).unwrap_or(1);
        Observation::Use(ObservedUse {
            principal: principal.clone(),
            consumer: by.unwrap_or_else(|| format!("claimed by {}", self.file)),
            bucket: Instant::from_micros(at.as_micros().div_euclid(hour).saturating_mul(hour)),
            count: 1,
        })
    }

    /// A principal with nothing known but who it is.
    pub(crate) fn principal(
        &self,
        line: u64,
        key: String,
        name: String,
        kind: PrincipalKind,
    ) -> ObservedPrincipal {
        ObservedPrincipal {
            key: PrincipalKey(key),
            name,
            kind,
            built_in: false,
            facts: self.facts(line),
            charter_hint: None,
        }
    }
}
