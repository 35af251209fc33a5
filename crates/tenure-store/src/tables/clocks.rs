//! Clocks: how long a step has waited for people, who is asked by now, and when it was late.
//!
//! One row for each step that ever waited under a service level; it stays when the step is decided, because who may decide it
//! follows from how far it passed on. The rules are kept as they were when it began. This file must never decide anything.
//! Next: `verbs/clocks.rs` of the engine.

use crate::{Row, StoreFailure, Tx, value::named};
use tenure_model::{ClockKind, ClockStage, Instant, PersonId};

/// Why a clock stands still, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockPause {
    /// Since when.
    pub since: Instant,
    /// When it runs again by itself.
    pub until: Instant,
    /// Who paused it.
    pub by: PersonId,
    /// Why, in their words.
    pub reason: String,
}

/// A clock as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    /// What it runs for.
    pub kind: ClockKind,
    /// The id of that.
    pub subject: String,
    /// Which step of it, from 0.
    pub step: i64,
    /// Who decides that step as it stands; empty where one decision is enough.
    pub term: String,
    /// The short form of the subject that people type.
    pub handle: String,
    /// What it is about, by name.
    pub about: String,
    /// The service level and its calendar as they were when it began, as JSON.
    pub rules: String,
    /// Since when the step waits.
    pub started: Instant,
    /// Who is asked by now.
    pub stage: ClockStage,
    /// By when it is decided, or passes on.
    pub due: Instant,
    /// When it is recorded that it becomes late soon.
    pub warns: Option<Instant>,
    /// When that was recorded.
    pub warned: Option<Instant>,
    /// Since when it is late.
    pub late: Option<Instant>,
    /// When nobody was left to be asked.
    pub over: Option<Instant>,
    /// When the step did not wait any more.
    pub ended: Option<Instant>,
    /// Why it stands still; nothing while it runs.
    pub pause: Option<ClockPause>,
    /// How long it stood still in pauses that are over, in microseconds.
    pub paused_us: i64,
}

macro_rules! select_clocks {
    ($rest:literal) => {
        concat!(
            "SELECT kind, subject, step, term, handle, about, rules, started_us, stage, due_us, warns_us, warned_us, late_us, \
             over_us, ended_us, pause_us, pause_until_us, pause_by, pause_reason, paused_us FROM clocks ",
            $rest
        )
    };
}

fn clock(row: &Row<'_>) -> Result<ClockRow, StoreFailure> {
    let pause = match row.opt_instant(15)? {
        Some(since) => {
            Some(ClockPause { since, until: row.instant(16)?, by: row.parsed(17)?, reason: row.text(18)? })
        }
        None => None,
    };
    Ok(ClockRow {
        kind: row.parsed(0)?,
        subject: row.text(1)?,
        step: row.number(2)?,
        term: row.text(3)?,
        handle: row.text(4)?,
        about: row.text(5)?,
        rules: row.text(6)?,
        started: row.instant(7)?,
        stage: row.parsed(8)?,
        due: row.instant(9)?,
        warns: row.opt_instant(10)?,
        warned: row.opt_instant(11)?,
        late: row.opt_instant(12)?,
        over: row.opt_instant(13)?,
        ended: row.opt_instant(14)?,
        pause,
        paused_us: row.number(19)?,
    })
}

impl Tx<'_> {
    /// The clock of one step; nothing where it never had one.
    pub fn clock(&mut self, subject: &str, step: i64) -> Result<Option<ClockRow>, StoreFailure> {
        let sql = select_clocks!("WHERE subject = $1 AND step = $2");
        self.query_one("clocks", sql, &[subject.into(), step.into()], clock)
    }

    /// Every clock of a subject, by step, of those that ended too.
    pub fn clocks_of(&mut self, subject: &str) -> Result<Vec<ClockRow>, StoreFailure> {
        self.query("clocks", select_clocks!("WHERE subject = $1 ORDER BY step"), &[subject.into()], clock)
    }

    /// Clocks that run of what is given by its id or short form, two at most.
    pub fn clocks_running_of(&mut self, given: &str) -> Result<Vec<ClockRow>, StoreFailure> {
        let sql = select_clocks!(
            "WHERE ended_us IS NULL AND (subject = $1 OR handle = $1) ORDER BY subject, step LIMIT 2"
        );
        self.query("clocks", sql, &[given.into()], clock)
    }

    /// Clocks that run: the late ones first, each by its next instant.
    pub fn clocks_running(&mut self, most: i64) -> Result<Vec<ClockRow>, StoreFailure> {
        self.query(
            "clocks",
            select_clocks!(
                "WHERE ended_us IS NULL ORDER BY CASE WHEN late_us IS NULL THEN 1 ELSE 0 END, due_us, subject, step LIMIT $1"
            ),
            &[most.into()],
            clock,
        )
    }

    /// Writes down how far a clock is.
    pub fn put_clock(&mut self, row: &ClockRow) -> Result<(), StoreFailure> {
        let pause = row.pause.as_ref();
        self.execute(
            "INSERT INTO clocks (kind, subject, step, term, handle, about, rules, started_us, stage, due_us, warns_us, warned_us, \
             late_us, over_us, ended_us, pause_us, pause_until_us, pause_by, pause_reason, paused_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
             ON CONFLICT (subject, step) DO UPDATE SET kind = excluded.kind, term = excluded.term, rules = excluded.rules, \
             started_us = excluded.started_us, stage = excluded.stage, due_us = excluded.due_us, warns_us = excluded.warns_us, \
             warned_us = excluded.warned_us, late_us = excluded.late_us, over_us = excluded.over_us, ended_us = excluded.ended_us, \
             pause_us = excluded.pause_us, pause_until_us = excluded.pause_until_us, pause_by = excluded.pause_by, \
             pause_reason = excluded.pause_reason, paused_us = excluded.paused_us",
            &[
                named(row.kind),
                row.subject.as_str().into(),
                row.step.into(),
                row.term.as_str().into(),
                row.handle.as_str().into(),
                row.about.as_str().into(),
                row.rules.as_str().into(),
                row.started.into(),
                named(row.stage),
                row.due.into(),
                row.warns.into(),
                row.warned.into(),
                row.late.into(),
                row.over.into(),
                row.ended.into(),
                pause.map(|pause| pause.since).into(),
                pause.map(|pause| pause.until).into(),
                pause.map(|pause| pause.by.to_string()).into(),
                pause.map(|pause| pause.reason.as_str()).into(),
                row.paused_us.into(),
            ],
        )?;
        Ok(())
    }
}
