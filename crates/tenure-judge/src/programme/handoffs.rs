//! Handoffs as the programme bounds them: how long whom one was offered to has. It must never read a clock.
//! Next: `service_levels.rs`, which may say it in hours instead.

use super::ProgrammeRefused;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

const ACCEPTED_WITHIN_DAYS: RangeInclusive<u32> = 1..=90;

/// How long a handoff waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandoffRules {
    /// Days within which it is accepted, where no service level means it.
    pub accepted_within_days: u32,
}

impl Default for HandoffRules {
    fn default() -> Self {
        Self { accepted_within_days: 7 }
    }
}

/// What is wrong with the rules.
pub(super) fn faults(rules: &HandoffRules) -> Option<ProgrammeRefused> {
    let given = rules.accepted_within_days;
    let (min, max) = (*ACCEPTED_WITHIN_DAYS.start(), *ACCEPTED_WITHIN_DAYS.end());
    let setting = "handoffs.accepted_within_days";
    (!ACCEPTED_WITHIN_DAYS.contains(&given)).then_some(ProgrammeRefused::OutOfRange {
        setting,
        given,
        min,
        max,
    })
}
