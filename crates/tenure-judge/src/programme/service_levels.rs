//! Service levels: by when a step that waits for people is decided, and who is asked when it is not.
//!
//! The first that means a step counts. When its time is over the step passes on, to the fallback and then to the escalation,
//! each with as much time; whoever was asked before may still decide. Being asked grants no right that is not held. A level
//! is kept beside the clock that it began, so that no other programme moves what runs. It must never read a clock.
//! Next: `business_time.rs`; `approver.rs`, the words for who.

use super::{Calendar, Class, Part, ProgrammeRefused, approver, named};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tenure_model::{ClockKind, ClockStage, Instant, RiskTier, printable};

/// Service levels of one programme, and people or roles asked at one stage, at most.
const LEVELS_MAX: usize = 50;
const ASKED_MAX: usize = 10;
/// Hours a step may wait, at most: a year of offices.
const HOURS_MAX: u32 = 2_000;
/// Days a clock may stand still, at most.
const PAUSE_DAYS_MAX: u32 = 90;
/// What is not over within ten years of business time is over then.
const NEVER: Duration = Duration::from_hours(24 * 3_660);
/// Who may be asked, beside a person by name.
const KNOWN: [&str; 2] = ["operator", "administrator"];

/// By when a step is decided, and who is asked when it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevel {
    /// Its short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// Which steps.
    #[serde(rename = "for")]
    pub kind: ClockKind,
    /// Risk tiers of identities; any when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<RiskTier>,
    /// Classes of identities; any when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Hours within which it is decided, and that each next one has: of the calendar, where one is named.
    pub within_hours: u32,
    /// After how many of them it is recorded that it becomes late soon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_after_hours: Option<u32>,
    /// For how many days it may be paused, all its pauses together; left out: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_days_max: Option<u32>,
    /// In whose hours they count; around the clock, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// Who is asked next: `operator`, `administrator` or `person:NAME`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Who is asked last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<String>,
}

/// A step as service levels look at it.
#[derive(Debug, Clone, Copy)]
pub struct StepAbout<'step> {
    /// What it is a step of.
    pub kind: ClockKind,
    /// The class of its identity; nothing where it has none.
    pub class: Option<&'step str>,
    /// Its risk tier; where none is known, it is taken as any.
    pub tier: Option<RiskTier>,
}

/// A service level with the calendar that it names, as both were when a clock began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRules {
    /// The level.
    pub level: ServiceLevel,
    /// The calendar; around the clock where there is none.
    pub calendar: Option<Calendar>,
}

impl ClockRules {
    /// By when it is decided, or passes on, where somebody is asked from `start` on.
    pub fn due(&self, start: Instant) -> Instant {
        self.after(start, self.level.within_hours)
    }

    /// When it is recorded that it becomes late soon.
    pub fn warns(&self, start: Instant) -> Option<Instant> {
        self.level.warn_after_hours.map(|hours| self.after(start, hours))
    }

    /// How much of its time is left.
    pub fn left(&self, now: Instant, due: Instant) -> Duration {
        match &self.calendar {
            Some(calendar) => calendar.between(now, due),
            None => due.since(now),
        }
    }

    /// Who is asked at a stage, beside those before; nobody else at the first.
    pub fn asked(&self, stage: ClockStage) -> &[String] {
        match stage {
            ClockStage::First => &[],
            ClockStage::Fallback => &self.level.fallback,
            ClockStage::Escalation => &self.level.escalation,
        }
    }

    /// Everybody who is asked by then beside those whose step it is.
    pub fn asked_by(&self, stage: ClockStage) -> Vec<String> {
        let by_then = ClockStage::ALL.iter().filter(|one| **one <= stage);
        by_then.flat_map(|one| self.asked(*one)).cloned().collect()
    }

    /// When what was to come at `then` comes, where it stood still from `since` until `again`: with as much time as was left.
    pub fn moved(&self, then: Instant, since: Instant, again: Instant) -> Instant {
        self.after_work(again, self.left(since, then))
    }

    fn after(&self, start: Instant, hours: u32) -> Instant {
        self.after_work(start, Duration::from_hours(hours.into()))
    }

    fn after_work(&self, start: Instant, work: Duration) -> Instant {
        match &self.calendar {
            Some(calendar) => calendar.after(start, work).unwrap_or_else(|| start.plus(NEVER)),
            None => start.plus(work),
        }
    }
}

impl super::Programme {
    /// The service level that means a step, with its calendar; nothing where it may wait.
    pub fn service_level(&self, step: StepAbout<'_>) -> Option<ClockRules> {
        let means = |level: &&ServiceLevel| {
            let of_class = |class: &str| level.classes.iter().any(|one| one == class);
            level.kind == step.kind
                && (level.classes.is_empty() || step.class.is_some_and(of_class))
                && (level.tiers.is_empty() || step.tier.is_none_or(|tier| level.tiers.contains(&tier)))
        };
        let level = self.service_levels.iter().find(means)?.clone();
        let calendar = level.calendar.as_ref();
        let calendar = calendar.and_then(|id| self.calendars.iter().find(|one| one.id == *id)).cloned();
        Some(ClockRules { level, calendar })
    }
}

