//! consequences: what follows, by itself and in stages, when an identity stays lapsed by a control.
//!
//! First it is warned, later a plan to disable it is proposed; no stage is skipped, and each is recorded once. Nothing is
//! carried out: a person decides about what is proposed. While the check of the control does not pass, or the programme
//! only observes, it is recorded what would have followed, and why it did not (law 8). It is level-triggered: whatever is
//! over is taken out, and what was cut off is done by the next round. Next: `programme/partners.rs`, the gate.

use super::{
    plan::PlanRequest,
    programme::{InForce, people},
};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tenure_judge::{Control, Gate, held_by_silence, who_revokes};
use tenure_model::{
    ConsequenceStage, ConsequenceState, IdentityId, Instant, PlanKind, PlanState, Severity, printable,
};
use tenure_store::{
    StoreFailure,
    tables::{
        consequences::{ConsequenceRow, LapsedBy},
        plans::PlanRow,
    },
};

/// Identities that are looked at together, and written in one transaction.
const BATCH: i64 = 200;
/// Plans of Tenure's that wait for a decision, at most: more than people look at helps nobody.
const PROPOSED_MAX: i64 = 100;
/// How long until a plan that could not be drafted is tried again.
const AGAIN_AFTER: Duration = Duration::from_hours(1);
/// What a list shows, at most.
const LISTED_MAX: i64 = 1_000;
const DAY: Duration = Duration::from_hours(24);

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Identities that were warned.
    pub warned: i64,
    /// Identities of which it was recorded that they would be disabled.
    pub would_disable: i64,
    /// Plans that were proposed.
    pub proposed: i64,
}

/// How far it came for an identity, and what comes next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsequenceShown {
    /// How far it came.
    #[serde(flatten)]
    pub row: ConsequenceRow,
    /// The handle of the plan that Tenure proposed.
    pub plan_handle: Option<String>,
    /// Who is asked to decide about it, now, by name.
    pub asked: Option<String>,
    /// When the next stage comes, where one does.
    pub disables_at: Option<Instant>,
}

impl Engine {
    /// Takes everything one step further that is due, and takes out what is over.
    pub async fn follow_consequences(&self) -> Result<Followed, EngineFailure> {
        let in_force = self.in_force();
        let mut followed = Followed::default();
        let staged: Vec<&Control> =
            in_force.programme.controls.iter().filter(|one| !one.consequences.is_empty()).collect();
        let known: Vec<String> = staged.iter().map(|one| one.id.clone()).collect();
        self.store
            .write("forget_consequences", move |tx| {
                for control in tx.controls_with_consequences()? {
                    if !known.contains(&control) {
                        tx.forget_consequences(&control)?;
                    }
                }
                Ok(())
            })
            .await?;
        for control in staged {
            let over = lapsed_by(&in_force, control, 0, self.clock.now());
            self.store.write("end_consequences", move |tx| tx.end_consequences(&over)).await?;
            followed.warned += self.warn(&in_force, control).await?;
            let (would, proposed) = self.disable_stage(&in_force, control).await?;
            followed.would_disable += would;
            followed.proposed += proposed;
        }
        Ok(followed)
    }

