//! Reviews as the programme bounds them: who is asked where no owner can be, and how long after a miss.
//!
//! Who reviews never decides alone what they ask for or use themselves; that is seen to where it is known. It must never
//! read a clock. Next: `approver.rs`, the words for who; `control.rs`, what a missed review leads to.

use super::{ProgrammeRefused, approver};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// The control that reviews serve: that what nobody needs or answers for is ended. Its partners stand in and are escalated to.
pub const REVIEW_CONTROL: &str = "NHI1:2025";
const DECIDED_WITHIN_DAYS: RangeInclusive<u32> = 1..=365;
const MISSED_DAYS: RangeInclusive<u32> = 1..=90;
/// Who may be named, besides people.
const KNOWN: [&str; 3] = ["approves", "operator", "administrator"];
const FALLBACKS_MAX: usize = 5;

/// Who reviews, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewRules {
    /// Days within which a review is decided, unless its end is said.
    pub decided_within_days: u32,
    /// Who is asked where the owner is not there, would review themselves, or missed it; the first who may.
    pub fallback: Vec<String>,
    /// Days that each next one has after a review was missed.
    pub missed_days: u32,
}

impl Default for ReviewRules {
    fn default() -> Self {
        Self { decided_within_days: 14, fallback: vec![String::from("operator")], missed_days: 7 }
    }
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &ReviewRules) -> Vec<ProgrammeRefused> {
    let rows = [
        ("reviews.decided_within_days", rules.decided_within_days, DECIDED_WITHIN_DAYS),
        ("reviews.missed_days", rules.missed_days, MISSED_DAYS),
    ];
    let outside = rows.into_iter().filter(|(_, given, allowed)| !allowed.contains(given));
    let mut faults: Vec<ProgrammeRefused> = outside
        .map(|(setting, given, allowed)| {
            let (min, max) = allowed.into_inner();
            ProgrammeRefused::OutOfRange { setting, given, min, max }
        })
        .collect();
    let mut unfit = |why: String| {
        faults.push(ProgrammeRefused::SettingUnfit { setting: "reviews.fallback", why });
    };
    if rules.fallback.is_empty() || rules.fallback.len() > FALLBACKS_MAX {
        unfit(format!(
            "`reviews.fallback` names one to {FALLBACKS_MAX} who are asked where the owner cannot be"
        ));
    }
    for term in rules.fallback.iter().take(FALLBACKS_MAX) {
        if let Some(why) = approver::fault(term, &KNOWN) {
            unfit(why);
        }
    }
    faults
}
