//! Retention: for how long what was is kept, so that it can be asked for as of a day.
//!
//! What is said here takes away; nothing said, and everything is kept. It must never read a clock. Next:
//! `tenure-engine/src/verbs/days.rs`, which carries it out, with an entry for each time.

use super::ProgrammeRefused;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A month at least, because a month's questions are asked after its end; thirty years at most.
const PAST_DAYS: RangeInclusive<u32> = 35..=11_000;
const BODY_DAYS: RangeInclusive<u32> = 90..=11_000;

/// For how many days what is over is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionRules {
    /// What the inventory was; for ever where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past_days: Option<u32>,
    /// Bodies of entries of the log, with names and reasons; the entries stay. For ever where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_days: Option<u32>,
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &RetentionRules) -> Vec<ProgrammeRefused> {
    let rows = [
        ("retention.past_days", rules.past_days, PAST_DAYS),
        ("retention.body_days", rules.body_days, BODY_DAYS),
    ];
    rows.into_iter()
        .filter_map(|(setting, given, allowed)| {
            let given = given.filter(|given| !allowed.contains(given))?;
            let (min, max) = allowed.into_inner();
            Some(ProgrammeRefused::OutOfRange { setting, given, min, max })
        })
        .collect()
}