    /// What followed, those that came furthest first; at most 1,000.
    pub async fn consequences(&self) -> Result<Vec<ConsequenceShown>, EngineFailure> {
        let (in_force, now) = (self.in_force(), self.clock.now());
        let shown = move |tx: &mut tenure_store::Tx<'_>| {
            let rows = tx.consequences(LISTED_MAX)?;
            rows.into_iter().map(|row| shown(tx, &in_force, now, row)).collect()
        };
        Ok(self.store.read("consequences", shown).await?)
    }

    /// What followed for one identity, by control.
    pub async fn consequences_of(
        &self,
        identity: IdentityId,
    ) -> Result<Vec<ConsequenceShown>, EngineFailure> {
        let (in_force, now) = (self.in_force(), self.clock.now());
        let shown = move |tx: &mut tenure_store::Tx<'_>| {
            let rows = tx.consequences_of(identity)?;
            rows.into_iter().map(|row| shown(tx, &in_force, now, row)).collect()
        };
        Ok(self.store.read("consequences_of", shown).await?)
    }

    /// How an identity is lapsed by a control, as it is judged now; nothing where it is not.
    async fn lapsed_now(
        &self,
        in_force: &InForce,
        identity: IdentityId,
        control: &str,
    ) -> Result<Option<Lapsed>, EngineFailure> {
        let (dossier, open_since) = self.dossier_now(identity).await?;
        // What cannot be judged is said elsewhere, and nothing follows from it.
        let Ok(explained) = in_force.judge.explain(&dossier, &open_since, self.clock.now()) else {
            return Ok(None);
        };
        let held = held_by_silence(&dossier, &explained, control);
        let conditions = explained.judgement.conditions.into_iter();
        let counts = conditions.filter(|one| one.control == control && one.lapsed && one.counts());
        let first = counts.map(|one| (one.lapses_at, one.reason)).min();
        Ok(first.map(|(since, reason)| Lapsed { since, reason, held }))
    }

    async fn warn(&self, in_force: &Arc<InForce>, control: &Control) -> Result<i64, EngineFailure> {
        let Some(after_days) = control.after_days(ConsequenceStage::Warn) else { return Ok(0) };
        let (mut warned, mut after) = (0, None);
        loop {
            let now = self.clock.now();
            let lapsed = lapsed_by(in_force, control, after_days, now);
            let read =
                move |tx: &mut tenure_store::Tx<'_>| tx.lapsed_without_consequence(&lapsed, after, BATCH);
            let page = self.store.read("lapsed_without_consequence", read).await?;
            let Some(last) = page.last().copied() else { return Ok(warned) };
            after = Some(last);
            let mut rows = Vec::new();
            for identity in page {
                let Some(lapsed) = self.lapsed_now(in_force, identity, &control.id).await? else {
                    continue;
                };
                if now < lapsed.since.plus(DAY * after_days) {
                    continue;
                }
                rows.push(ConsequenceRow {
                    identity,
                    identity_name: String::new(),
                    control: control.id.clone(),
                    state: ConsequenceState::Warned,
                    why: None,
                    lapsed: lapsed.since,
                    warned: now,
                    at: now,
                    plan: None,
                });
            }
            warned += self.record("consequence.warned", in_force.version, rows).await?;
        }
    }

    /// Writes rows down with one entry for all of them; none where another programme is in force by now.
    async fn record(
        &self,
        kind: &'static str,
        version: i64,
        rows: Vec<ConsequenceRow>,
    ) -> Result<i64, EngineFailure> {
        let Some(first) = rows.first() else { return Ok(0) };
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let said: Vec<serde_json::Value> = rows
            .iter()
            .map(|one| serde_json::json!({ "identity": one.identity, "lapsed": one.lapsed, "why": one.why }))
            .collect();
        let mut draft = Draft::new(kind, By::Tenure, &first.control).number("count", count);
        for row in &rows {
            draft = draft.about(row.identity);
        }
        let entry = self.entry(draft.body(serde_json::Value::Array(said)))?;
        let written = self
            .store
            .write("record_consequences", move |tx| {
                if tx.programme_version()? != version {
                    return Ok(0);
                }
                for row in &rows {
                    tx.put_consequence(row)?;
                }
                tx.entry(entry.clone())?;
                Ok(count)
            })
            .await?;
        Ok(written)
    }

    /// Keeps that what was recorded before was tried again, for the same reason in vain.
    async fn tried_again(&self, version: i64, rows: Vec<ConsequenceRow>) -> Result<(), EngineFailure> {
        if rows.is_empty() {
            return Ok(());
        }
        let write = move |tx: &mut tenure_store::Tx<'_>| {
            if tx.programme_version()? == version {
                for row in &rows {
                    tx.put_consequence(row)?;
                }
            }
            Ok(())
        };
        Ok(self.store.write("tried_again", write).await?)
    }

    /// The second stage: a plan is proposed, or it is recorded why it is not. Returns how many of each.
    async fn disable_stage(
        &self,
        in_force: &Arc<InForce>,
        control: &Control,
    ) -> Result<(i64, i64), EngineFailure> {
        let days = |stage| control.after_days(stage);
        let (Some(warn), Some(disable)) = (days(ConsequenceStage::Warn), days(ConsequenceStage::Disable))
        else {
            return Ok((0, 0));
        };
        let (mut would, mut proposed, mut after) = (0, 0, None);
        loop {
            let now = self.clock.now();
            let gate = self.may_act_by_itself(&control.id).await?;
            // What was recorded once is looked at again only where it could be proposed.
            let again = match &gate {
                Gate::Observe { .. } => ConsequenceState::Warned,
                Gate::Enforce => ConsequenceState::WouldDisable,
            };
            let before = (now.minus(DAY * (disable - warn)), now.minus(DAY * disable));
            let id = control.id.clone();
            let read =
                move |tx: &mut tenure_store::Tx<'_>| tx.warned_before(&id, before, again, (after, BATCH));
            let page = self.store.read("warned_before", read).await?;
            let Some(last) = page.last().map(|row| row.identity) else { return Ok((would, proposed)) };
            after = Some(last);
            let (mut rows, mut known) = (Vec::new(), Vec::new());
            for row in page {
                let Some(lapsed) = self.lapsed_now(in_force, row.identity, &control.id).await? else {
                    let (identity, control) = (row.identity, control.id.clone());
                    let over = move |tx: &mut tenure_store::Tx<'_>| tx.end_consequence(identity, &control);
                    self.store.write("end_consequence", over).await?;
                    continue;
                };
                if now < lapsed.since.plus(DAY * disable) {
                    continue;
                }
                let stopped = match &gate {
                    Gate::Observe { why } => why.clone(),
                    Gate::Enforce if is_tried_lately(&row, now) => continue,
                    Gate::Enforce => match self.propose(in_force, control, &row, &lapsed).await? {
                        Proposal::Written => {
                            proposed += 1;
                            continue;
                        }
                        Proposal::Later => continue,
                        Proposal::Not(why) => why,
                    },
                };
                let why = Some(printable(&stopped, 600));
                let is_known = row.state == ConsequenceState::WouldDisable && row.why == why;
                let new = ConsequenceRow { state: ConsequenceState::WouldDisable, why, at: now, ..row };
                if is_known { &mut known } else { &mut rows }.push(new);
            }
            would += self.record("consequence.observed", in_force.version, rows).await?;
            self.tried_again(in_force.version, known).await?;
        }
    }

    /// Proposes a plan to disable an identity; says why not, where it cannot be. The gate is asked again in the transaction
    /// that writes the plan, so that none is there for a control whose check does not pass by then.
    async fn propose(
        &self,
        in_force: &Arc<InForce>,
        control: &Control,
        row: &ConsequenceRow,
        lapsed: &Lapsed,
    ) -> Result<Proposal, EngineFailure> {
        let id = control.id.clone();
        if let Some(why) = &lapsed.held {
            return Ok(Proposal::Not(why.clone()));
        }
        if let Some(why) = self.in_the_way(row.identity).await? {
            return Ok(Proposal::Not(why));
        }
        let request = wish(control, row, &lapsed.reason);
        let (plan, actions, draft) = match self.drafted(By::Tenure, request).await {
            Ok(drafted) => drafted,
            Err(failed) => {
                return Ok(Proposal::Not(format!(
                    "no plan can be drafted: {}",
                    crate::failure::chain(&failed)
                )));
            }
        };
        let now = self.clock.now();
        let there = self.store.read("people", people).await?;
        let asked = who_revokes(&in_force.programme, &control.id, &there, now).into_iter().next();
        let mut draft = draft.text("control", &control.id);
        if let Some(person) = asked.and_then(|one| there.named(&one.name).map(|person| person.id)) {
            draft = draft.about(person).text("for", person);
        }
        let entry = self.entry(draft)?;
        let written = ConsequenceRow {
            state: ConsequenceState::Proposed,
            why: None,
            at: now,
            plan: Some(plan.id),
            ..row.clone()
        };
        let (in_force, clock) = (Arc::clone(in_force), Arc::clone(&self.clock));
        let deciding = self.deciding();
        let added = self
            .store
            .write("propose_consequence", move |tx| {
                // Another round may have proposed it meanwhile.
                let is_same = tx.programme_version()? == in_force.version
                    && tx
                        .consequence(written.identity, &id)?
                        .is_some_and(|row| row.state != ConsequenceState::Proposed);
                if !is_same || in_force.gate(&id, &people(tx)?, clock.now()) != Gate::Enforce {
                    return Ok(false);
                }
                tx.add_plan(&plan, &actions)?;
                deciding.bind_steps(tx, &plan)?;
                tx.put_consequence(&written)?;
                tx.entry(entry.clone())?;
                Ok::<bool, StoreFailure>(true)
            })
            .await?;
        Ok(if added { Proposal::Written } else { Proposal::Later })
    }

    /// Why no plan is proposed for an identity now, whatever its control says.
    async fn in_the_way(&self, identity: IdentityId) -> Result<Option<String>, EngineFailure> {
        let (open, waiting) = self
            .store
            .read("plans_of", move |tx| {
                let open = tx.plans_of(identity)?.into_iter().find(is_open);
                Ok((open, tx.count_proposed_by_tenure()?))
            })
            .await?;
        Ok(match open {
            Some(open) => Some(format!("plan {} is open for it already", open.handle)),
            None if waiting >= PROPOSED_MAX => {
                Some(format!("{waiting} plans that Tenure proposed wait to be decided already"))
            }
            None => None,
        })
    }
}

