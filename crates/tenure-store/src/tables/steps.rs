//! Steps, intents and probes: the durable trace of carrying a plan out.
//!
//! `record_intent` is the only place in the workspace that makes a `RecordedIntent`, and it
//! does so after its transaction committed. An intent without an outcome is a call that may
//! be under way, or was cut off: after a crash both look alike, and both are observed.

use super::plans::PlanRow;
use crate::{Row, Store, StoreFailure, Tx, log::NewEntry, value::named};
use serde::{Deserialize, Serialize};
use tenure_model::{
    ActionId, Instant, IntentId, IntentRecord, PlanId, PlanState, PrincipalKey, RecordedIntent, StepEvent,
    StepKind, StepState, lifecycle::advance,
};

/// A step as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// Its id.
    pub id: ActionId,
    /// Of which plan.
    pub plan: PlanId,
    /// Its place in the plan, from 1.
    pub position: i64,
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub state: StepState,
    /// How often it was intended.
    pub attempt: u32,
    /// Not to be tried again before this.
    pub not_before: Instant,
    /// When it was done.
    pub done: Option<Instant>,
    /// The last answer, in words, without values.
    pub answer: Option<String>,
    /// Since when a person should look at it.
    pub escalated: Option<Instant>,
}

/// One observation made for a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeRow {
    /// Its number within the plan.
    pub number: i64,
    /// `control`, `after`, `control_plane` or `derived`.
    pub kind: String,
    /// At which point; empty for the control plane.
    pub point: String,
    /// The answer, as the model's type for this kind.
    pub answer: serde_json::Value,
    /// When.
    pub at: Instant,
}

/// How an intent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentOutcome {
    /// The effect is known to be there.
    Done,
    /// The effect is known not to be there.
    Failed,
    /// Not known.
    Unknown,
}

impl IntentOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known about a step after a call or an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which step.
    pub step: ActionId,
    /// What happened to it.
    pub event: StepEvent,
    /// When.
    pub now: Instant,
    /// When it may be tried again.
    pub not_before: Instant,
    /// The answer in words, without values.
    pub answer: String,
    /// True when a person should look at it.
    pub escalate: bool,
}

fn step(row: &Row<'_>) -> Result<StepRow, StoreFailure> {
    Ok(StepRow {
        id: row.parsed(0)?,
        plan: row.parsed(1)?,
        position: row.number(2)?,
        kind: row.parsed(3)?,
        state: row.parsed(4)?,
        attempt: row.small(5)?,
        not_before: row.instant(6)?,
        done: row.opt_instant(7)?,
        answer: row.opt_text(8)?,
        escalated: row.opt_instant(9)?,
    })
}

