//! Reasons that people give: never empty, and never a secret, because they are shown and kept.
//!
//! The one home of what makes words of people fit to be kept. It must never judge whether a reason is a good one.
//! Next: `tenure-secrets`, which knows what a secret looks like.

use crate::EngineFailure;
use std::sync::LazyLock;
use tenure_secrets::{ScanLimits, Scanner};

static SCANNER: LazyLock<Option<Scanner>> = LazyLock::new(|| Scanner::new().ok());

/// A reason without what surrounds it. `who` begins the sentence that refuses one: `whoever pauses a clock`.
pub(super) fn given(reason: &str, who: &str) -> Result<String, EngineFailure> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(EngineFailure::Refused { why: format!("{who} says why; the reason is empty") });
    }
    kept(reason)
}

/// A reason that may be left empty, without what surrounds it.
pub(super) fn kept(reason: &str) -> Result<String, EngineFailure> {
    let reason = reason.trim();
    if holds_a_secret(reason) {
        let why = "the reason holds what looks like a secret, and is shown and kept: say it without";
        return Err(EngineFailure::Refused { why: why.to_owned() });
    }
    Ok(reason.to_owned())
}

/// Whether a text of people holds what looks like a secret.
pub(super) fn holds_a_secret(text: &str) -> bool {
    let limits = ScanLimits::default();
    // Without a scanner nothing is known to be harmless.
    SCANNER.as_ref().is_none_or(|scanner| !scanner.scan(text.as_bytes(), &limits).hits.is_empty())
}
