//! Requests as the programme bounds them: how long one waits for its decisions, and how long what was approved may be used.
//! It must never read a clock. Next: `approvals.rs`, who decides; `stores.rs`, where credentials may live.

use super::ProgrammeRefused;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

const DECIDED_WITHIN_DAYS: RangeInclusive<u32> = 1..=90;
const USED_WITHIN_DAYS: RangeInclusive<u32> = 1..=180;

/// How long what is asked for waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestRules {
    /// Days within which every step is decided, from when it was asked for.
    pub decided_within_days: u32,
    /// Days within which what was asked for is made, after those for its decisions.
    pub used_within_days: u32,
}

impl Default for RequestRules {
    fn default() -> Self {
        Self { decided_within_days: 14, used_within_days: 30 }
    }
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &RequestRules) -> Vec<ProgrammeRefused> {
    let rows = [
        ("requests.decided_within_days", rules.decided_within_days, DECIDED_WITHIN_DAYS),
        ("requests.used_within_days", rules.used_within_days, USED_WITHIN_DAYS),
    ];
    let outside = rows.into_iter().filter(|(_, given, allowed)| !allowed.contains(given));
    let refused = outside.map(|(setting, given, allowed)| {
        let (min, max) = allowed.into_inner();
        ProgrammeRefused::OutOfRange { setting, given, min, max }
    });
    refused.collect()
}
