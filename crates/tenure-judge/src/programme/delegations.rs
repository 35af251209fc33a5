//! Delegations as the programme bounds them: how long one may be, and for how much of a year somebody's decisions are others'.
//!
//! A delegation that is given again and again would be one without an end, so the time of all of them together is bounded too.
//! It must never read a clock. Next: `approver.rs`, what somebody decides in whose place.

use super::{ProgrammeRefused, days_long};
use serde::{Deserialize, Serialize};
use std::{ops::RangeInclusive, time::Duration};
use tenure_model::{DelegatedTime, Instant};

const DAYS_MAX: RangeInclusive<u32> = 0..=92;
const DAYS_A_YEAR_MAX: RangeInclusive<u32> = 0..=184;
/// How long ahead one may begin.
const AHEAD_DAYS: u32 = 92;
const YEAR: Duration = Duration::from_hours(24 * 365);
/// Delegations of one person that wait or count at a time.
const CURRENT_MAX: usize = 5;
const DAY_MICROS: u64 = 24 * 60 * 60 * 1_000_000;

/// How long somebody may let others decide in their place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DelegationRules {
    /// Days that one may last; with 0 nobody delegates.
    pub days_max: u32,
    /// Days of any year in which somebody's decisions are others', however many delegations they were.
    pub days_a_year_max: u32,
}

impl Default for DelegationRules {
    fn default() -> Self {
        Self { days_max: 31, days_a_year_max: 92 }
    }
}

/// Why somebody may not delegate so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDelegated {
    /// The programme lets nobody.
    #[error("the programme lets nobody decide in another's place (`delegations.days_max` is 0)")]
    Never,
    /// It would be over before it began.
    #[error("it would end before it begins, or in the past")]
    EndTooEarly,
    /// It would begin too late.
    #[error("it may begin {AHEAD_DAYS} days ahead at most")]
    TooFarAhead,
    /// It would last too long.
    #[error("it may last {max} days at most, until {until:#}")]
    TooLong {
        /// Days it may last.
        max: u32,
        /// The latest end.
        until: Instant,
    },
    /// Too many of one person are there.
    #[error(
        "{CURRENT_MAX} delegations of yours wait or count already: end one first (tenure delegation list)"
    )]
    TooMany,
    /// All of them together would be too long.
    #[error(
        "within a year others would decide for you on {days} days, and {max} there may be: what needs longer than that is \
         handed on (tenure handoff offer)"
    )]
    TooMuchOfAYear {
        /// Begun days there would be.
        days: u64,
        /// Days there may be.
        max: u32,
    },
}

impl DelegationRules {
    /// Whether somebody may offer one for this time. `before` is everything they offered that counted, counts, or waits.
    pub fn may_offer(
        &self,
        new: DelegatedTime,
        (before, current): (&[DelegatedTime], usize),
        now: Instant,
    ) -> Result<(), NotDelegated> {
        if self.days_max == 0 {
            return Err(NotDelegated::Never);
        }
        let begins = new.from.max(now);
        if new.until <= begins {
            return Err(NotDelegated::EndTooEarly);
        }
        if begins > now.plus(days_long(AHEAD_DAYS)) {
            return Err(NotDelegated::TooFarAhead);
        }
        let until = begins.plus(days_long(self.days_max));
        if new.until > until {
            return Err(NotDelegated::TooLong { max: self.days_max, until });
        }
        if current >= CURRENT_MAX {
            return Err(NotDelegated::TooMany);
        }
        let all: Vec<DelegatedTime> = before.iter().chain([&new]).copied().collect();
        // A year that ended before this one begins is as it was.
        let ends = all.iter().map(|one| one.until).filter(|end| *end > begins);
        let worst = ends.map(|end| days_of_year(&all, end)).max().unwrap_or_default();
        let max = self.days_a_year_max;
        if worst > u64::from(max) { Err(NotDelegated::TooMuchOfAYear { days: worst, max }) } else { Ok(()) }
    }
}

/// Begun days on which others decide, of the year before an instant. Times that lie over each other count once.
fn days_of_year(times: &[DelegatedTime], end: Instant) -> u64 {
    let begin = end.minus(YEAR);
    let mut within: Vec<(Instant, Instant)> = times
        .iter()
        .map(|one| (one.from.max(begin), one.until.min(end)))
        .filter(|(from, until)| from < until)
        .collect();
    within.sort();
    let (mut micros, mut reached) = (0_u64, begin);
    for (from, until) in within {
        let from = from.max(reached);
        if from < until {
            micros = micros.saturating_add(until.since(from).as_micros().try_into().unwrap_or(u64::MAX));
            reached = until;
        }
    }
    micros.div_ceil(DAY_MICROS)
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &DelegationRules) -> Vec<ProgrammeRefused> {
    let given = [
        ("delegations.days_max", rules.days_max, DAYS_MAX),
        ("delegations.days_a_year_max", rules.days_a_year_max, DAYS_A_YEAR_MAX),
    ];
    let wrong = given.into_iter().filter(|(_, given, range)| !range.contains(given));
    wrong
        .map(|(setting, given, range)| {
            let (min, max) = range.into_inner();
            ProgrammeRefused::OutOfRange { setting, given, min, max }
        })
        .collect()
}
