//! Exceptions: permissions to fail one condition until an end, as they were asked for, decided and ended.
//!
//! Nothing is ever taken out: what was granted counts against every further wish for the same condition. One wish waits
//! and one exception stands for a condition at a time. This file must never decide anything. Next: the rules, in
//! `tenure-judge/src/programme/exceptions.rs`.

use super::Mint;
use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use tenure_model::{
    DelegationId, ExceptionEvent, ExceptionId, ExceptionKind, ExceptionState, Grounds, IdentityId, Instant,
    PersonId, lifecycle::advance, printable,
};

/// An exception as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionRow {
    /// Its id.
    pub id: ExceptionId,
    /// Whose condition.
    pub identity: IdentityId,
    /// That identity's name.
    pub identity_name: String,
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Exception or constraint.
    pub kind: ExceptionKind,
    /// How far it is.
    pub state: ExceptionState,
    /// Why it may fail.
    pub reason: String,
    /// What makes up for it meanwhile, in words.
    pub compensation: String,
    /// Policies that must not fail on this identity meanwhile.
    pub instead: Vec<String>,
    /// What the condition rested on when it was asked for, as the judge says it.
    #[serde(skip)]
    pub rested_on: Grounds,
    /// Who asked.
    pub requested_by: PersonId,
    /// When.
    pub requested: Instant,
    /// Until when it waits for a decision.
    pub decide_by: Instant,
    /// When the condition counts again.
    pub ends: Instant,
    /// The day by which what is there is replaced, of a constraint.
    pub replace_by: Option<Instant>,
    /// How many terms were granted before it for the same condition.
    pub renewal: i64,
    /// Who decided.
    pub decided_by: Option<PersonId>,
    /// When.
    pub decided: Option<Instant>,
    /// Why, in that person's words.
    pub decision_reason: Option<String>,
    /// How high among the approvers whoever granted it stood, from 0.
    pub rung: Option<i64>,
    /// When it was over.
    pub ended: Option<Instant>,
    /// Why.
    pub ended_why: Option<String>,
    /// The delegation by which it was decided in somebody's place; nothing where it was their own.
    pub delegation: Option<DelegationId>,
}

/// A wish that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewException {
    /// Whose condition.
    pub identity: IdentityId,
    /// Which policy.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// Exception or constraint.
    pub kind: ExceptionKind,
    /// Why it may fail.
    pub reason: String,
    /// What makes up for it meanwhile, in words.
    pub compensation: String,
    /// Policies that must not fail on this identity meanwhile.
    pub instead: Vec<String>,
    /// What the condition rests on.
    pub rested_on: Grounds,
    /// Who asks.
    pub requested_by: PersonId,
    /// Until when it waits for a decision.
    pub decide_by: Instant,
    /// When the condition counts again.
    pub ends: Instant,
    /// The day of replacement, of a constraint.
    pub replace_by: Option<Instant>,
    /// How many terms were granted before it.
    pub renewal: i64,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionDecided {
    /// By whom.
    pub by: PersonId,
    /// Why, in that person's words.
    pub reason: String,
    /// How high they stand among the approvers, where they granted it.
    pub rung: Option<i64>,
    /// The delegation by which it was made in somebody's place; nothing where it was their own.
    pub delegation: Option<DelegationId>,
}

/// Which exceptions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceptionsMeant {
    /// Those that wait for a decision, the oldest first.
    Waiting,
    /// Those that stand, the one that ends first first.
    Standing,
    /// Those that were refused, taken back or ended, the last first.
    Over,
}

/// Exceptions in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExceptionNumbers {
    /// Wishes that wait for a decision.
    pub waiting: i64,
    /// Exceptions that stand.
    pub standing: i64,
    /// Constraints that stand.
    pub constraints: i64,
    /// Those of both that were granted at least once before.
    pub renewed: i64,
    /// Those of both that end within 14 days.
    pub ending: i64,
    /// When the oldest of both was granted.
    pub oldest: Option<Instant>,
}

/// How much of what fails of one control is excepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlExcepted {
    /// Which control.
    pub control: String,
    /// Open findings of it, without dismissed ones.
    pub failing: i64,
    /// Those of them that are excepted.
    pub excepted: i64,
}

macro_rules! columns {
    () => {
        "SELECT x.exception_id, x.identity_id, i.name, x.policy, x.subject, x.kind, x.state, x.reason, x.compensation, x.instead, \
         x.rested_on, x.requested_by, x.requested_us, x.decide_by_us, x.ends_us, x.replace_by_us, x.renewal, x.decided_by, \
         x.decided_us, x.decision_reason, x.rung, x.ended_us, x.ended_why, x.delegation_id \
         FROM exceptions x JOIN identities i ON i.identity_id = x.identity_id "
    };
}