impl Tx<'_> {
    /// Adds one step to a plan.
    pub fn add_step(
        &mut self,
        plan: PlanId,
        position: i64,
        action: ActionId,
        kind: StepKind,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO steps (action_id, plan_id, position, kind, state, attempt, not_before_us) \
             VALUES ($1, $2, $3, $4, 'waiting', 0, 0)",
            &[named(action), named(plan), position.into(), named(kind)],
        )?;
        Ok(())
    }

    /// The steps of a plan, in order.
    pub fn steps(&mut self, plan: PlanId) -> Result<Vec<StepRow>, StoreFailure> {
        self.query(
            "steps",
            "SELECT action_id, plan_id, position, kind, state, attempt, not_before_us, done_us, answer, escalated_us FROM steps \
             WHERE plan_id = $1 ORDER BY position",
            &[named(plan)],
            step,
        )
    }

    /// One step.
    pub fn step(&mut self, id: ActionId) -> Result<StepRow, StoreFailure> {
        self.query_one(
            "steps",
            "SELECT action_id, plan_id, position, kind, state, attempt, not_before_us, done_us, answer, escalated_us FROM steps \
             WHERE action_id = $1",
            &[named(id)],
            step,
        )?
        .ok_or_else(|| StoreFailure::Missing { noun: "step", given: id.to_string() })
    }

    /// Writes an intent: the step becomes intended, its attempt counted.
    fn write_intent(&mut self, record: &IntentRecord, now: Instant) -> Result<(), StoreFailure> {
        let step = self.step(record.action)?;
        let next = advance(step.state, StepEvent::Intend)
            .map_err(|error| StoreFailure::Conflict { why: error.to_string() })?;
        if record.attempt != step.attempt + 1 {
            return Err(StoreFailure::Contended { what: "record_intent" });
        }
        self.execute(
            "UPDATE steps SET state = $2, attempt = $3 WHERE action_id = $1 AND attempt = $4",
            &[named(record.action), named(next), record.attempt.into(), step.attempt.into()],
        )?;
        self.execute(
            "INSERT INTO intents (intent_id, action_id, attempt, epoch, written_us, deadline_us) \
             VALUES ($1, $2, $3, (SELECT epoch FROM log_head WHERE only_one = 1), $4, $5)",
            &[
                named(record.id),
                named(record.action),
                record.attempt.into(),
                now.into(),
                record.deadline.into(),
            ],
        )?;
        Ok(())
    }

    /// Moves a step on, settling its open intent. Nothing happens twice: the state must allow it.
    pub fn settle_step(&mut self, settlement: &Settlement) -> Result<StepState, StoreFailure> {
        let step = self.step(settlement.step)?;
        let next = advance(step.state, settlement.event)
            .map_err(|error| StoreFailure::Conflict { why: error.to_string() })?;
        let done = if next == StepState::Done { Some(settlement.now) } else { step.done };
        let escalated =
            if settlement.escalate { step.escalated.or(Some(settlement.now)) } else { step.escalated };
        self.execute(
            "UPDATE steps SET state = $2, not_before_us = $3, done_us = $4, answer = $5, escalated_us = $6 \
             WHERE action_id = $1",
            &[
                named(step.id),
                named(next),
                settlement.not_before.into(),
                done.into(),
                settlement.answer.as_str().into(),
                escalated.into(),
            ],
        )?;
        let outcome = match next {
            StepState::Done => Some(IntentOutcome::Done),
            StepState::Failed => Some(IntentOutcome::Failed),
            StepState::Unknown => Some(IntentOutcome::Unknown),
            StepState::Waiting | StepState::Intended | StepState::Undone | StepState::Skipped => None,
        };
        if let Some(outcome) = outcome {
            // An unknown outcome that an observation resolves is corrected: the last word is what was seen.
            self.execute(
                "UPDATE intents SET settled_us = $2, outcome = $3 WHERE action_id = $1 AND attempt = $4",
                &[named(step.id), settlement.now.into(), outcome.as_str().into(), step.attempt.into()],
            )?;
        }
        Ok(next)
    }

    /// When the last intent of a step was written; `None` before the first.
    pub fn last_intended(&mut self, id: ActionId) -> Result<Option<Instant>, StoreFailure> {
        let last = self.query_one(
            "intents",
            "SELECT MAX(written_us) FROM intents WHERE action_id = $1",
            &[named(id)],
            |row| row.opt_instant(0),
        )?;
        Ok(last.flatten())
    }

    /// Says that a person should look at a step. True when nobody was told yet.
    pub fn escalate_step(&mut self, id: ActionId, now: Instant) -> Result<bool, StoreFailure> {
        let touched = self.execute(
            "UPDATE steps SET escalated_us = $2 WHERE action_id = $1 AND escalated_us IS NULL",
            &[named(id), now.into()],
        )?;
        Ok(touched > 0)
    }

    /// Adds an observation made for a proof; returns its number.
    pub fn add_probe(&mut self, plan: PlanId, probe: &ProbeRow) -> Result<i64, StoreFailure> {
        let last = self
            .query_one(
                "probes",
                "SELECT MAX(probe_number) FROM probes WHERE plan_id = $1",
                &[named(plan)],
                |row| row.opt_number(0),
            )?
            .flatten()
            .unwrap_or(0);
        self.execute(
            "INSERT INTO probes (plan_id, probe_number, kind, point, answer, at_us) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                named(plan),
                (last + 1).into(),
                probe.kind.as_str().into(),
                probe.point.as_str().into(),
                probe.answer.to_string().into(),
                probe.at.into(),
            ],
        )?;
        Ok(last + 1)
    }

    /// The observations made for a plan's proof, in order.
    pub fn probes(&mut self, plan: PlanId) -> Result<Vec<ProbeRow>, StoreFailure> {
        self.query(
            "probes",
            "SELECT probe_number, kind, point, answer, at_us FROM probes WHERE plan_id = $1 ORDER BY probe_number",
            &[named(plan)],
            |row| {
                Ok(ProbeRow {
                    number: row.number(0)?,
                    kind: row.text(1)?,
                    point: row.text(2)?,
                    answer: row.json(3)?,
                    at: row.instant(4)?,
                })
            },
        )
    }
}

/// What an intent needs to be recorded.
#[derive(Debug, Clone)]
pub struct IntentDraft {
    /// Its id.
    pub id: IntentId,
    /// The plan.
    pub plan: PlanId,
    /// The step.
    pub action: ActionId,
    /// The present.
    pub now: Instant,
    /// When the call must have ended.
    pub deadline: Instant,
    /// The evidence entry that goes with it.
    pub entry: NewEntry,
}

/// An act needs a plan that is being carried out, and its own step. Taking back never removes.
fn may_begin(plan: &PlanRow, step: &StepRow) -> Result<(), StoreFailure> {
    let refused = |why: String| Err(StoreFailure::Conflict { why });
    if step.plan != plan.id {
        return refused(format!("this step belongs to another plan than {}", plan.handle));
    }
    match plan.state {
        PlanState::Running => Ok(()),
        PlanState::Undoing if !step.kind.is_final() => Ok(()),
        PlanState::Undoing => {
            refused(format!("plan {} is being taken back; nothing is removed for it", plan.handle))
        }
        PlanState::Proposed
        | PlanState::Approved
        | PlanState::Proved
        | PlanState::Short
        | PlanState::Undone
        | PlanState::Withdrawn => {
            refused(format!("plan {} is {}; nothing may be done for it", plan.handle, plan.state))
        }
    }
}

impl Store {
    /// Records an intent and its evidence entry in one transaction. Only what this returns lets a
    /// connector act. On a full disk it uses the reserve, so that a revocation can still begin.
    pub async fn record_intent(&self, draft: IntentDraft) -> Result<RecordedIntent, StoreFailure> {
        let record = self
            .write_emergency("record_intent", move |tx| {
                let plan = tx.plan(draft.plan)?;
                let step = tx.step(draft.action)?;
                may_begin(&plan, &step)?;
                let record = IntentRecord {
                    id: draft.id,
                    plan: draft.plan,
                    action: draft.action,
                    attempt: step.attempt + 1,
                    source: plan.source,
                    principal: PrincipalKey(plan.principal_key),
                    principal_name: plan.principal_name,
                    file: plan.file,
                    deadline: draft.deadline,
                };
                tx.write_intent(&record, draft.now)?;
                tx.entry(draft.entry.clone())?;
                Ok(record)
            })
            .await?;
        Ok(RecordedIntent::recorded(record))
    }
}