/// Whether somebody has still to decide about a plan, or it is at work.
fn is_open(plan: &PlanRow) -> bool {
    match plan.state {
        PlanState::Proposed | PlanState::Approved | PlanState::Running | PlanState::Undoing => true,
        PlanState::Proved | PlanState::Short | PlanState::Undone | PlanState::Withdrawn => false,
    }
}

/// What Tenure asks for.
fn wish(control: &Control, row: &ConsequenceRow, reason: &str) -> PlanRequest {
    PlanRequest {
        kind: PlanKind::Disable,
        identity: row.identity.to_string(),
        reason: format!(
            "{}: lapsed since {}, warned on {}: {}",
            control.id,
            row.lapsed,
            row.warned,
            printable(reason, 300)
        ),
        heir: None,
        file: None,
        readers: None,
    }
}

/// How an identity is lapsed by a control.
struct Lapsed {
    /// Since when.
    since: Instant,
    /// Why, of what lapsed first.
    reason: String,
    /// Why no plan follows from it: nothing but people's silence speaks against it, and it may be in use.
    held: Option<String>,
}

/// What became of a proposal.
enum Proposal {
    /// The plan is there.
    Written,
    /// The programme, or who is there, changed meanwhile: the next round looks again.
    Later,
    /// It cannot be, for this reason.
    Not(String),
}

