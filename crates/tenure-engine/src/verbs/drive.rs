//! Carrying a plan out: ask the step machine what comes next, do it, write it down, ask again.
//!
//! Everything that decides lies in the store and in `tenure-govern`; this loop remembers
//! nothing. A crash anywhere is picked up by the same loop in the next process.

use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use std::{sync::PoisonError, time::Duration};
use tenure_govern::{Assessment, Look, Next, PlanView, Seen, SeenWhat, StepView, assess, next};
use tenure_model::{
    ControlPlane, Derived, Instant, PlanEvent, PlanId, PlanKind, PlanState, Presence, ProbeAnswer, ShortName,
    ShownBy, StepEvent, StepKind, StepState,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        escrow::EscrowPurpose,
        plans::PlanRow,
        steps::{ProbeRow, Settlement, StepRow},
    },
};

/// Decisions in one drive, at most: a plan that needs more has a defect, and must not spin.
const DECISIONS_MAX: usize = 1_000;

/// How a drive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// Nothing more to do.
    Settled,
    /// Nothing before this instant.
    Waiting(Instant),
    /// Another task drives it already.
    Elsewhere,
}

/// A plan as it is kept, and as the step machine sees it.
pub(crate) struct Loaded {
    pub(crate) plan: PlanRow,
    pub(crate) steps: Vec<StepRow>,
    pub(crate) view: PlanView,
}

impl Loaded {
    pub(crate) fn step_at(&self, position: i64) -> Result<&StepRow, EngineFailure> {
        self.steps.iter().find(|step| step.position == position).ok_or_else(|| EngineFailure::Refused {
            why: format!("plan {} has no step {position}", self.plan.handle),
        })
    }
}

/// Gives the plan back when the drive ends, however it ends.
struct Held<'engine>(&'engine Engine, PlanId);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.driving.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Engine {
    /// Drives a plan until it is settled or must wait.
    pub async fn drive(&self, plan: PlanId) -> Result<Drive, EngineFailure> {
        if !self.driving.lock().unwrap_or_else(PoisonError::into_inner).insert(plan) {
            return Ok(Drive::Elsewhere);
        }
        let _held = Held(self, plan);
        for _ in 0..DECISIONS_MAX {
            let loaded = self.load_for_driving(plan).await?;
            let now = self.clock.now();
            match next(&loaded.view, now) {
                Next::Nothing => return Ok(Drive::Settled),
                Next::Wait { until, escalate } => {
                    if let Some(position) = escalate {
                        self.escalate(&loaded, position).await?;
                    }
                    return Ok(Drive::Waiting(until));
                }
                decided => self.carry_out(&loaded, decided).await?,
            }
        }
        Err(EngineFailure::Refused { why: format!("plan {plan} does not come to rest") })
    }

    async fn carry_out(&self, loaded: &Loaded, decided: Next) -> Result<(), EngineFailure> {
        match decided {
            Next::Nothing | Next::Wait { .. } => Ok(()),
            Next::Begin => self.begin(loaded).await,
            Next::Keep => self.keep(loaded).await,
            Next::Act(position) => self.act(loaded, position).await,
            Next::Observe(position) => self.observe_step(loaded, position).await,
            Next::Look(look) => self.look(loaded, look).await,
            Next::Complete(position) => self.complete(loaded, position).await,
            Next::GiveUp(position, why) => self.move_step(loaded, position, StepEvent::GiveUp, &why).await,
            Next::Repeat(position, why) => self.move_step(loaded, position, StepEvent::Repeat, &why).await,
            Next::Finish(assessment) => self.finish(loaded, assessment).await,
            Next::FinishUndo => self.finish_undo(loaded).await,
        }
    }

    pub(crate) async fn load(&self, id: PlanId) -> Result<Loaded, EngineFailure> {
        Ok(self.store.read("load_plan", move |tx| load(tx, id)).await?)
    }

    /// As `load`, with the lock-out limit of the system it acts on.
    async fn load_for_driving(&self, id: PlanId) -> Result<Loaded, EngineFailure> {
        let mut loaded = self.load(id).await?;
        let source = loaded.plan.source;
        let system = self.store.read("source", move |tx| tx.source(source)).await?.system;
        let limit = self.connector(&system)?.manifest().lock_out;
        loaded.view.refusals_max = limit.failures_max;
        loaded.view.refusals_window = limit.window;
        Ok(loaded)
    }