impl ExceptionsMeant {
    const fn page(self) -> &'static str {
        match self {
            Self::Waiting => concat!(
                columns!(),
                "WHERE x.state = 'requested' ORDER BY x.requested_us, x.exception_id LIMIT $2 OFFSET $1"
            ),
            Self::Standing => concat!(
                columns!(),
                "WHERE x.state = 'granted' ORDER BY x.ends_us, x.exception_id LIMIT $2 OFFSET $1"
            ),
            Self::Over => concat!(
                columns!(),
                "WHERE x.ended_us IS NOT NULL ORDER BY x.ended_us DESC, x.exception_id DESC LIMIT $2 OFFSET $1"
            ),
        }
    }
}

fn exception(row: &Row<'_>) -> Result<ExceptionRow, StoreFailure> {
    Ok(ExceptionRow {
        id: row.parsed(0)?,
        identity: row.parsed(1)?,
        identity_name: row.text(2)?,
        policy: row.text(3)?,
        subject: row.text(4)?,
        kind: row.parsed(5)?,
        state: row.parsed(6)?,
        reason: row.text(7)?,
        compensation: row.text(8)?,
        instead: row.json(9)?,
        rested_on: row.json(10)?,
        requested_by: row.parsed(11)?,
        requested: row.instant(12)?,
        decide_by: row.instant(13)?,
        ends: row.instant(14)?,
        replace_by: row.opt_instant(15)?,
        renewal: row.number(16)?,
        decided_by: row.opt_parsed(17)?,
        decided: row.opt_instant(18)?,
        decision_reason: row.opt_text(19)?,
        rung: row.opt_number(20)?,
        ended: row.opt_instant(21)?,
        ended_why: row.opt_text(22)?,
        delegation: row.opt_parsed(23)?,
    })
}

