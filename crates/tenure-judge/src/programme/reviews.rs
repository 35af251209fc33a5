//! Reviews as the programme bounds them: how often Tenure begins one, who is asked where no owner can be, how long after a miss.
//!
//! Who reviews never decides alone what they ask for or use themselves; that is seen to where it is known. It must never
//! read a clock. Next: `approver.rs`, the words for who; `control.rs`, what a missed review leads to.

use super::{ProgrammeRefused, approver, risk::TierDays};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// The control that reviews serve: that what nobody needs or answers for is ended. Its partners stand in and are escalated to.
pub const REVIEW_CONTROL: &str = "NHI1:2025";
const DECIDED_WITHIN_DAYS: RangeInclusive<u32> = 1..=365;
const MISSED_DAYS: RangeInclusive<u32> = 1..=90;
/// Who may be named, besides people.
const KNOWN: [&str; 3] = ["approves", "operator", "administrator"];
const FALLBACKS_MAX: usize = 5;
const DUE_AT_ONCE: RangeInclusive<u32> = 1..=500;

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
    /// After how many days without a decision Tenure begins a review of an identity by itself, by its risk tier; of one that is
    /// not named it begins none.
    #[serde(skip_serializing_if = "TierDays::is_empty")]
    pub every_days: TierDays,
    /// How many identities wait in reviews that Tenure began, at most.
    pub due_at_once: u32,
}

impl Default for ReviewRules {
    fn default() -> Self {
        Self {
            decided_within_days: 14,
            fallback: vec![String::from("operator")],
            missed_days: 7,
            every_days: TierDays::default(),
            due_at_once: 50,
        }
    }
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &ReviewRules) -> Vec<ProgrammeRefused> {
    let rows = [
        ("reviews.decided_within_days", rules.decided_within_days, DECIDED_WITHIN_DAYS),
        ("reviews.missed_days", rules.missed_days, MISSED_DAYS),
        ("reviews.due_at_once", rules.due_at_once, DUE_AT_ONCE),
    ];
    let outside = rows.into_iter().filter(|(_, given, allowed)| !allowed.contains(given));
    let mut faults: Vec<ProgrammeRefused> = outside
        .map(|(setting, given, allowed)| {
            let (min, max) = allowed.into_inner();
            ProgrammeRefused::OutOfRange { setting, given, min, max }
        })
        .collect();
    faults.extend(rules.every_days.faults("reviews.every_days", "reviewed"));
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
