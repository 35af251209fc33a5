//! Plans: what should change, who decided it, and how it ended.
//!
//! A plan moves only as its life allows, and two are never at work on one principal. What it does step
//! by step is in `steps.rs`; which steps it has is decided in `tenure-govern`, never here.

use crate::{
    Row, StoreFailure, Tx,
    database::listed,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use tenure_model::{
    ActionId, DecisionRight, DelegationId, FileTarget, IdentityId, Instant, PersonId, PlanEvent, PlanId,
    PlanKind, PlanState, PrincipalId, ProofLevel, ShortName, SourceId, StepKind, lifecycle::advance,
    printable,
};

/// A plan as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRow {
    /// Its id.
    pub id: PlanId,
    /// The short form people type.
    pub handle: String,
    /// What it is for.
    pub kind: PlanKind,
    /// Where it stands.
    pub state: PlanState,
    /// Where it acts.
    pub source: SourceId,
    /// On what.
    pub principal: PrincipalId,
    /// That principal's key in the system.
    pub principal_key: String,
    /// That principal's name when the plan was made.
    pub principal_name: String,
    /// Whose principal it is.
    pub identity: IdentityId,
    /// Why.
    pub reason: String,
    /// What an approval binds: SHA-256 over everything above, the steps and the blast radius.
    pub digest: String,
    /// The blast radius as it was when the plan was made (JSON).
    pub blast_radius: serde_json::Value,
    /// The file, and nothing else, that it is about; only for a change of who may read one.
    pub file: Option<FileTarget>,
    /// Enforcement points to prove at.
    pub points: Vec<ShortName>,
    /// Who receives what it owns.
    pub heir: Option<String>,
    /// The level it must reach.
    pub required_level: ProofLevel,
    /// How long a change takes to reach every point, in microseconds.
    pub lag_us: i64,
    /// The level reached.
    pub level: Option<ProofLevel>,
    /// What is known and what is not, in plain words.
    pub sentence: Option<String>,
    /// Who asked for it; nobody, where Tenure proposed it.
    pub requested_by: Option<PersonId>,
    /// When it was made.
    pub created: Instant,
    /// When it ended.
    pub settled: Option<Instant>,
    /// How often its row was written; a stale writer loses.
    pub version: i64,
}

impl PlanRow {
    /// What it is about, as people name it: its file, or its principal.
    pub fn about(&self) -> &str {
        self.file.as_ref().map_or(&self.principal_name, |file| &file.place)
    }
}

pub(super) fn plan(row: &Row<'_>) -> Result<PlanRow, StoreFailure> {
    Ok(PlanRow {
        id: row.parsed(0)?,
        handle: row.text(1)?,
        kind: row.parsed(2)?,
        state: row.parsed(3)?,
        source: row.parsed(4)?,
        principal: row.parsed(5)?,
        principal_key: row.text(6)?,
        principal_name: row.text(7)?,
        identity: row.parsed(8)?,
        reason: row.text(9)?,
        digest: row.text(10)?,
        blast_radius: row.json(11)?,
        points: row.json(12)?,
        heir: row.opt_text(13)?,
        required_level: row.parsed(14)?,
        lag_us: row.number(15)?,
        level: row.opt_parsed(16)?,
        sentence: row.opt_text(17)?,
        requested_by: row.opt_parsed(18)?,
        created: row.instant(19)?,
        settled: row.opt_instant(20)?,
        version: row.number(21)?,
        file: row.opt_text(22)?.map(|_| row.json(22)).transpose()?,
    })
}

macro_rules! select_plans {
    ($rest:literal) => {
        concat!(
            "SELECT plan_id, handle, kind, state, source_id, principal_id, principal_key, principal_name, identity_id, reason, ",
            "digest, blast_radius, points, heir, required_level, lag_us, level, sentence, requested_by, created_us, settled_us, ",
            "version, file FROM plans ",
            $rest
        )
    };
}

