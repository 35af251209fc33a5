//! intend, act, settle: one change outside, with a durable record before and after it.
//!
//! Timeline: t0 the intent and its entry commit; t1 the connector is called, with a deadline;
//! t2 the answer is settled, again with an entry. A crash between t0 and t2 leaves an intended
//! step, which the step machine observes. A call that outlives its deadline is a lost answer.

use super::{drive::Loaded, plan::target_of};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use std::{sync::Arc, time::Duration};
use tenure_connect::{Act, Done, Effect, FailureClass, OutsideFailure, Source};
use tenure_govern::{Lost, NeedsPerson, backoff, settle_failure};
use tenure_keys::{EscrowRefused, SealedValue, generate_password};
use tenure_model::{
    ActionId, Instant, IntentId, PlanKind, RecordedIntent, Secret, ShownBy, StepEvent, StepKind, names,
};
use tenure_store::tables::{
    escrow::EscrowPurpose,
    steps::{IntentDraft, Settlement, StepRow},
};

/// After this long without knowing, a person is asked to look.
const UNKNOWN_PATIENCE: Duration = Duration::from_secs(15);

impl Engine {
    /// Puts the value that `Deny` will install into escrow, with what an undo needs.
    pub(crate) async fn keep(&self, loaded: &Loaded) -> Result<(), EngineFailure> {
        let plan = &loaded.plan;
        let (source, _) = self.source_of(loaded).await?;
        let target = target_of(plan);
        // Best effort: without it an undo gives access back only with a new value, and says so.
        let keepsake = match tokio::time::timeout(self.deadlines.call, source.keepsake(&target)).await {
            Ok(Ok(keepsake)) => keepsake,
            Ok(Err(_)) | Err(_) => None,
        };
        if loaded.view.shown_by() == Some(ShownBy::PublicKey) {
            return self.keep_public(loaded, keepsake).await;
        }
        let value = self.with_randomness(generate_password).map_err(EngineFailure::keys)?;
        let mut rows = match self.seal_for_escrow(EscrowPurpose::Value, &value) {
            Ok(row) => vec![row],
            // A full disk must not keep anybody from revoking: go on without a value of ours. The
            // proof will reach less and say why.
            Err(failure) => return self.go_on_without_value(loaded, &failure).await,
        };
        if let Some(keepsake) = &keepsake {
            rows.push(self.seal_for_escrow(EscrowPurpose::Keepsake, keepsake)?);
        }
        let entry = self.entry(
            Draft::new("escrow.kept", By::Tenure, plan.id)
                .about(plan.identity)
                .flag("undo_restores_value", keepsake.is_some()),
        )?;
        let (id, now) = (plan.id, self.clock.now());
        self.store
            .write_emergency("keep", move |tx| {
                for (escrow, purpose, sealed) in &rows {
                    tx.keep_sealed(escrow, id, *purpose, sealed.clone(), now)?;
                }
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }

    /// Nothing is generated: what names the public key, and brings it back, is all that is kept.
    async fn keep_public(
        &self,
        loaded: &Loaded,
        keepsake: Option<Secret<String>>,
    ) -> Result<(), EngineFailure> {
        let plan = &loaded.plan;
        let sealed = match keepsake.map(|keepsake| self.seal_for_escrow(EscrowPurpose::Keepsake, &keepsake)) {
            Some(Ok(row)) => Ok(row),
            // A disabling promises a way back; an end does not, and a full disk must not keep anybody from it.
            Some(Err(failure)) if plan.kind == PlanKind::Disable => return Err(failure),
            Some(Err(failure)) => Err(failure.to_string()),
            None => Err(String::from("what an undo needs is not there or could not be read")),
        };
        let (escrow, purpose, sealed) = match sealed {
            Ok(row) => row,
            Err(why) => {
                let control = loaded.steps.iter().find(|step| step.kind == StepKind::Control);
                let Some(position) = control.map(|step| step.position) else { return Ok(()) };
                let why = format!(
                    "nothing could be kept ({why}), so nothing is tried and nothing can be brought back"
                );
                return self.move_step(loaded, position, StepEvent::GiveUp, &why).await;
            }
        };
        let entry = self.entry(
            Draft::new("escrow.kept", By::Tenure, plan.id)
                .about(plan.identity)
                .flag("undo_restores_value", true),
        )?;
        let (id, now) = (plan.id, self.clock.now());
        self.store
            .write_emergency("keep_public", move |tx| {
                tx.keep_sealed(&escrow, id, purpose, sealed.clone(), now)?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }

    async fn go_on_without_value(
        &self,
        loaded: &Loaded,
        failure: &EngineFailure,
    ) -> Result<(), EngineFailure> {
        let deny = loaded.steps.iter().find(|step| step.kind == StepKind::Deny);
        let Some(position) = deny.map(|step| step.position) else { return Ok(()) };
        let why = format!("no value of ours could be kept ({failure}), so refusals will prove less");
        self.move_step(loaded, position, StepEvent::GiveUp, &why).await
    }

    fn seal_for_escrow(
        &self,
        purpose: EscrowPurpose,
        value: &Secret<String>,
    ) -> Result<(String, EscrowPurpose, Vec<u8>), EngineFailure> {
        let id = tenure_model::uuid_v7(self.clock.now(), self.random()?).hyphenated().to_string();
        let sealed = self
            .with_randomness(|randomness| self.escrow.keep(&id, value, &self.keys().sealer, randomness))
            .map_err(EngineFailure::keys)?;
        Ok((id, purpose, sealed.into_bytes()))
    }

    pub(crate) async fn held_value(
        &self,
        loaded: &Loaded,
        purpose: EscrowPurpose,
    ) -> Result<Option<Secret<String>>, EngineFailure> {
        let id = loaded.plan.id;
        let kept = self.store.read("sealed_for", move |tx| tx.sealed_for(id, purpose)).await?;
        let Some((escrow, sealed)) = kept else { return Ok(None) };
        match self.escrow.reveal(&escrow, &SealedValue::from_bytes(sealed), &self.keys().sealer) {
            Ok(value) => Ok(Some(value)),
            // A lost data key costs the proof, not the revocation: go on as if nothing had been held.
            Err(EscrowRefused::DataKeyGone { .. }) => Ok(None),
            Err(refused) => Err(EngineFailure::keys(refused)),
        }
    }

    pub(crate) async fn source_of(
        &self,
        loaded: &Loaded,
    ) -> Result<(Arc<dyn Source>, tenure_store::tables::sources::SourceRow), EngineFailure> {
        let id = loaded.plan.source;
        let row = self.store.read("source", move |tx| tx.source(id)).await?;
        Ok((self.open_source(&row)?, row))
    }

    /// Records an intent, calls the system, settles the answer.
    pub(crate) async fn act(&self, loaded: &Loaded, position: i64) -> Result<(), EngineFailure> {
        let step = loaded.step_at(position)?.clone();
        let (source, _) = self.source_of(loaded).await?;
        let purpose =
            if step.kind == StepKind::Enable { EscrowPurpose::Keepsake } else { EscrowPurpose::Value };
        let held = match step.kind {
            StepKind::Deny => self.held_value(loaded, purpose).await?,
            // The former value comes back only when ours had replaced it, or it was taken away.
            StepKind::Enable
                if loaded.steps.iter().any(|step| step.kind == takes_away(loaded) && step.attempt > 0) =>
            {
                self.held_value(loaded, purpose).await?
            }
            StepKind::Control
            | StepKind::Disable
            | StepKind::EndSessions
            | StepKind::Delete
            | StepKind::Sweep
            | StepKind::Prove
            | StepKind::Tighten
            | StepKind::Loosen
            | StepKind::Enable => None,
        };
        if step.kind == StepKind::Deny && held.is_none() {
            let why = "the data key of the value we held is gone";
            return self.go_on_without_value(loaded, &EngineFailure::Keys { why: why.to_owned() }).await;
        }
        let act = match (step.kind, &held) {
            (StepKind::Deny, Some(value)) => Act::Deny { value },
            (StepKind::Disable, _) => Act::Disable,
            (StepKind::EndSessions, _) => Act::EndSessions,
            (StepKind::Delete, _) => Act::Delete { heir: loaded.plan.heir.as_deref() },
            (StepKind::Tighten, _) => Act::Tighten,
            (StepKind::Loosen, _) => Act::Loosen,
            (StepKind::Enable, keepsake) => Act::Enable { keepsake: keepsake.as_ref() },
            (StepKind::Deny | StepKind::Control | StepKind::Sweep | StepKind::Prove, _) => {
                return Err(EngineFailure::Refused { why: format!("step `{}` is no act", step.kind) });
            }
        };
        let intent = self.intend(loaded, &step).await?;
        let answered = tokio::time::timeout(self.deadlines.call, source.act(&intent, &act)).await;
        let answered = answered.unwrap_or_else(|_| {
            Err(OutsideFailure::Lost { why: format!("no answer within {} s", self.deadlines.call.as_secs()) })
        });
        self.settle_answer(loaded, &step, answered).await
    }

    async fn intend(&self, loaded: &Loaded, step: &StepRow) -> Result<RecordedIntent, EngineFailure> {
        let now = self.clock.now();
        let id = IntentId::new(now, self.random()?);
        let entry = self.entry(
            Draft::new("action.intended", By::Tenure, loaded.plan.id)
                .about(loaded.plan.identity)
                .text("step", step.kind)
                .text("intent", id)
                .number("attempt", i64::from(step.attempt) + 1)
                .body(serde_json::json!({
                    "principal": loaded.plan.principal_name, "key": loaded.plan.principal_key, "file": loaded.plan.file,
                })),
        )?;
        let deadline = now.plus(self.deadlines.call);
        let draft = IntentDraft { id, plan: loaded.plan.id, action: step.id, now, deadline, entry };
        Ok(self.store.record_intent(draft).await?)
    }

    async fn settle_answer(
        &self,
        loaded: &Loaded,
        step: &StepRow,
        answered: Result<Done, OutsideFailure>,
    ) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        match answered {
            Ok(done) => {
                let answer = match tenure_model::text(&done.detail, names::LEFT_AS_IT_IS) {
                    Some(why) => why,
                    None if done.changed => "done",
                    None => "it was so already",
                };
                let detail = serde_json::to_value(&done.detail).unwrap_or_default();
                self.settle(loaded, step, StepEvent::Succeed, now, answer, Escalate::No, detail).await
            }
            Err(failure) => {
                let lost = if failure.class() == FailureClass::Unknown { Lost::Yes } else { Lost::No };
                let needs = match failure.class() {
                    FailureClass::AskOperator | FailureClass::Bug => NeedsPerson::Yes,
                    FailureClass::Retry | FailureClass::Unknown => NeedsPerson::No,
                };
                let retry_after = match &failure {
                    OutsideFailure::Throttled { retry_after, .. } => *retry_after,
                    OutsideFailure::Unreachable { .. }
                    | OutsideFailure::Refused { .. }
                    | OutsideFailure::TargetChanged { .. }
                    | OutsideFailure::NotOurs { .. }
                    | OutsideFailure::Lost { .. }
                    | OutsideFailure::Puzzling { .. } => None,
                };
                let settled = settle_failure(now, step.attempt + 1, lost, needs, retry_after);
                let escalate = if settled.escalate { Escalate::Yes } else { Escalate::No };
                let text = text_of(&failure);
                self.settle(
                    loaded,
                    step,
                    settled.event,
                    settled.not_before,
                    &text,
                    escalate,
                    serde_json::json!({}),
                )
                .await
            }
        }
    }

    /// Observes a step whose answer was lost or cut off.
    pub(crate) async fn observe_step(&self, loaded: &Loaded, position: i64) -> Result<(), EngineFailure> {
        let step = loaded.step_at(position)?.clone();
        let (source, _) = self.source_of(loaded).await?;
        let value = match step.kind {
            StepKind::Deny => self.held_value(loaded, EscrowPurpose::Value).await?,
            StepKind::Enable => self.held_value(loaded, EscrowPurpose::Keepsake).await?,
            StepKind::Control
            | StepKind::Disable
            | StepKind::EndSessions
            | StepKind::Delete
            | StepKind::Sweep
            | StepKind::Prove
            | StepKind::Tighten
            | StepKind::Loosen => None,
        };
        let target = target_of(&loaded.plan);
        let observed =
            tokio::time::timeout(self.deadlines.call, source.effect(&target, step.kind, value.as_ref()))
                .await;
        let now = self.clock.now();
        let nothing = serde_json::json!({});
        match observed {
            Ok(Effect::Present) => {
                let answer = "the answer was lost; the effect is there";
                self.settle(loaded, &step, StepEvent::Succeed, now, answer, Escalate::No, nothing).await
            }
            Ok(Effect::Missing) => {
                let answer = "the answer was lost; the effect is not there";
                let again = now.plus(backoff(step.attempt));
                self.settle(loaded, &step, StepEvent::Fail, again, answer, Escalate::No, nothing).await
            }
            Ok(Effect::Unobserved { why }) => self.still_unknown(loaded, &step, &why).await,
            Err(_) => self.still_unknown(loaded, &step, "no answer").await,
        }
    }

    async fn still_unknown(&self, loaded: &Loaded, step: &StepRow, why: &str) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        let id = step.id;
        let intended = self.store.read("last_intended", move |tx| tx.last_intended(id)).await?.unwrap_or(now);
        // How long it has been unknown decides how soon to look again: the distance doubles.
        let unknown_for = now.since(intended).max(Duration::from_secs(1));
        let escalate = if unknown_for > UNKNOWN_PATIENCE { Escalate::Yes } else { Escalate::No };
        let text = format!("not known whether it happened: {why}");
        let again = now.plus(unknown_for.min(Duration::from_secs(30)));
        self.settle(loaded, step, StepEvent::Lose, again, &text, escalate, serde_json::json!({})).await
    }

    #[expect(clippy::too_many_arguments, reason = "one settlement is made of all of these, and only here")]
    async fn settle(
        &self,
        loaded: &Loaded,
        step: &StepRow,
        event: StepEvent,
        not_before: Instant,
        answer: &str,
        escalate: Escalate,
        detail: serde_json::Value,
    ) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        let entry = self.entry(
            Draft::new("action.settled", By::Tenure, loaded.plan.id)
                .about(loaded.plan.identity)
                .text("step", step.kind)
                .text("event", event)
                .body(serde_json::json!({ "answer": answer, "detail": detail })),
        )?;
        let settlement = Settlement {
            step: ActionId::from_uuid(step.id.as_uuid()),
            event,
            now,
            not_before,
            answer: answer.to_owned(),
            escalate: escalate == Escalate::Yes,
        };
        self.store
            .write_emergency("settle", move |tx| {
                tx.settle_step(&settlement)?;
                tx.entry(entry.clone())
            })
            .await?;
        Ok(())
    }
}

/// The step after which the former value is gone.
fn takes_away(loaded: &Loaded) -> StepKind {
    match loaded.view.shown_by() {
        Some(ShownBy::PublicKey) => StepKind::Disable,
        Some(ShownBy::InstalledValue | ShownBy::Reader) | None => StepKind::Deny,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escalate {
    Yes,
    No,
}

/// A failure in words for the plan's page, with what to do where the system said so.
fn text_of(failure: &OutsideFailure) -> String {
    match failure {
        OutsideFailure::Refused { remedy, .. } => format!("{failure}. {remedy}"),
        OutsideFailure::Unreachable { .. }
        | OutsideFailure::Throttled { .. }
        | OutsideFailure::TargetChanged { .. }
        | OutsideFailure::NotOurs { .. }
        | OutsideFailure::Lost { .. }
        | OutsideFailure::Puzzling { .. } => failure.to_string(),
    }
}
