//! approve: whose decision a plan is, step by step, and whether what was decided still counts.
//!
//! An approval binds the digest of the plan that was looked at and has an end. It counts while whoever gave it is there and would
//! still be let give it: everything is asked again by the rules in force when the plan begins, in the transaction that begins
//! it. An emergency goes past the steps, with its reason, and says so for ever. An approval must never carry anything out.
//! Next: `tenure-judge/src/programme/approvals.rs`, the rules; `drive.rs`.

use super::{
    clocks::{WaitsAt, steps_passed_on},
    delegations::{Capacity, capacities, capacity_then, everybodys, with_in_place_of},
    plan::{PlanShown, refuse_second_plan},
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    verbs::{programme::InForce, reason},
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tenure_judge::{
    ApiAction, ApiResourceKind, Authoriser, DecidedKind, Given, NotApproved, PlanAbout, decides_step,
    may_decide, step_in_words, undecided,
};
use tenure_model::{DecisionRight, DelegatedKind, Instant, Person, PersonId, PlanEvent, PlanKind, PlanState};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        identities::IdentityRow,
        plans::{Approval, PlanRow},
    },
};

/// People named for one step, at most.
const NAMED_MAX: usize = 4;

/// One of the decisions that a plan needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionNeeded {
    /// Who decides it, in words.
    pub who: String,
    /// Whoever may, by name, at most four; nobody once it is decided, and where nobody is there who may.
    pub people: Vec<String>,
    /// Who did, as far as that counts now.
    pub person: Option<PersonId>,
    /// In whose place they did; nothing where it was their own decision.
    pub in_place_of: Option<PersonId>,
    /// Until when that counts, unless the plan begins.
    pub ends: Option<Instant>,
}

/// An approval that counts, and whoever gave it.
struct Counting {
    capacity: Capacity,
    /// Whose decision it is answered for the identity when the plan was asked for, and does now.
    owned: bool,
    approval: Approval,
}

/// A decision that somebody may make now.
struct Theirs {
    capacity: Capacity,
    /// Which step, from 0; nothing where one decision is enough.
    step: Option<u32>,
}

impl Counting {
    fn given(&self) -> Given<'_> {
        Given {
            by: self.capacity.approver(self.owned, false),
            step: self.approval.step.and_then(|step| u32::try_from(step).ok()),
            is_emergency: self.approval.emergency.is_some(),
        }
    }
}

/// Who stands where a plan asks for an owner. Nobody makes themselves one to decide a plan that waits: where the charter
/// was written since it was asked for, no owner is known to be one of then.
struct Owners {
    now: [Option<PersonId>; 2],
    are_of_then: bool,
}

impl Owners {
    fn of(tx: &mut Tx<'_>, plan: &PlanRow, identity: &IdentityRow) -> Result<Self, StoreFailure> {
        let written = tx.charter_written(identity.id)?;
        let now = [identity.charter.business_owner, identity.charter.technical_owner];
        Ok(Self { now, are_of_then: written.is_none_or(|at| at <= plan.created) })
    }

    fn stand(&self, person: PersonId) -> bool {
        self.are_of_then && self.now.contains(&Some(person))
    }
}

/// What decides about approvals, to be taken into a transaction.
#[derive(Clone)]
pub(super) struct Deciding {
    authoriser: Arc<Authoriser>,
    in_force: Arc<InForce>,
}

impl Deciding {
    /// Whether a decision in this capacity counts for a plan now; `owns` is true of whose decision it is.
    fn may(&self, capacity: &Capacity, owns: bool, right: DecisionRight) -> bool {
        capacity.holds(&self.authoriser, right, (ApiResourceKind::Plan, owns))
    }