    async fn begin(&self, loaded: &Loaded) -> Result<(), EngineFailure> {
        let (id, now) = (loaded.plan.id, self.clock.now());
        let deciding = self.deciding();
        let entry = self.entry(Draft::new("plan.begun", By::Tenure, id).about(loaded.plan.identity))?;
        self.store
            .write_emergency("begin", move |tx| {
                let plan = tx.plan(id)?;
                deciding.refuse_undecided(tx, &plan, now)?;
                tx.move_plan(id, PlanEvent::Begin)?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }

    async fn complete(&self, loaded: &Loaded, position: i64) -> Result<(), EngineFailure> {
        let step = loaded.step_at(position)?;
        let (action, now) = (step.id, self.clock.now());
        let entry = self.entry(
            Draft::new("step.completed", By::Tenure, loaded.plan.id)
                .about(loaded.plan.identity)
                .text("step", step.kind),
        )?;
        self.store
            .write_emergency("complete", move |tx| {
                let settlement = |event| Settlement {
                    step: action,
                    event,
                    now,
                    not_before: now,
                    answer: String::from("done"),
                    escalate: false,
                };
                if tx.step(action)?.state == StepState::Waiting {
                    tx.settle_step(&settlement(StepEvent::Intend))?;
                }
                tx.settle_step(&settlement(StepEvent::Succeed))?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }

    pub(crate) async fn move_step(
        &self,
        loaded: &Loaded,
        position: i64,
        event: StepEvent,
        why: &str,
    ) -> Result<(), EngineFailure> {
        let step = loaded.step_at(position)?;
        let (plan, action, now) = (loaded.plan.id, step.id, self.clock.now());
        let entry = self.entry(
            Draft::new("step.moved", By::Tenure, plan)
                .about(loaded.plan.identity)
                .text("step", step.kind)
                .text("event", event)
                .body(serde_json::json!({ "why": why })),
        )?;
        let (why, kind) = (why.to_owned(), step.kind);
        self.store
            .write_emergency("move_step", move |tx| {
                let settlement = Settlement {
                    step: action,
                    event,
                    now,
                    not_before: now,
                    answer: why.clone(),
                    escalate: false,
                };
                tx.settle_step(&settlement)?;
                if event == StepEvent::Repeat {
                    // What follows was seen or done under a belief that turned out wrong.
                    for later in tx.steps(plan)? {
                        let settled = matches!(later.state, StepState::Done);
                        if settled
                            && !later.kind.acts()
                            && later.kind != StepKind::Control
                            && later.kind != kind
                        {
                            tx.settle_step(&Settlement { step: later.id, ..settlement.clone() })?;
                        }
                    }
                }
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }

    async fn escalate(&self, loaded: &Loaded, position: i64) -> Result<(), EngineFailure> {
        let step = loaded.step_at(position)?;
        let (action, now) = (step.id, self.clock.now());
        let entry = self.entry(
            Draft::new("step.escalated", By::Tenure, loaded.plan.id)
                .about(loaded.plan.identity)
                .text("step", step.kind)
                .number("attempts", i64::from(step.attempt)),
        )?;
        self.store
            .write(
                "escalate",
                move |tx| if tx.escalate_step(action, now)? { tx.entry(entry.clone()) } else { Ok(()) },
            )
            .await?;
        Ok(())
    }

    /// Writes down how the plan ended, destroys what was held for it, and says where the principal is.
    async fn finish(&self, loaded: &Loaded, assessment: Assessment) -> Result<(), EngineFailure> {
        let plan = &loaded.plan;
        let reached = assessment.level >= plan.required_level && assessment.alive.is_empty();
        let event = if reached { PlanEvent::Prove } else { PlanEvent::FallShort };
        let entry = self.entry(
            Draft::new("plan.settled", By::Tenure, plan.id)
                .about(plan.identity)
                .about(plan.principal)
                .text("kind", plan.kind)
                .text("level", assessment.level)
                .text("required_level", plan.required_level)
                .flag("reached", reached)
                .body(
                    serde_json::json!({ "principal": plan.principal_name, "sentence": assessment.sentence }),
                ),
        )?;
        let (id, principal, identity, kind) = (plan.id, plan.principal, plan.identity, plan.kind);
        let now = self.clock.now();
        self.store
            .write_emergency("finish", move |tx| {
                tx.set_level(id, assessment.level, &assessment.sentence, Some(now))?;
                tx.move_plan(id, event)?;
                if kind == PlanKind::Revoke {
                    let presence = if reached { Presence::Retired } else { Presence::Unproven };
                    tx.set_presence(principal, presence, now)?;
                }
                tx.touch(identity, now)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.judging_woken.notify_one();
        match kind {
            // What was taken away is the way back, and it is in escrow only: it stays until that is taken.
            PlanKind::Disable if loaded.view.shown_by() == Some(ShownBy::PublicKey) => Ok(()),
            PlanKind::Disable | PlanKind::Enable | PlanKind::Tighten => self.destroy_escrow(loaded).await,
            PlanKind::Revoke => {
                self.end_ways_back(loaded).await?;
                self.destroy_escrow(loaded).await
            }
        }
    }

    /// What was revoked is not brought back by an earlier disabling of it.
    async fn end_ways_back(&self, loaded: &Loaded) -> Result<(), EngineFailure> {
        let (identity, principal) = (loaded.plan.identity, loaded.plan.principal);
        let plans = self.store.read("plans_of", move |tx| tx.plans_of(identity)).await?;
        for other in
            plans.iter().filter(|other| other.principal == principal && other.kind == PlanKind::Disable)
        {
            if matches!(other.state, PlanState::Proved | PlanState::Short) {
                self.destroy_escrow(&self.load(other.id).await?).await?;
            }
        }
        Ok(())
    }

    /// True while what is held for a disabling is the only way to bring back what it took away.
    pub(crate) async fn is_way_back(&self, loaded: &Loaded) -> Result<bool, EngineFailure> {
        let plan = &loaded.plan;
        let settled = |state| matches!(state, PlanState::Proved | PlanState::Short);
        let public = loaded.view.shown_by() == Some(ShownBy::PublicKey);
        if plan.kind != PlanKind::Disable || !public || !settled(plan.state) {
            return Ok(false);
        }
        let (identity, principal) = (plan.identity, plan.principal);
        let plans = self.store.read("plans_of", move |tx| tx.plans_of(identity)).await?;
        let ended = plans.iter().any(|other| {
            other.principal == principal && other.kind == PlanKind::Revoke && settled(other.state)
        });
        Ok(!ended)
    }

    async fn finish_undo(&self, loaded: &Loaded) -> Result<(), EngineFailure> {
        let plan = &loaded.plan;
        let public = loaded.view.shown_by() == Some(ShownBy::PublicKey);
        let replaced = if public { StepKind::Disable } else { StepKind::Deny };
        let denied = loaded.view.is_done(replaced);
        let id = plan.id;
        let kept = self
            .store
            .read("keepsake", move |tx| tx.sealed_for(id, EscrowPurpose::Keepsake))
            .await?
            .is_some();
        let of_file = (plan.kind == PlanKind::Tighten).then(|| super::tighten::taken_back(&loaded.steps));
        let sentence = match (denied, kept) {
            (false, _) if public => "taken back; it is as it was",
            (true, true) if public => "taken back; what had been taken away is where it was",
            (true, false) if public => "taken back, but what had been taken away could not be restored",
            (false, _) => "taken back; its password is as it was",
            (true, true) => "taken back; its former password works again",
            (true, false) => {
                "taken back, but its former password could not be restored: set a new one before it is needed"
            }
        };
        let restored = match &of_file {
            Some(said) => said.starts_with("taken back;"),
            None => !denied || kept,
        };
        let sentence = of_file.unwrap_or_else(|| sentence.to_owned());
        let entry = self.entry(
            Draft::new("plan.undone", By::Tenure, plan.id)
                .about(plan.identity)
                .flag("value_restored", restored)
                .body(serde_json::json!({ "sentence": sentence })),
        )?;
        let (identity, now) = (plan.identity, self.clock.now());
        // What was left as somebody else made it was not taken back.
        let reverts = restored || plan.kind != PlanKind::Tighten;
        self.store
            .write_emergency("finish_undo", move |tx| {
                tx.move_plan(id, PlanEvent::FinishUndo)?;
                tx.set_level(id, tenure_model::ProofLevel::P0, &sentence, Some(now))?;
                for step in tx.steps(id)? {
                    if reverts && step.state == StepState::Done && step.kind.acts() && !step.kind.takes_back()
                    {
                        let event = StepEvent::Revert;
                        // What was cut off does not come back; nothing keeps anybody from connecting anew.
                        let stays = step.kind == StepKind::EndSessions;
                        let answer =
                            String::from(if stays { "the sessions stay ended" } else { "taken back" });
                        tx.settle_step(&Settlement {
                            step: step.id,
                            event,
                            now,
                            not_before: now,
                            answer,
                            escalate: false,
                        })?;
                    }
                }
                tx.touch(identity, now)?;
                tx.entry(entry.clone())
            })
            .await?;
        self.destroy_escrow(loaded).await
    }

    /// Destroys the data keys of everything held for a plan, then says so. In this order: a crash in
    /// between destroys once more and says so then.
    pub(crate) async fn destroy_escrow(&self, loaded: &Loaded) -> Result<(), EngineFailure> {
        let id = loaded.plan.id;
        let held = self.store.read("held_for", move |tx| tx.held_for(id)).await?;
        if held.is_empty() {
            return Ok(());
        }
        for escrow in &held {
            self.escrow.destroy(escrow).map_err(EngineFailure::keys)?;
        }
        let now = self.clock.now();
        let entry = self.entry(
            Draft::new("escrow.destroyed", By::Tenure, id)
                .number("values", i64::try_from(held.len()).unwrap_or(i64::MAX))
                .body(serde_json::json!({
                    "beyond_our_reach": "copies in file system snapshots and on worn-out flash cells, if there are any",
                })),
        )?;
        self.store
            .write_emergency("mark_destroyed", move |tx| {
                tx.mark_destroyed(id, now)?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }

    /// Records the level reached so far, for whoever watches.
    pub(crate) async fn note_level(&self, plan: PlanId) -> Result<(), EngineFailure> {
        let loaded = self.load(plan).await?;
        let so_far = assess(&loaded.view);
        self.store
            .write_emergency("note_level", move |tx| tx.set_level(plan, so_far.level, &so_far.sentence, None))
            .await?;
        Ok(())
    }
}

/// Reads a plan for the step machine.
pub(crate) fn load(tx: &mut Tx<'_>, id: PlanId) -> Result<Loaded, StoreFailure> {
    let plan = tx.plan(id)?;
    let steps = tx.steps(id)?;
    let seen = tx.probes(id)?.iter().map(seen_of).collect::<Result<Vec<_>, _>>()?;
    let mut view = PlanView {
        kind: plan.kind,
        state: plan.state,
        points: plan.points.clone(),
        required: plan.required_level,
        lag: Duration::from_micros(u64::try_from(plan.lag_us).unwrap_or(0)),
        steps: steps.iter().map(step_view).collect(),
        seen,
        can_try: false,
        refusals_max: u32::MAX,
        refusals_window: Duration::ZERO,
    };
    view.can_try = match &plan.file {
        Some(file) => file.tried_as().is_some(),
        None => tx.sealed_for(id, tried(&view))?.is_some(),
    };
    Ok(Loaded { plan, steps, view })
}

/// What is tried at the points of a plan, as it is held for it.
pub(crate) fn tried(view: &PlanView) -> EscrowPurpose {
    match view.shown_by() {
        Some(ShownBy::PublicKey) => EscrowPurpose::Keepsake,
        Some(ShownBy::InstalledValue | ShownBy::Reader) | None => EscrowPurpose::Value,
    }
}

fn step_view(row: &StepRow) -> StepView {
    StepView {
        position: row.position,
        kind: row.kind,
        state: row.state,
        attempt: row.attempt,
        not_before: row.not_before,
        done: row.done,
        escalated: row.escalated.is_some(),
        answer: row.answer.clone(),
    }
}

/// What a reading of derived things looks like in the database.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct DerivedRow {
    pub(crate) found: Vec<Derived>,
    pub(crate) unread: Vec<(String, String)>,
    /// Absent in rows from before there was such a thing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unknowable: Vec<(String, String)>,
}

fn seen_of(row: &ProbeRow) -> Result<Seen, StoreFailure> {
    let shape = |error: serde_json::Error| StoreFailure::Shape { table: "probes", why: error.to_string() };
    let point = || {
        ShortName::parse(&row.point)
            .map_err(|error| StoreFailure::Shape { table: "probes", why: error.to_string() })
    };
    let answer = row.answer.clone();
    let what = match row.kind.as_str() {
        "control" => SeenWhat::Control {
            point: point()?,
            answer: serde_json::from_value::<ProbeAnswer>(answer).map_err(shape)?,
        },
        "after" => SeenWhat::After {
            point: point()?,
            answer: serde_json::from_value::<ProbeAnswer>(answer).map_err(shape)?,
        },
        "control_plane" => {
            SeenWhat::ControlPlane(serde_json::from_value::<ControlPlane>(answer).map_err(shape)?)
        }
        _ => {
            let read: DerivedRow = serde_json::from_value(answer).map_err(shape)?;
            SeenWhat::Derived { found: read.found, unread: read.unread, unknowable: read.unknowable }
        }
    };
    Ok(Seen { at: row.at, what })
}

/// The words under which a look is kept.
pub(crate) fn words_of(look: &Look) -> (&'static str, String) {
    match look {
        Look::Control(point) => ("control", point.to_string()),
        Look::After(point) => ("after", point.to_string()),
        Look::ControlPlane => ("control_plane", String::new()),
        Look::Derived => ("derived", String::new()),
    }
}