impl Tx<'_> {
    /// Adds a plan with its steps, in order.
    pub fn add_plan(&mut self, plan: &PlanRow, steps: &[(ActionId, StepKind)]) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO plans (plan_id, handle, kind, state, source_id, principal_id, principal_key, principal_name, identity_id, \
             reason, digest, blast_radius, points, heir, required_level, lag_us, requested_by, created_us, file, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0)",
            &[
                named(plan.id),
                plan.handle.as_str().into(),
                named(plan.kind),
                named(plan.state),
                named(plan.source),
                named(plan.principal),
                plan.principal_key.as_str().into(),
                plan.principal_name.as_str().into(),
                named(plan.identity),
                plan.reason.as_str().into(),
                plan.digest.as_str().into(),
                json(&plan.blast_radius)?,
                json(&plan.points)?,
                plan.heir.clone().into(),
                named(plan.required_level),
                plan.lag_us.into(),
                plan.requested_by.map(|person| person.to_string()).into(),
                plan.created.into(),
                plan.file.as_ref().map(json).transpose()?.unwrap_or(crate::Value::Null),
            ],
        )?;
        for (position, (action, kind)) in (1_i64..).zip(steps) {
            self.add_step(plan.id, position, *action, *kind)?;
        }
        Ok(())
    }

    /// One plan.
    pub fn plan(&mut self, id: PlanId) -> Result<PlanRow, StoreFailure> {
        self.query_one("plans", select_plans!("WHERE plan_id = $1"), &[named(id)], plan)?
            .ok_or_else(|| StoreFailure::Missing { noun: "plan", given: id.to_string() })
    }

    /// The one plan a person means: by id, handle or its beginning.
    pub fn find_plan(&mut self, given: &str) -> Result<PlanRow, StoreFailure> {
        if let Ok(id) = given.parse::<PlanId>() {
            return self.plan(id);
        }
        let missing = || StoreFailure::Missing { noun: "plan", given: printable(given, 80) };
        if given.len() < 3 {
            return Err(missing());
        }
        let found = self.query(
            "plans",
            select_plans!("WHERE handle >= $1 AND handle < $2 ORDER BY handle LIMIT 9"),
            &[given.into(), format!("{given}\u{7f}").into()],
            plan,
        )?;
        let handles: Vec<String> = found.iter().map(|row| row.handle.clone()).collect();
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row),
            (None, _) => Err(missing()),
            (Some(_), Some(_)) => Err(StoreFailure::Ambiguous {
                given: printable(given, 80),
                candidates: listed(handles.iter().map(String::as_str)),
            }),
        }
    }

    /// Plans, newest first, one page before `before`.
    pub fn plans(&mut self, before: Option<PlanId>, page_size: i64) -> Result<Vec<PlanRow>, StoreFailure> {
        let before = before.map_or_else(|| String::from("z"), |id| id.to_string());
        self.query(
            "plans",
            select_plans!("WHERE plan_id < $1 ORDER BY plan_id DESC LIMIT $2"),
            &[before.into(), page_size.into()],
            plan,
        )
    }

    /// Plans about an identity, newest first.
    pub fn plans_of(&mut self, identity: IdentityId) -> Result<Vec<PlanRow>, StoreFailure> {
        self.query(
            "plans",
            select_plans!("WHERE identity_id = $1 ORDER BY plan_id DESC LIMIT 50"),
            &[named(identity)],
            plan,
        )
    }

    /// Plans that have work to do.
    pub fn plans_at_work(&mut self) -> Result<Vec<PlanId>, StoreFailure> {
        self.query(
            "plans",
            "SELECT plan_id FROM plans WHERE state IN ('approved', 'running', 'undoing') ORDER BY plan_id",
            &[],
            |row| row.parsed(0),
        )
    }

    /// Plans that have work to do at a source: one at work on a principal or on a file keeps others from it.
    pub fn plans_at_work_at(&mut self, source: SourceId) -> Result<Vec<PlanRow>, StoreFailure> {
        self.query(
            "plans",
            select_plans!(
                "WHERE source_id = $1 AND state IN ('approved', 'running', 'undoing') ORDER BY plan_id"
            ),
            &[named(source)],
            plan,
        )
    }

    /// Plans that closed a file at a source, to whatever level, and were not taken back.
    pub fn plans_that_closed_at(&mut self, source: SourceId) -> Result<Vec<PlanRow>, StoreFailure> {
        self.query(
            "plans",
            select_plans!(
                "WHERE source_id = $1 AND kind = 'tighten' AND state IN ('proved', 'short') ORDER BY plan_id"
            ),
            &[named(source)],
            plan,
        )
    }

    /// Moves a plan on. The row must still be at `version`, else somebody else moved it.
    pub fn move_plan(&mut self, id: PlanId, event: PlanEvent) -> Result<PlanState, StoreFailure> {
        let current = self.plan(id)?;
        let next = advance(current.state, event)
            .map_err(|error| StoreFailure::Conflict { why: error.to_string() })?;
        let moved = self.execute(
            "UPDATE plans SET state = $2, version = version + 1 WHERE plan_id = $1 AND version = $3",
            &[named(id), named(next), current.version.into()],
        )?;
        if moved == 1 { Ok(next) } else { Err(StoreFailure::Contended { what: "move_plan" }) }
    }

    /// Records the level a plan has reached so far, and the sentence that says what is not known.
    pub fn set_level(
        &mut self,
        id: PlanId,
        level: ProofLevel,
        sentence: &str,
        settled: Option<Instant>,
    ) -> Result<(), StoreFailure> {
        self.execute_on(
            ("plan", id),
            "UPDATE plans SET level = $2, sentence = $3, settled_us = $4, version = version + 1 WHERE plan_id = $1",
            &[named(id), named(level), sentence.into(), settled.into()],
        )
    }

    /// The steps of decisions that a plan needs, as the rules said when it was drafted.
    pub fn set_decided_in(&mut self, id: PlanId, steps: &[String]) -> Result<(), StoreFailure> {
        self.execute("UPDATE plans SET decided_in = $2 WHERE plan_id = $1", &[named(id), json(&steps)?])?;
        Ok(())
    }

    /// The steps of decisions that a plan needs, as the rules said when it was drafted.
    pub fn decided_in(&mut self, id: PlanId) -> Result<Vec<String>, StoreFailure> {
        let sql = "SELECT decided_in FROM plans WHERE plan_id = $1";
        let found = self.query_one("plans", sql, &[named(id)], |row| row.opt_json(0))?;
        Ok(found.flatten().unwrap_or_default())
    }

    /// Records an approval; it binds the digest and has an end. A former one of this person is over with it.
    pub fn approve_plan(&mut self, approval: &Approval) -> Result<(), StoreFailure> {
        self.execute(
            "DELETE FROM approvals WHERE plan_id = $1 AND person_id = $2",
            &[named(approval.plan), named(approval.person)],
        )?;
        self.execute(
            "INSERT INTO approvals (plan_id, person_id, decision_right, digest, alone, decided_us, ends_us, step, emergency, \
             delegation_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                named(approval.plan),
                named(approval.person),
                named(approval.right),
                approval.digest.as_str().into(),
                approval.alone.into(),
                approval.decided.into(),
                approval.ends.into(),
                approval.step.into(),
                approval.emergency.clone().into(),
                approval.delegation.map(|id| id.to_string()).into(),
            ],
        )?;
        Ok(())
    }

    /// Approvals of a plan.
    pub fn approvals(&mut self, id: PlanId) -> Result<Vec<Approval>, StoreFailure> {
        self.query(
            "approvals",
            "SELECT plan_id, person_id, decision_right, digest, alone, decided_us, ends_us, step, emergency, delegation_id \
             FROM approvals WHERE plan_id = $1 ORDER BY decided_us",
            &[named(id)],
            |row| {
                Ok(Approval {
                    plan: row.parsed(0)?,
                    person: row.parsed(1)?,
                    right: row.parsed(2)?,
                    digest: row.text(3)?,
                    alone: row.flag(4)?,
                    decided: row.instant(5)?,
                    ends: row.instant(6)?,
                    step: row.opt_number(7)?,
                    emergency: row.opt_text(8)?,
                    delegation: row.opt_parsed(9)?,
                })
            },
        )
    }

    /// The last plan that claims to have ended a principal, with the level it reached.
    pub fn claimed_dead(
        &mut self,
        principal: PrincipalId,
    ) -> Result<Option<(ProofLevel, ProofLevel, String)>, StoreFailure> {
        self.claimed_dead_then(principal, Instant::MAX)
    }

    /// The claim of death that had been made until an instant, as it stands now.
    pub fn claimed_dead_then(
        &mut self,
        principal: PrincipalId,
        at: Instant,
    ) -> Result<Option<(ProofLevel, ProofLevel, String)>, StoreFailure> {
        self.query_one(
            "plans",
            "SELECT level, required_level, COALESCE(sentence, '') FROM plans WHERE principal_id = $1 AND kind = 'revoke' \
             AND state IN ('proved', 'short') AND level IS NOT NULL AND COALESCE(settled_us, created_us) <= $2 \
             ORDER BY plan_id DESC LIMIT 1",
            &[named(principal), at.into()],
            |row| Ok((row.parsed(0)?, row.parsed(1)?, row.text(2)?)),
        )
    }
}

/// A decision to carry out a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Which plan.
    pub plan: PlanId,
    /// Who decided.
    pub person: PersonId,
    /// By which right.
    pub right: DecisionRight,
    /// The plan's digest at that moment.
    pub digest: String,
    /// True when the one who asked also decided.
    pub alone: bool,
    /// When.
    pub decided: Instant,
    /// Until when it may be begun.
    pub ends: Instant,
    /// Which of the steps that the programme asks for, from 0; nothing where one decision is enough.
    #[serde(default)]
    pub step: Option<i64>,
    /// Why nobody was waited for, where it was given in an emergency.
    #[serde(default)]
    pub emergency: Option<String>,
    /// The delegation by which it was made in somebody's place; nothing where it was their own.
    #[serde(default)]
    pub delegation: Option<DelegationId>,
}