    /// Approvals that last, of this very plan, of people who are there and would still be let give them.
    fn counting(
        &self,
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        identity: &IdentityRow,
        now: Instant,
    ) -> Result<Vec<Counting>, StoreFailure> {
        let (mut counting, owners) = (Vec::new(), Owners::of(tx, plan, identity)?);
        for approval in tx.approvals(plan.id)? {
            if approval.ends <= now || approval.digest != plan.digest {
                continue;
            }
            let Some(person) = tx.person(approval.person)? else { continue };
            let as_whom = (approval.delegation, approval.decided);
            let Some(capacity) = capacity_then(tx, person, as_whom)? else { continue };
            let subject = capacity.subject().id;
            if self.may(&capacity, owns(identity, subject), approval.right) {
                counting.push(Counting { owned: owners.stand(subject), capacity, approval });
            }
        }
        Ok(counting)
    }

    /// Whoever may decide a step that nobody decided, by name: neither whoever asked, nor who decided another step.
    fn who_may(
        &self,
        everybody: &[Capacity],
        (plan, identity, owners): (&PlanRow, &IdentityRow, &Owners),
        (steps, index): (&[String], u32),
        counting: &[Counting],
    ) -> Vec<String> {
        let decides = |one: &&Capacity| {
            is_free(one, plan, counting)
                && decides_step(steps, index, &one.approver(owners.stand(one.subject().id), false))
                && self.may(one, owns(identity, one.subject().id), plan.kind.decided_by())
        };
        everybody.iter().filter(decides).take(NAMED_MAX).map(Capacity::in_words).collect()
    }

    /// The steps that a plan of this kind needs for an identity by the rules in force. What was changed within the time an
    /// approval waits is not settled: nobody steps out of a rule and back into it around a plan.
    pub(super) fn asked_now(
        &self,
        tx: &mut Tx<'_>,
        kind: PlanKind,
        identity: &IdentityRow,
        now: Instant,
    ) -> Result<Vec<String>, StoreFailure> {
        let lately = now.minus(self.waits());
        let written = tx.charter_written(identity.id)?;
        let about = PlanAbout {
            kind: DecidedKind::Plan(kind),
            class: identity.class.as_deref(),
            environment: identity.charter.environment,
            tier: identity.tier,
            is_settled: identity.judged.is_some() && written.is_none_or(|at| at <= lately),
        };
        Ok(self.in_force.programme.approvals.steps_for(about).to_vec())
    }

    /// How long an approval waits for the plan to begin.
    fn waits(&self) -> Duration {
        Duration::from_hours(self.in_force.programme.approvals.hours.into())
    }

    /// The steps that a plan needs: those that were asked for when it was drafted, else those that are by now.
    fn steps(
        &self,
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        identity: &IdentityRow,
        now: Instant,
    ) -> Result<Vec<String>, StoreFailure> {
        let drafted = tx.decided_in(plan.id)?;
        let steps = if drafted.is_empty() { self.asked_now(tx, plan.kind, identity, now)? } else { drafted };
        steps_passed_on(tx, &plan.id.to_string(), steps)
    }

    /// The step at which a plan waits for people, and whoever of these might decide it; nothing where it does not wait.
    pub(super) fn waits_at(
        &self,
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        now: Instant,
    ) -> Result<Option<WaitsAt>, StoreFailure> {
        if plan.state != PlanState::Proposed {
            return Ok(None);
        }
        let identity = tx.identity(plan.identity)?;
        let drafted = tx.decided_in(plan.id)?;
        let asked = if drafted.is_empty() { self.asked_now(tx, plan.kind, &identity, now)? } else { drafted };
        let steps = steps_passed_on(tx, &plan.id.to_string(), asked.clone())?;
        let counting = self.counting(tx, plan, &identity, now)?;
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let Some(step) = undecided(&steps, &given, plan.requested_by) else { return Ok(None) };
        let owners = Owners::of(tx, plan, &identity)?;
        let may = |one: &Capacity| {
            is_free(one, plan, &counting)
                && self.may(one, owns(&identity, one.subject().id), plan.kind.decided_by())
        };
        let everybody = everybodys(tx, (DelegatedKind::Plan, now))?.into_iter().filter(may);
        let able = everybody.map(|one| (owners.stand(one.subject().id), one)).collect();
        let decided = counting.iter().map(|one| one.approval.decided).max();
        Ok(Some(WaitsAt { step, steps: asked, since: decided.unwrap_or(plan.created), able }))
    }

