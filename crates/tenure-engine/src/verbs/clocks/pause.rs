//! Pausing a clock: for a reason, until an end that its service level allows, by somebody who gains nothing by the delay.
//!
//! It runs again by itself with as much time as was left, in the hours of its calendar. What is late is not paused, and while
//! it stands still whoever may decide still may. It must never make a clock that does not end.
//! Next: `mod.rs`, what a clock comes to.

use super::{ClockShown, Levels, about, rules, shown as clock_shown};
use crate::{
    Actor, Engine, EngineFailure,
    record::By,
    verbs::{dismiss::still_there, reason},
};
use serde::Serialize;
use std::time::Duration;
use tenure_judge::ClockRules;
use tenure_model::{Instant, Person, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::clocks::{ClockPause, ClockRow},
};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;
/// Days of a level, as time.
const DAY: Duration = Duration::from_hours(24);

/// Why a clock stands still, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockPauseShown {
    /// Since when.
    pub since: Instant,
    /// When it runs again by itself.
    pub until: Instant,
    /// Who paused it, by name; nothing once they have left.
    pub by: Option<String>,
    /// Why, in their words.
    pub reason: String,
}

/// Why a clock stands still; nothing while it runs.
pub(super) fn shown(tx: &mut Tx<'_>, row: &ClockRow) -> Result<Option<ClockPauseShown>, StoreFailure> {
    let Some(pause) = &row.pause else { return Ok(None) };
    let by = tx.person(pause.by)?.map(|person: Person| printable(&person.name, NAME_CHARS_MAX));
    Ok(Some(ClockPauseShown { since: pause.since, until: pause.until, by, reason: pause.reason.clone() }))
}

/// The clock as it runs when its pause ends by itself; as it is, where it runs.
pub(super) fn ended(row: &ClockRow, rules: &ClockRules) -> ClockRow {
    row.pause.as_ref().map_or_else(|| row.clone(), |pause| again(row, rules, pause.until))
}

/// The clock as it runs again from then on: with as much time as was left when it was paused.
fn again(row: &ClockRow, rules: &ClockRules, at: Instant) -> ClockRow {
    let Some(pause) = &row.pause else { return row.clone() };
    let stood = i64::try_from(at.since(pause.since).as_micros()).unwrap_or(i64::MAX);
    let warns = match row.warned {
        Some(_) => row.warns,
        None => row.warns.map(|then| rules.moved(then, pause.since, at)),
    };
    ClockRow {
        due: rules.moved(row.due, pause.since, at),
        warns,
        pause: None,
        paused_us: row.paused_us.saturating_add(stood),
        ..row.clone()
    }
}

/// The clock that runs of what was given.
fn running(tx: &mut Tx<'_>, given: &str) -> Result<ClockRow, StoreFailure> {
    let mut rows = tx.clocks_running_of(given)?;
    let shown = printable(given, NAME_CHARS_MAX);
    match (rows.pop(), rows.pop()) {
        (Some(row), None) => Ok(row),
        (None, _) => Err(StoreFailure::Missing { noun: "clock", given: shown }),
        (Some(_), Some(_)) => {
            Err(StoreFailure::Conflict { why: format!("`{shown}` means two things that wait; give its id") })
        }
    }
}

impl Levels {
    /// Whether this person may stop or start a clock; whoever gains by the delay may not.
    fn may_pause(&self, tx: &mut Tx<'_>, row: &ClockRow, actor: Actor) -> Result<(), EngineFailure> {
        let role = tx.person(actor.person)?.map(|person| person.role);
        still_there(role, actor)?;
        let handle = &row.handle;
        let Some(waiting) = self.waits(tx, row)? else {
            let why = format!("`{handle}` does not wait any more");
            return Err(StoreFailure::Conflict { why }.into());
        };
        if waiting.parties.contains(&actor.person) {
            let why =
                format!("you asked for `{handle}`, or answer for what it is about: somebody else pauses it");
            return Err(EngineFailure::Denied { why });
        }
        Ok(())
    }