/// A step with those beside whom it passed on to: any of them decides it.
pub fn passed_on(step: &str, to: &[String]) -> String {
    let mut terms = vec![step.to_owned()];
    terms.extend(to.iter().filter(|term| *term != step).cloned());
    approver::any_of(&terms)
}

/// Those who are asked, in words.
pub fn asked_in_words(terms: &[String]) -> String {
    approver::in_words(&approver::any_of(terms))
}

/// Everything that is wrong with the service levels.
pub(super) fn faults(
    levels: &[ServiceLevel],
    calendars: &[Calendar],
    classes: &[Class],
) -> Vec<ProgrammeRefused> {
    let ids: Vec<&str> = levels.iter().map(|one| one.id.as_str()).collect();
    let mut faults = named::faults(Part::ServiceLevel, &ids, LEVELS_MAX);
    for (index, level) in levels.iter().enumerate().take(LEVELS_MAX) {
        for (field, why) in unfit(level, calendars, classes) {
            faults.push(ProgrammeRefused::PartUnfit { part: Part::ServiceLevel, index, field, why });
        }
    }
    faults
}

/// What a level of reviews cannot say: who stands in is said once, for all reviews, and nothing else follows from the rest.
fn not_of_a_review(level: &ServiceLevel) -> Vec<(&'static str, String)> {
    if level.kind != ClockKind::Review {
        return Vec::new();
    }
    let said = [
        ("fallback", !level.fallback.is_empty(), "who stands in for a reviewer is named by `[reviews]`"),
        ("escalation", !level.escalation.is_empty(), "a review escalates to the contact of its control"),
        (
            "warn_after_hours",
            level.warn_after_hours.is_some(),
            "nothing is recorded of a review that becomes late soon",
        ),
        (
            "pause_days_max",
            level.pause_days_max.is_some(),
            "a review is not paused; whoever has no time lets it pass on",
        ),
    ];
    let wrong = said.into_iter().filter(|(_, is_said, _)| *is_said);
    wrong.map(|(field, _, why)| (field, format!("{why}; leave `{field}` out"))).collect()
}

fn unfit(level: &ServiceLevel, calendars: &[Calendar], classes: &[Class]) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let within = level.within_hours;
    if !(1..=HOURS_MAX).contains(&within) {
        faults
            .push(("within_hours", format!("`within_hours` is {within}; it must be from 1 to {HOURS_MAX}")));
    }
    faults.extend(not_of_a_review(level));
    if let Some(warns) = level.warn_after_hours.filter(|hours| *hours == 0 || *hours >= within) {
        let why = format!("`warn_after_hours` is {warns}; it comes before the {within} hours are over");
        faults.push(("warn_after_hours", why));
    }
    if let Some(days) = level.pause_days_max {
        let why = if !(1..=PAUSE_DAYS_MAX).contains(&days) {
            format!("`pause_days_max` is {days}; it must be from 1 to {PAUSE_DAYS_MAX}, or left out")
        } else if level.kind == ClockKind::Handoff {
            String::from(
                "when a handoff lapses was said with it and does not move; leave `pause_days_max` out",
            )
        } else {
            String::new()
        };
        faults.extend((!why.is_empty()).then_some(("pause_days_max", why)));
    }
    if let Some(id) = &level.calendar {
        let known: Vec<&str> = calendars.iter().map(|one| one.id.as_str()).collect();
        match calendars.iter().find(|one| one.id == *id) {
            None => faults.push(("calendar", named::unknown(id, "calendar", &known))),
            Some(calendar) if calendar.is_shut() => {
                let why = format!(
                    "`{id}` is closed for ten years: every day on which it would be open is a holiday"
                );
                faults.push(("calendar", why));
            }
            Some(_) => {}
        }
    }
    let known: Vec<&str> = classes.iter().map(|one| one.id.as_str()).collect();
    for class in level.classes.iter().filter(|class| !known.contains(&class.as_str())) {
        faults.push(("classes", named::unknown(class, "class", &known)));
    }
    for (field, asked) in [("fallback", &level.fallback), ("escalation", &level.escalation)] {
        if asked.len() > ASKED_MAX {
            faults.push((field, format!("`{field}` names {}; at most {ASKED_MAX} are asked", asked.len())));
        }
        for term in asked.iter().take(ASKED_MAX) {
            faults.extend(approver::fault(term, &KNOWN).map(|why| (field, why)));
        }
        if level.kind == ClockKind::Handoff && !asked.is_empty() {
            let why = format!(
                "a handoff is accepted by whom it was offered to and nobody else; leave `{field}` out"
            );
            faults.push((field, why));
        }
    }
    if level.escalation.iter().all(|term| level.fallback.contains(term)) && !level.escalation.is_empty() {
        let shown = printable(&level.id, 60);
        let why = format!("`{shown}` escalates to whom it has asked already: `escalation` names nobody else");
        faults.push(("escalation", why));
    }
    faults
}
