//! Messages as the programme bounds them: when somebody is told, of what, and how often.
//!
//! A digest gathers what is new for them; what is urgent comes by itself, as long as their week is not used up. Pure: the time
//! and what they were told before come in. It must never say what waits. Next: `service_levels.rs`, by when.

use super::{Calendar, ProgrammeRefused, named};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};
use tenure_model::{Instant, MessageKind, RiskTier};

const DIGEST_EVERY_HOURS: RangeInclusive<u32> = 1..=168;
const WEEKLY_MAX: RangeInclusive<u32> = 1..=200;
const REMIND_DAYS: RangeInclusive<u32> = 1..=90;

/// When people are told, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageRules {
    /// The calendar in whose hours messages are sent; what is outside of them is quiet. Around the clock, where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Hours between two digests to one person, at least.
    pub digest_every_hours: u32,
    /// Messages to one person within seven days, after which nothing is urgent any more.
    pub weekly_max: u32,
    /// Days after which somebody is told again of what still waits.
    pub remind_days: u32,
    /// Risk tiers of which somebody is told at once, also in quiet hours.
    pub urgent_tiers: Vec<RiskTier>,
}

impl Default for MessageRules {
    fn default() -> Self {
        Self {
            calendar: None,
            digest_every_hours: 20,
            weekly_max: 20,
            remind_days: 7,
            urgent_tiers: vec![RiskTier::Critical],
        }
    }
}

/// What somebody was told before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Keys of what they were told within `remind_days`.
    pub keys: BTreeSet<String>,
    /// When their last digest was written.
    pub last_digest: Option<Instant>,
    /// Messages to them within seven days, without those that somebody asked for.
    pub this_week: u32,
}

/// One thing that waits for them, as far as telling goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tellable {
    /// What tells it from everything else, and says whether it is overdue.
    pub key: String,
    /// Its risk tier; nothing where that was never judged.
    pub tier: Option<RiskTier>,
    /// Its end came.
    pub overdue: bool,
}

impl super::Programme {
    /// Of what somebody is told now, by its place in `waiting`, and how; nothing where they are not.
    pub fn tells(
        &self,
        now: Instant,
        told: &Told,
        waiting: &[Tellable],
    ) -> Option<(MessageKind, Vec<usize>)> {
        let rules = &self.messages;
        let calendar = rules.calendar.as_ref();
        let calendar = calendar.and_then(|id| self.calendars.iter().find(|one| one.id == *id));
        let is_quiet = calendar.is_some_and(|calendar| !calendar.is_at_work(now));
        let new: Vec<usize> =
            (0..).zip(waiting).filter(|(_, one)| !told.keys.contains(&one.key)).map(|(at, _)| at).collect();
        let is_urgent = |at: &usize| {
            waiting.get(*at).is_some_and(|one| {
                one.tier.is_some_and(|tier| rules.urgent_tiers.contains(&tier)) || (one.overdue && !is_quiet)
            })
        };
        let every = Duration::from_hours(rules.digest_every_hours.into());
        let digest_is_due = told.last_digest.is_none_or(|last| last.plus(every) <= now);
        if !new.is_empty() && !is_quiet && digest_is_due {
            return Some((MessageKind::Digest, new));
        }
        let urgent: Vec<usize> = new.into_iter().filter(is_urgent).collect();
        let may = told.this_week < rules.weekly_max && !urgent.is_empty();
        may.then_some((MessageKind::Urgent, urgent))
    }
}

/// Everything that is wrong with the rules.
pub(super) fn faults(rules: &MessageRules, calendars: &[Calendar]) -> Vec<ProgrammeRefused> {
    let numbers = [
        ("messages.digest_every_hours", rules.digest_every_hours, DIGEST_EVERY_HOURS),
        ("messages.weekly_max", rules.weekly_max, WEEKLY_MAX),
        ("messages.remind_days", rules.remind_days, REMIND_DAYS),
    ];
    let mut faults: Vec<ProgrammeRefused> = numbers
        .into_iter()
        .filter(|(_, given, range)| !range.contains(given))
        .map(|(setting, given, range)| ProgrammeRefused::OutOfRange {
            setting,
            given,
            min: *range.start(),
            max: *range.end(),
        })
        .collect();
    if let Some(id) = &rules.calendar
        && !calendars.iter().any(|one| one.id == *id)
    {
        let known: Vec<&str> = calendars.iter().map(|one| one.id.as_str()).collect();
        let why = named::unknown(id, "calendar", &known);
        faults.push(ProgrammeRefused::SettingUnfit { setting: "messages.calendar", why });
    }
    faults
}