    /// The clock as it stands still; why it may not, else.
    fn paused(
        &self,
        tx: &mut Tx<'_>,
        row: &ClockRow,
        (actor, until, reason): (Actor, Instant, &str),
    ) -> Result<ClockRow, EngineFailure> {
        self.may_pause(tx, row, actor)?;
        let (rules, now) = (rules(row)?, self.now);
        let (handle, level) = (&row.handle, &rules.level.id);
        let Some(days) = rules.level.pause_days_max else {
            let why = format!(
                "service level `{level}` lets no clock be paused: it has no `pause_days_max` in the programme in force \
                 when this one began"
            );
            return Err(EngineFailure::Refused { why });
        };
        let conflict = |why: String| Err(StoreFailure::Conflict { why }.into());
        if let Some(pause) = &row.pause {
            return conflict(format!("`{handle}` is paused already, until {}", pause.until));
        }
        if row.late.is_some() || row.due <= now {
            return conflict(format!("`{handle}` is late, and what is late is not paused: it is decided"));
        }
        if until <= now {
            let why = format!("{until} is over; a pause ends later than now");
            return Err(EngineFailure::Refused { why });
        }
        let before = Duration::from_micros(u64::try_from(row.paused_us).unwrap_or(0));
        let left = (DAY * days).saturating_sub(before);
        if until.since(now) > left {
            let why = format!(
                "service level `{level}` lets a clock be paused for {days} days in all; this one until {} at the latest",
                now.plus(left)
            );
            return Err(EngineFailure::Refused { why });
        }
        let pause = ClockPause { since: now, until, by: actor.person, reason: reason.to_owned() };
        Ok(ClockRow { pause: Some(pause), ..row.clone() })
    }
}

impl Engine {
    /// The clock that runs of what is given by its id or short form.
    pub async fn clock_of(&self, given: &str) -> Result<ClockShown, EngineFailure> {
        let (given, now) = (given.to_owned(), self.clock.now());
        let read = move |tx: &mut Tx<'_>| {
            let row = running(tx, &given)?;
            clock_shown(tx, &row, now)
        };
        Ok(self.store.read("clock_of", read).await?)
    }

    /// Pauses the clock of what is given by its id or short form, until an instant or until it is resumed.
    pub async fn pause_clock(
        &self,
        actor: Actor,
        given: &str,
        until: Instant,
        reason: &str,
    ) -> Result<ClockShown, EngineFailure> {
        let reason = reason::given(reason, "whoever pauses a clock")?;
        let (levels, mut entries, given) = (self.levels(), self.entry_maker()?, given.to_owned());
        let write = move |tx: &mut Tx<'_>| {
            let row = running(tx, &given)?;
            let new = match levels.paused(tx, &row, (actor, until, &reason)) {
                Ok(new) => new,
                Err(refused) => return Ok(Err(refused)),
            };
            tx.put_clock(&new)?;
            let draft = about(&new, "clock.paused", By::Person(actor, None)).text("until", until);
            entries.write(tx, draft.body(serde_json::json!({ "reason": reason })))?;
            clock_shown(tx, &new, levels.now).map(Ok)
        };
        self.store.write("pause_clock", write).await?
    }

    /// Lets a paused clock run again, with as much time as was left.
    pub async fn resume_clock(&self, actor: Actor, given: &str) -> Result<ClockShown, EngineFailure> {
        let (levels, mut entries, given) = (self.levels(), self.entry_maker()?, given.to_owned());
        let write = move |tx: &mut Tx<'_>| {
            let row = running(tx, &given)?;
            if let Err(refused) = levels.may_pause(tx, &row, actor) {
                return Ok(Err(refused));
            }
            let Some(pause) = &row.pause else {
                let why = format!("`{}` is not paused", row.handle);
                return Err(StoreFailure::Conflict { why });
            };
            let new = again(&row, &rules(&row)?, levels.now.min(pause.until));
            tx.put_clock(&new)?;
            entries.write(tx, about(&new, "clock.resumed", By::Person(actor, None)))?;
            clock_shown(tx, &new, levels.now).map(Ok)
        };
        self.store.write("resume_clock", write).await?
    }
}