    /// Keeps which steps the rules ask for when a plan is drafted: what its identity becomes meanwhile takes none away.
    pub(super) fn bind_steps(&self, tx: &mut Tx<'_>, plan: &PlanRow) -> Result<(), StoreFailure> {
        let identity = tx.identity(plan.identity)?;
        let steps = self.asked_now(tx, plan.kind, &identity, plan.created)?;
        if steps.is_empty() { Ok(()) } else { tx.set_decided_in(plan.id, &steps) }
    }

    /// The decision of a plan that waits that is this person's now: their own before one in another's place. Or why none is.
    fn decision_of(
        &self,
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        person: &Person,
        now: Instant,
    ) -> Result<Result<Theirs, NotApproved>, StoreFailure> {
        let identity = tx.identity(plan.identity)?;
        let counting = self.counting(tx, plan, &identity, now)?;
        let steps = self.steps(tx, plan, &identity, now)?;
        let owners = Owners::of(tx, plan, &identity)?;
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let mut refused = None;
        for capacity in capacities(tx, person, (DelegatedKind::Plan, now))? {
            let subject = capacity.subject().id;
            let by = capacity.approver(owners.stand(subject), false);
            let step = may_decide(&steps, &given, plan.requested_by, &by);
            match step {
                Ok(step) if self.may(&capacity, owns(&identity, subject), plan.kind.decided_by()) => {
                    return Ok(Ok(Theirs { capacity, step }));
                }
                // Their own case is the one they are told of.
                Ok(_) => {}
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        let mut why = refused.unwrap_or_else(|| NotApproved::NotThis {
            step: 1,
            who: String::from("somebody who holds the right to decide it"),
        });
        if let NotApproved::NotThis { who, .. } = &mut why
            && !owners.are_of_then
            && owns(&identity, person.id)
        {
            who.push_str(
                ", and the charter was written since this plan was asked for: withdraw it and plan again",
            );
        }
        Ok(Err(why))
    }

    /// Why a plan that waits is this person's to decide now, in words; nothing where it is not: by the access policies, their
    /// right, its steps, and whether it could begin.
    pub(super) fn theirs(
        &self,
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        person: &Person,
        now: Instant,
    ) -> Result<Option<String>, StoreFailure> {
        if plan.state != PlanState::Proposed {
            return Ok(None);
        }
        let Ok(Theirs { capacity, step }) = self.decision_of(tx, plan, person, now)? else { return Ok(None) };
        let identity = tx.identity(plan.identity)?;
        let owned = owns(&identity, capacity.subject().id);
        if !capacity.may_do(&self.authoriser, ApiAction::Apply, (ApiResourceKind::Plan, owned)) {
            return Ok(None);
        }
        match refuse_second_plan(tx, plan) {
            Ok(()) => {}
            Err(StoreFailure::Conflict { .. }) => return Ok(None),
            Err(failure) => return Err(failure),
        }
        let steps = self.steps(tx, plan, &identity, now)?;
        let why = match (step, &capacity.in_place_of) {
            (Some(step), _) => {
                format!("step {} of {} is decided by {}", step + 1, steps.len(), step_in_words(&steps, step))
            }
            (None, Some(_)) => String::from("one decision is enough, and theirs would be"),
            (None, None) if plan.requested_by == Some(person.id) => {
                String::from("you asked for it, and one decision is enough")
            }
            (None, None) if owned => String::from("you own it, and one decision is enough"),
            (None, None) => format!("one decision is enough, and an {} may make it", person.role),
        };
        Ok(Some(capacity.with_why(why)))
    }

    /// Whether this person decides plans of an identity in the place of an owner of it.
    fn is_in_place_of_owner(
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        person: PersonId,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let (Some(person), identity) = (tx.person(person)?, tx.identity(plan.identity)?) else {
            return Ok(false);
        };
        let all = capacities(tx, &person, (DelegatedKind::Plan, now))?;
        Ok(all.iter().any(|one| one.in_place_of.is_some() && owns(&identity, one.subject().id)))
    }

    /// Writes an approval down, and lets the plan begin where it was the last that was needed; returns whether it was.
    fn decide(&self, tx: &mut Tx<'_>, actor: Actor, approval: &Approval) -> Result<bool, StoreFailure> {
        let plan = tx.plan(approval.plan)?;
        let identity = tx.identity(plan.identity)?;
        let person = tx.person(actor.person)?;
        super::dismiss::still_there(person.as_ref().map(|person| person.role), actor)?;
        let owners = Owners::of(tx, &plan, &identity)?;
        match (&person, &approval.emergency) {
            (Some(person), Some(_)) => self.refuse_emergency(&plan, person, &owners, approval.right)?,
            // Two who decide one step at once, and a delegation that ends meanwhile: what is theirs is asked again.
            (Some(person), None) if plan.state == PlanState::Proposed => {
                let theirs = self.decision_of(tx, &plan, person, approval.decided)?;
                let same = theirs.is_ok_and(|one| {
                    (one.step.map(i64::from), one.capacity.delegation())
                        == (approval.step, approval.delegation)
                });
                if !same {
                    let why =
                        format!("plan {} was decided by somebody else meanwhile; look again", plan.handle);
                    return Err(StoreFailure::Conflict { why });
                }
            }
            (_, None) | (None, Some(_)) => {}
        }
        refuse_second_plan(tx, &plan)?;
        tx.approve_plan(approval)?;
        let steps = self.steps(tx, &plan, &identity, approval.decided)?;
        let counting = self.counting(tx, &plan, &identity, approval.decided)?;
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let is_decided = undecided(&steps, &given, plan.requested_by).is_none();
        // One that does not wait any more says so here.
        if is_decided || plan.state != PlanState::Proposed {
            tx.move_plan(plan.id, PlanEvent::Approve)?;
        }
        Ok(is_decided)
    }

    /// Past all steps goes only whoever holds the right as themselves, and answered for it when it was asked for.
    fn refuse_emergency(
        &self,
        plan: &PlanRow,
        person: &Person,
        owners: &Owners,
        right: DecisionRight,
    ) -> Result<(), StoreFailure> {
        if self.may(&Capacity::own(person.clone()), owners.stand(person.id), right) {
            return Ok(());
        }
        let why = format!(
            "past the steps of plan {} goes only whoever may end this themselves, and who answers for it by that also did when \
             the plan was asked for; nobody does in another's place",
            plan.handle
        );
        Err(StoreFailure::Conflict { why })
    }

    /// Refuses to let a plan begin that is not decided, or not any more.
    pub(super) fn refuse_undecided(
        &self,
        tx: &mut Tx<'_>,
        plan: &PlanRow,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let identity = tx.identity(plan.identity)?;
        let steps = self.steps(tx, plan, &identity, now)?;
        let counting = self.counting(tx, plan, &identity, now)?;
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let Some(missing) = undecided(&steps, &given, plan.requested_by) else { return Ok(()) };
        let handle = &plan.handle;
        let lasts = tx.approvals(plan.id)?.iter().any(|one| one.ends > now && one.digest == plan.digest);
        let why = if !lasts {
            format!("the approval of plan {handle} has run out; make a new plan")
        } else if steps.is_empty() || counting.is_empty() {
            format!(
                "whoever approved plan {handle} was removed or may not decide it any more; withdraw it (tenure undo {handle}) \
                 and make a new plan"
            )
        } else {
            let who = step_in_words(&steps, missing);
            format!(
                "step {} of plan {handle} is not decided any more, or is asked for since: {who} decides it; withdraw it \
                 (tenure undo {handle}) and make a new plan",
                missing + 1
            )
        };
        Err(StoreFailure::Conflict { why })
    }
}

/// The entry of an approval: by which right, for which step, whether alone or in an emergency.
fn approved(actor: Actor, plan: &PlanRow, (approval, in_place_of): (&Approval, Option<PersonId>)) -> Draft {
    let mut draft = Draft::new("plan.approved", By::Person(actor, Some(approval.right)), plan.id)
        .about(plan.identity)
        .text("digest", &plan.digest)
        .flag("alone", approval.alone)
        .text("ends", approval.ends);
    if let Some(step) = approval.step {
        draft = draft.number("step", step + 1);
    }
    draft = with_in_place_of(draft, in_place_of);
    if let Some(why) = &approval.emergency {
        draft = draft.flag("emergency", true).body(serde_json::json!({ "emergency": why }));
    }
    draft
}

/// Neither whoever asked nor whoever decided another step, in person or in whose place.
fn is_free(one: &Capacity, plan: &PlanRow, counting: &[Counting]) -> bool {
    plan.requested_by.is_none_or(|asked| !one.is(asked))
        && !counting
            .iter()
            .any(|other| one.is(other.capacity.person.id) || one.is(other.capacity.subject().id))
}

fn owns(identity: &IdentityRow, person: PersonId) -> bool {
    [identity.charter.business_owner, identity.charter.technical_owner].contains(&Some(person))
}

impl Engine {
    pub(super) fn deciding(&self) -> Deciding {
        Deciding { authoriser: Arc::clone(&self.authoriser), in_force: self.in_force() }
    }

    /// The decisions that a plan needs, in order, and those that were made as far as they count now. Nothing where one
    /// decision is enough, and for a plan that has begun.
    pub async fn decisions_needed(&self, plan: &PlanRow) -> Result<Vec<DecisionNeeded>, EngineFailure> {
        if !matches!(plan.state, PlanState::Proposed | PlanState::Approved) {
            return Ok(Vec::new());
        }
        let (deciding, now, plan) = (self.deciding(), self.clock.now(), plan.clone());
        let read = move |tx: &mut Tx<'_>| {
            let identity = tx.identity(plan.identity)?;
            let steps = deciding.steps(tx, &plan, &identity, now)?;
            if steps.is_empty() {
                return Ok(Vec::new());
            }
            let counting = deciding.counting(tx, &plan, &identity, now)?;
            let owners = Owners::of(tx, &plan, &identity)?;
            let everybody = everybodys(tx, (DelegatedKind::Plan, now))?;
            let of = |index: u32| counting.iter().find(|one| one.given().step == Some(index));
            let needed = (0_u32..).zip(&steps).map(|(index, _)| DecisionNeeded {
                who: step_in_words(&steps, index),
                people: match of(index) {
                    Some(_) => Vec::new(),
                    None => {
                        let about = (&plan, &identity, &owners);
                        deciding.who_may(&everybody, about, (&steps, index), &counting)
                    }
                },
                person: of(index).map(|one| one.capacity.person.id),
                in_place_of: of(index).and_then(|one| Some(one.capacity.in_place_of.as_ref()?.1.id)),
                ends: of(index).map(|one| one.approval.ends),
            });
            Ok(needed.collect())
        };
        Ok(self.store.read("decisions_needed", read).await?)
    }

    /// Approves a plan: all of it, or the step of it that is this person's; with the last, it begins. `digest` is what the
    /// approver looked at.
    pub async fn apply(
        &self,
        actor: Actor,
        given: &str,
        digest: Option<&str>,
    ) -> Result<PlanShown, EngineFailure> {
        self.approve(actor, given, digest, None).await
    }

    /// As [`Engine::apply`], past the steps that the programme asks for: `why` nobody is waited for. It says so for ever.
    pub async fn apply_in_emergency(
        &self,
        actor: Actor,
        given: &str,
        digest: Option<&str>,
        why: &str,
    ) -> Result<PlanShown, EngineFailure> {
        self.approve(actor, given, digest, Some(why)).await
    }

    async fn approve(
        &self,
        actor: Actor,
        given: &str,
        digest: Option<&str>,
        emergency: Option<&str>,
    ) -> Result<PlanShown, EngineFailure> {
        let plan = self.show_plan(given).await?.plan;
        if digest.is_some_and(|digest| digest != plan.digest) {
            let why =
                format!("plan {} is not the one that was looked at; look again, then apply", plan.handle);
            return Err(EngineFailure::Refused { why });
        }
        let emergency = emergency.map(reason::kept).transpose()?;
        if emergency.as_ref().is_some_and(String::is_empty) {
            let why = String::from(
                "an emergency has a reason: whoever reads the evidence later will ask why nobody was waited for",
            );
            return Err(EngineFailure::Refused { why });
        }
        let (deciding, now) = (self.deciding(), self.clock.now());
        let approval = Approval {
            plan: plan.id,
            person: actor.person,
            right: plan.kind.decided_by(),
            digest: plan.digest.clone(),
            alone: false,
            decided: now,
            ends: now.plus(deciding.waits()),
            step: None,
            emergency,
            delegation: None,
        };
        let id = plan.id;
        let theirs = self.next_decision(actor, &plan, &approval, &deciding).await?;
        let step = theirs.as_ref().and_then(|one| one.step);
        let from = theirs.as_ref().and_then(|one| Some(one.capacity.in_place_of.as_ref()?.1.id));
        // What Tenure proposed is decided by this person alone, and what they asked for; or in whose place they decide.
        let is_asker = |asked| asked == actor.person || from == Some(asked);
        let approval = Approval {
            step: step.map(i64::from),
            alone: step.is_none() && plan.requested_by.is_none_or(is_asker),
            delegation: theirs.and_then(|one| one.capacity.delegation()),
            ..approval
        };
        let entry = self.entry(approved(actor, &plan, (&approval, from)))?;
        // An emergency: a full disk must not keep anybody from revoking.
        let decided = self
            .store
            .write_emergency("approve", move |tx| {
                let is_decided = deciding.decide(tx, actor, &approval)?;
                tx.entry(entry.clone())?;
                Ok(is_decided)
            })
            .await?;
        if decided {
            self.plans_woken.notify_waiters();
        }
        self.show_plan(&id.to_string()).await
    }

    /// The decision that is this person's, by what is there now; or why none is.
    async fn next_decision(
        &self,
        actor: Actor,
        plan: &PlanRow,
        approval: &Approval,
        deciding: &Deciding,
    ) -> Result<Option<Theirs>, EngineFailure> {
        if approval.emergency.is_some() || plan.state != PlanState::Proposed {
            return Ok(None);
        }
        let decision = self.decision_of(actor.person, plan, deciding).await?;
        decision.transpose().map_err(|why| {
            let handle = &plan.handle;
            let text = format!("plan {handle} was not approved: {why}");
            match why {
                NotApproved::Over => StoreFailure::Conflict { why: text }.into(),
                NotApproved::Asked { .. } | NotApproved::Before { .. } | NotApproved::NotThis { .. } => {
                    EngineFailure::Denied {
                        why: format!("{text}; in an emergency: tenure apply {handle} --emergency WHY"),
                    }
                }
            }
        })
    }

    /// Why a plan that waits is not this person's to decide now, by the steps that it needs; nothing where it is.
    pub async fn not_theirs(
        &self,
        person: PersonId,
        plan: &PlanRow,
    ) -> Result<Option<String>, EngineFailure> {
        let deciding = self.deciding();
        let decision = self.decision_of(person, plan, &deciding).await?;
        Ok(decision.and_then(Result::err).map(|why| why.to_string()))
    }

    /// Whether this person decides a plan in the place of an owner of its identity.
    pub async fn is_in_place_of_owner(
        &self,
        person: PersonId,
        plan: &PlanRow,
    ) -> Result<bool, EngineFailure> {
        let (row, now) = (plan.clone(), self.clock.now());
        let read = move |tx: &mut Tx<'_>| Deciding::is_in_place_of_owner(tx, &row, person, now);
        Ok(self.store.read("is_in_place_of_owner", read).await?)
    }

    async fn decision_of(
        &self,
        person: PersonId,
        plan: &PlanRow,
        deciding: &Deciding,
    ) -> Result<Option<Result<Theirs, NotApproved>>, EngineFailure> {
        let (deciding, row, now) = (deciding.clone(), plan.clone(), self.clock.now());
        let read = move |tx: &mut Tx<'_>| {
            let Some(person) = tx.person(person)? else { return Ok(None) };
            deciding.decision_of(tx, &row, &person, now).map(Some)
        };
        Ok(self.store.read("decision_of", read).await?)
    }
}