/// Whether no plan could be drafted, less than an hour ago.
fn is_tried_lately(row: &ConsequenceRow, now: Instant) -> bool {
    row.state == ConsequenceState::WouldDisable && now.since(row.at) < AGAIN_AFTER
}

/// Which findings make an identity lapsed by a control for so many days or longer.
fn lapsed_by(in_force: &InForce, control: &Control, days: u32, now: Instant) -> LapsedBy {
    let grace = &in_force.programme.thresholds.grace_days;
    let before = |severity| now.minus(grace.of(severity)).minus(DAY * days);
    LapsedBy {
        control: control.id.clone(),
        opened_before: [Severity::Low, Severity::Medium, Severity::High, Severity::Critical].map(before),
    }
}

fn shown(
    tx: &mut tenure_store::Tx<'_>,
    in_force: &InForce,
    now: Instant,
    mut row: ConsequenceRow,
) -> Result<ConsequenceShown, StoreFailure> {
    let there = people(tx)?;
    let (mut asked, mut plan_handle) = (None, None);
    if let Some(plan) = row.plan {
        let plan = tx.find_plan(&plan.to_string())?;
        if plan.state == PlanState::Proposed {
            asked = who_revokes(&in_force.programme, &row.control, &there, now).into_iter().next();
        }
        plan_handle = Some(plan.handle);
    }
    // What was in the way when it was recorded may be another thing by now.
    if let (ConsequenceState::WouldDisable, Gate::Observe { why }) =
        (row.state, in_force.gate(&row.control, &there, now))
    {
        row.why = Some(why);
    }
    let control = in_force.programme.controls.iter().find(|one| one.id == row.control);
    let days = |stage| control.and_then(|control| control.after_days(stage));
    let disables_at = match (row.state, days(ConsequenceStage::Warn), days(ConsequenceStage::Disable)) {
        (ConsequenceState::Warned, Some(warn), Some(disable)) => {
            Some(row.lapsed.plus(DAY * disable).max(row.warned.plus(DAY * disable.saturating_sub(warn))))
        }
        _ => None,
    };
    Ok(ConsequenceShown { row, plan_handle, asked: asked.map(|one| one.name), disables_at })
}