impl Tx<'_> {
    /// Every exception of an identity that was ever asked for, in order of time.
    pub fn exceptions_of(&mut self, identity: IdentityId) -> Result<Vec<ExceptionRow>, StoreFailure> {
        self.query(
            "exceptions",
            concat!(columns!(), "WHERE x.identity_id = $1 ORDER BY x.exception_id"),
            &[named(identity)],
            exception,
        )
    }

    /// Exceptions of an identity that stand, their end having come or not.
    pub fn exceptions_standing(&mut self, identity: IdentityId) -> Result<Vec<ExceptionRow>, StoreFailure> {
        self.query(
            "exceptions",
            concat!(columns!(), "WHERE x.identity_id = $1 AND x.state = 'granted' ORDER BY x.exception_id"),
            &[named(identity)],
            exception,
        )
    }

    /// Exceptions of an identity that stood at an instant.
    pub fn exceptions_then(
        &mut self,
        identity: IdentityId,
        at: Instant,
    ) -> Result<Vec<ExceptionRow>, StoreFailure> {
        self.query(
            "exceptions",
            concat!(
                columns!(),
                "WHERE x.identity_id = $1 AND x.state IN ('granted', 'ended') AND x.decided_us <= $2 AND x.ends_us > $2 \
                 AND (x.ended_us IS NULL OR x.ended_us > $2) ORDER BY x.exception_id"
            ),
            &[named(identity), at.into()],
            exception,
        )
    }

    /// Exceptions of those meant, one page after `skip` rows.
    pub fn exceptions(
        &mut self,
        meant: ExceptionsMeant,
        skip: i64,
        page_size: i64,
    ) -> Result<Vec<ExceptionRow>, StoreFailure> {
        self.query("exceptions", meant.page(), &[skip.into(), page_size.into()], exception)
    }

    /// What somebody asked for that was refused, decided by nobody in time, or over since then; the last first.
    pub fn exceptions_answered(
        &mut self,
        requested_by: PersonId,
        since: Instant,
        most: i64,
    ) -> Result<Vec<ExceptionRow>, StoreFailure> {
        self.query(
            "exceptions",
            concat!(
                columns!(),
                "WHERE x.requested_by = $1 AND x.ended_us IS NOT NULL AND x.ended_us >= $2 AND (x.state IN ('refused', 'ended') \
                 OR (x.state = 'withdrawn' AND x.ended_us >= x.decide_by_us)) ORDER BY x.ended_us DESC, x.exception_id DESC LIMIT $3"
            ),
            &[named(requested_by), since.into(), most.into()],
            exception,
        )
    }

    /// One by its id or handle. A handle that two bear is a conflict.
    pub fn exception_named(&mut self, given: &str) -> Result<ExceptionRow, StoreFailure> {
        let wanted = given.to_lowercase();
        let ids: Vec<ExceptionId> =
            self.query("exceptions", "SELECT exception_id FROM exceptions", &[], |row| row.parsed(0))?;
        let mut meant = ids.into_iter().filter(|id| id.handle() == wanted || id.to_string() == wanted);
        let missing = || StoreFailure::Missing { noun: "exception", given: printable(given, 60) };
        let id = meant.next().ok_or_else(missing)?;
        if meant.next().is_some() {
            let why = format!("several exceptions are called `{}`; give the whole id", printable(given, 60));
            return Err(StoreFailure::Conflict { why });
        }
        self.exception(id)
    }

    /// One by its id.
    pub fn exception(&mut self, id: ExceptionId) -> Result<ExceptionRow, StoreFailure> {
        let found = self.query_one(
            "exceptions",
            concat!(columns!(), "WHERE x.exception_id = $1"),
            &[named(id)],
            exception,
        );
        found?.ok_or_else(|| StoreFailure::Missing { noun: "exception", given: id.to_string() })
    }

    /// Writes down that somebody asks. Another wish for the same condition that waits is a conflict.
    pub fn request_exception(
        &mut self,
        mint: &Mint,
        new: &NewException,
    ) -> Result<ExceptionId, StoreFailure> {
        let waits = |one: &ExceptionRow| {
            one.state == ExceptionState::Requested && one.policy == new.policy && one.subject == new.subject
        };
        if let Some(other) = self.exceptions_of(new.identity)?.into_iter().find(waits) {
            let handle = other.id.handle();
            let why = format!("exception `{handle}` is asked for already and waits for a decision");
            return Err(StoreFailure::Conflict { why });
        }
        let (at, randomness) = mint.parts();
        let id = ExceptionId::new(at, randomness);
        self.execute(
            "INSERT INTO exceptions (exception_id, identity_id, policy, subject, kind, state, reason, compensation, instead, \
             rested_on, requested_by, requested_us, decide_by_us, ends_us, replace_by_us, renewal) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            &[
                named(id),
                named(new.identity),
                new.policy.as_str().into(),
                new.subject.as_str().into(),
                named(new.kind),
                named(ExceptionState::Requested),
                new.reason.as_str().into(),
                new.compensation.as_str().into(),
                json(&new.instead)?,
                json(&new.rested_on)?,
                named(new.requested_by),
                at.into(),
                new.decide_by.into(),
                new.ends.into(),
                new.replace_by.into(),
                new.renewal.into(),
            ],
        )?;
        Ok(id)
    }

    /// Writes down what was decided. One that stands for the same condition is over with it: this is its renewal. What
    /// does not wait any more is a conflict.
    pub fn decide_exception(
        &mut self,
        id: ExceptionId,
        decided: &ExceptionDecided,
        now: Instant,
    ) -> Result<Option<ExceptionId>, StoreFailure> {
        let row = self.exception(id)?;
        let event = if decided.rung.is_some() { ExceptionEvent::Grant } else { ExceptionEvent::Refuse };
        let state = moved(&row, event)?;
        let mut renewed = None;
        if state == ExceptionState::Granted {
            let stands = |one: &ExceptionRow| one.policy == row.policy && one.subject == row.subject;
            if let Some(former) = self.exceptions_standing(row.identity)?.into_iter().find(stands) {
                self.end_exception(former.id, &format!("renewed by `{}`", id.handle()), now)?;
                renewed = Some(former.id);
            }
            self.permit(&row, Some(row.ends))?;
        }
        let over = (state != ExceptionState::Granted).then_some(now);
        self.execute(
            "UPDATE exceptions SET state = $2, decided_by = $3, decided_us = $4, decision_reason = $5, rung = $6, ended_us = $7, \
             delegation_id = $8 WHERE exception_id = $1",
            &[
                named(id),
                named(state),
                named(decided.by),
                now.into(),
                decided.reason.as_str().into(),
                decided.rung.into(),
                over.into(),
                decided.delegation.map(|id| id.to_string()).into(),
            ],
        )?;
        self.touch(row.identity, now)?;
        Ok(renewed)
    }

    /// Writes down that one is over: taken back, at its end, or before. Returns false when it was already.
    pub fn end_exception(&mut self, id: ExceptionId, why: &str, now: Instant) -> Result<bool, StoreFailure> {
        let row = self.exception(id)?;
        let Ok(state) = advance(row.state, ExceptionEvent::End) else { return Ok(false) };
        self.execute(
            "UPDATE exceptions SET state = $2, ended_us = $3, ended_why = $4 WHERE exception_id = $1",
            &[named(id), named(state), now.into(), why.into()],
        )?;
        if row.state == ExceptionState::Granted {
            self.permit(&row, None)?;
            self.touch(row.identity, now)?;
        }
        Ok(true)
    }

    /// Wishes for which nobody decided in time.
    pub fn exceptions_undecided(&mut self, now: Instant) -> Result<Vec<ExceptionRow>, StoreFailure> {
        self.query(
            "exceptions",
            concat!(
                columns!(),
                "WHERE x.state = 'requested' AND x.decide_by_us <= $1 ORDER BY x.exception_id"
            ),
            &[now.into()],
            exception,
        )
    }

    /// How many this person granted that stand, or somebody in their place.
    pub fn count_excepted_by(&mut self, person: PersonId) -> Result<i64, StoreFailure> {
        let sql = "SELECT COUNT(*) FROM exceptions WHERE state = 'granted' AND (decided_by = $1 OR delegation_id IN \
                   (SELECT delegation_id FROM delegations WHERE from_person = $1))";
        Ok(self.query_one("exceptions", sql, &[named(person)], |row| row.number(0))?.unwrap_or_default())
    }

    /// Has everything judged again that this person excepted, or somebody in their place.
    pub(super) fn touch_excepted_by(&mut self, person: PersonId, now: Instant) -> Result<(), StoreFailure> {
        let touched: Vec<IdentityId> = self.query(
            "exceptions",
            "SELECT DISTINCT identity_id FROM exceptions WHERE state = 'granted' AND (decided_by = $1 OR delegation_id IN \
             (SELECT delegation_id FROM delegations WHERE from_person = $1))",
            &[named(person)],
            |row| row.parsed(0),
        )?;
        touched.into_iter().try_for_each(|identity| self.touch(identity, now))
    }

    /// Exceptions in numbers; `soon` is when those end that end soon.
    pub fn exception_numbers(&mut self, soon: Instant) -> Result<ExceptionNumbers, StoreFailure> {
        let read = self.query_one(
            "exceptions",
            "SELECT COUNT(CASE WHEN state = 'requested' THEN 1 END), \
             COUNT(CASE WHEN state = 'granted' AND kind = 'exception' THEN 1 END), \
             COUNT(CASE WHEN state = 'granted' AND kind = 'constraint' THEN 1 END), \
             COUNT(CASE WHEN state = 'granted' AND renewal > 0 THEN 1 END), \
             COUNT(CASE WHEN state = 'granted' AND ends_us <= $1 THEN 1 END), \
             MIN(CASE WHEN state = 'granted' THEN decided_us END) \
             FROM exceptions WHERE state = 'requested' OR state = 'granted'",
            &[soon.into()],
            |row| {
                Ok(ExceptionNumbers {
                    waiting: row.number(0)?,
                    standing: row.number(1)?,
                    constraints: row.number(2)?,
                    renewed: row.number(3)?,
                    ending: row.number(4)?,
                    oldest: row.opt_instant(5)?,
                })
            },
        )?;
        Ok(read.unwrap_or_default())
    }

    /// Controls of which something is excepted, and how much of what fails that is; the largest share first.
    pub fn controls_excepted(&mut self) -> Result<Vec<ControlExcepted>, StoreFailure> {
        let excepted: Vec<(String, i64)> = self.query(
            "findings",
            "SELECT control, COUNT(*) FROM findings WHERE closed_us IS NULL AND excepted_us IS NOT NULL GROUP BY control",
            &[],
            |row| Ok((row.text(0)?, row.number(1)?)),
        )?;
        let mut controls = Vec::with_capacity(excepted.len());
        for (control, excepted) in excepted {
            let failing = self.query_one(
                "findings",
                "SELECT COUNT(*) FROM findings f WHERE f.closed_us IS NULL AND f.control = $1 AND NOT EXISTS (SELECT 1 \
                 FROM dismissals d WHERE d.identity_id = f.identity_id AND d.policy = f.policy AND d.subject = f.subject \
                 AND d.withdrawn_us IS NULL)",
                &[control.as_str().into()],
                |row| row.number(0),
            )?;
            controls.push(ControlExcepted { control, failing: failing.unwrap_or_default(), excepted });
        }
        let share = |one: &ControlExcepted| one.excepted.saturating_mul(1_000) / one.failing.max(1);
        controls.sort_by(|one, other| {
            share(other).cmp(&share(one)).then_with(|| one.control.cmp(&other.control))
        });
        Ok(controls)
    }

    /// The open finding of a condition does not count until then; or counts.
    fn permit(&mut self, row: &ExceptionRow, until: Option<Instant>) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE findings SET excepted_us = $4 WHERE identity_id = $1 AND policy = $2 AND subject = $3 AND closed_us IS NULL",
            &[named(row.identity), row.policy.as_str().into(), row.subject.as_str().into(), until.into()],
        )?;
        Ok(())
    }
}

fn moved(row: &ExceptionRow, event: ExceptionEvent) -> Result<ExceptionState, StoreFailure> {
    advance(row.state, event).map_err(|_| {
        let why =
            format!("exception `{}` does not wait for a decision; it is {}", row.id.handle(), row.state);
        StoreFailure::Conflict { why }
    })
}
