//! Deciding a step of a request.
//!
//! Each step is somebody else's and none is the asker's; a decision binds the digest of all that is asked, and counts while
//! whoever made it is there and would still be let make it. It must never make or enrol anything. Next: `fulfil.rs`.

use super::{
    RequestShown, about, charter_of, digest_of,
    fulfil::Prepared,
    late,
    ownership::{self, Offering},
    privilege, shown,
};
use crate::{
    Actor, Engine, EngineFailure,
    record::By,
    verbs::{
        clocks::{WaitsAt, steps_passed_on},
        delegations::{Capacity, capacities, capacity_then, everybodys, with_in_place_of},
        dismiss::still_there,
        handoffs::Handing,
        own::owns,
        programme::InForce,
        reason,
    },
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tenure_judge::{
    ApiAction, ApiResource, ApiResourceKind, Authoriser, Given, NotApproved, Verdict, may_decide,
    step_in_words, undecided,
};
use tenure_model::{
    Creation, DecisionRight, DelegatedKind, Instant, Person, PersonId, RequestEvent, RequestId, RequestState,
    Wanted,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::requests::{RequestDecisionRow, RequestRow},
};

/// What somebody who decides says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestDecision {
    /// Yes or no.
    pub answer: RequestAnswer,
    /// Why.
    pub reason: String,
    /// The digest that was shown with it.
    pub digest: String,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestAnswer {
    /// As far as this step goes, it may be.
    Approve,
    /// It may not; no other step changes that.
    Refuse,
}

/// What decides about requests, to be taken into a transaction.
#[derive(Clone)]
pub(crate) struct RequestDeciding {
    pub(super) authoriser: Arc<Authoriser>,
    pub(super) in_force: Arc<InForce>,
}

/// A decision that counts, and whoever made it.
pub(super) struct Counting {
    capacity: Capacity,
    owns: bool,
    step: u32,
}

/// A decision that somebody may make now.
struct Theirs {
    capacity: Capacity,
    /// Which step, from 0.
    step: u32,
}

impl Counting {
    pub(super) fn given(&self) -> Given<'_> {
        let by = self.capacity.approver(self.owns, false);
        Given { by, step: Some(self.step), is_emergency: false }
    }
}

/// Who decides which step, with those beside whom one passed on to.
pub(super) fn steps_of(tx: &mut Tx<'_>, row: &RequestRow) -> Result<Vec<String>, StoreFailure> {
    steps_passed_on(tx, &row.id.to_string(), row.steps.clone())
}

impl RequestDeciding {
    /// What decides about handoffs, for what is to be offered.
    pub(super) fn handing(&self, now: Instant) -> Handing {
        Handing::of(Arc::clone(&self.authoriser), Arc::clone(&self.in_force), now)
    }

    /// Whether this person may decide any request, whosever it is.
    pub(super) fn decides_any(&self, actor: Actor) -> bool {
        let who = tenure_judge::Actor { person: Some(actor.person), role: actor.role, local: actor.local };
        let about = ApiResource::new(ApiResourceKind::Request, false);
        self.authoriser.holds(&who, DecisionRight::Create, &about) == Verdict::Allowed
    }

    /// Whether a decision in this capacity counts; `owns` is true of whose decision it is.
    fn holds(&self, capacity: &Capacity, owns: bool) -> bool {
        capacity.holds(&self.authoriser, DecisionRight::Create, (ApiResourceKind::Request, owns))
    }

    /// The step at which a request waits for people, and whoever might decide it; nothing where it does not wait.
    pub(crate) fn waits_at(
        &self,
        tx: &mut Tx<'_>,
        (row, now): (&RequestRow, Instant),
        digest: &str,
    ) -> Result<Option<WaitsAt>, StoreFailure> {
        if row.state != RequestState::Asked {
            return Ok(None);
        }
        let (counting, steps) = (self.counting(tx, row, digest)?, steps_of(tx, row)?);
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let Some(step) = undecided(&steps, &given, Some(row.asked_by)) else { return Ok(None) };
        let charter = charter_of(tx, row)?;
        let owner = |one: &Capacity| owns(&charter, one.subject().id);
        let may = |one: &Capacity| {
            let took_part =
                |other: &Counting| one.is(other.capacity.person.id) || one.is(other.capacity.subject().id);
            !one.is(row.asked_by)
                && ownership::is_for(row, one).is_none()
                && !counting.iter().any(took_part)
                && self.holds(one, owner(one))
        };
        let everybody = everybodys(tx, (DelegatedKind::Request, now))?.into_iter().filter(may);
        let able = everybody.map(|one| (owner(&one), one)).collect();
        let decided = tx.request_decisions(row.id)?.iter().map(|one| one.decided).max();
        Ok(Some(WaitsAt { step, steps: row.steps.clone(), since: decided.unwrap_or(row.asked), able }))
    }

    /// Decisions that say yes to just this, of people who are there and would still be let make them.
    pub(super) fn counting(
        &self,
        tx: &mut Tx<'_>,
        row: &RequestRow,
        digest: &str,
    ) -> Result<Vec<Counting>, StoreFailure> {
        let (mut counting, charter) = (Vec::new(), charter_of(tx, row)?);
        for made in tx.request_decisions(row.id)? {
            if made.refused || made.digest != digest {
                continue;
            }
            let Some(person) = tx.person_since(made.person, made.decided)? else { continue };
            let as_whom = (made.delegation, made.decided);
            let Some(capacity) = capacity_then(tx, person, as_whom)? else { continue };
            let owns = owns(&charter, capacity.subject().id);
            if ownership::is_for(row, &capacity).is_none() && self.holds(&capacity, owns) {
                counting.push(Counting { capacity, owns, step: made.step });
            }
        }
        Ok(counting)
    }

    /// The decision that is this person's now, their own before one in another's place; or why none is.
    fn decision_of(
        &self,
        tx: &mut Tx<'_>,
        (row, digest): (&RequestRow, &str),
        person: PersonId,
        now: Instant,
    ) -> Result<Result<Theirs, EngineFailure>, StoreFailure> {
        let (counting, steps) = (self.counting(tx, row, digest)?, steps_of(tx, row)?);
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let denied = |why: String| EngineFailure::Denied { why };
        let Some(person) = tx.person(person)? else {
            return Ok(Err(denied(String::from("whoever decides has left"))));
        };
        let (charter, handle, mut refused) = (charter_of(tx, row)?, row.id.handle(), None);
        for capacity in capacities(tx, &person, (DelegatedKind::Request, now))? {
            let owns = owns(&charter, capacity.subject().id);
            let step = match ownership::is_for(row, &capacity) {
                Some(why) => Err(why),
                None => may_decide(&steps, &given, Some(row.asked_by), &capacity.approver(owns, false))
                    .map_err(|why| not_decided(&handle, &why)),
            };
            match step {
                Ok(step) if self.holds(&capacity, owns) => {
                    return Ok(Ok(Theirs { capacity, step: step.unwrap_or_default() }));
                }
                Ok(_) => {}
                // Their own case is the one they are told of.
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        let none = || denied(String::from("you do not hold the right to `create` here"));
        Ok(Err(refused.unwrap_or_else(none)))
    }

    /// Why the next step of a request is this person's to decide now, in words; nothing where it is not, or where nobody can
    /// say yes any more.
    pub(crate) fn theirs(
        &self,
        tx: &mut Tx<'_>,
        row: &RequestRow,
        person: &Person,
        now: Instant,
    ) -> Result<Option<String>, StoreFailure> {
        if row.state != RequestState::Asked || row.decide_by <= now {
            return Ok(None);
        }
        let Ok(digest) = digest_of(row) else { return Ok(None) };
        let Ok(Theirs { capacity, step }) = self.decision_of(tx, (row, &digest), person.id, now)? else {
            return Ok(None);
        };
        let owns = owns(&charter_of(tx, row)?, capacity.subject().id);
        if !capacity.may_do(&self.authoriser, ApiAction::Approve, (ApiResourceKind::Request, owns))
            || tx.person_since(row.asked_by, row.asked)?.is_none()
        {
            return Ok(None);
        }
        let who = step_in_words(&steps_of(tx, row)?, step);
        let why = format!("step {} of {} is decided by {who}", step + 1, row.steps.len().max(1));
        Ok(Some(capacity.with_why(why)))
    }

    /// Whether this person decides a request in the place of somebody who is to own what it is about.
    fn is_in_place_of_owner(
        tx: &mut Tx<'_>,
        row: &RequestRow,
        person: PersonId,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let Some(person) = tx.person(person)? else { return Ok(false) };
        let charter = charter_of(tx, row)?;
        let all = capacities(tx, &person, (DelegatedKind::Request, now))?;
        Ok(all.iter().any(|one| one.in_place_of.is_some() && owns(&charter, one.subject().id)))
    }

    /// Whether every step is decided by now.
    pub(super) fn is_decided(
        &self,
        tx: &mut Tx<'_>,
        row: &RequestRow,
        digest: &str,
    ) -> Result<bool, StoreFailure> {
        let (counting, steps) = (self.counting(tx, row, digest)?, steps_of(tx, row)?);
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        Ok(!row.steps.is_empty() && undecided(&steps, &given, Some(row.asked_by)).is_none())
    }
}

fn not_decided(handle: &str, why: &NotApproved) -> EngineFailure {
    if *why == NotApproved::Over {
        let why = format!("request {handle} was not decided: every step of it is");
        return StoreFailure::Conflict { why }.into();
    }
    let said = why.to_string().replace("asked for a plan", "asked for it");
    EngineFailure::Denied { why: format!("request {handle} was not decided: {said}") }
}

/// Refuses a decision without a reason, of what was not shown, and of what waits no more.
fn fit(row: &RequestRow, decision: &RequestDecision, now: Instant) -> Result<(), EngineFailure> {
    if decision.reason.trim().is_empty() {
        return Err(EngineFailure::Refused { why: String::from("a decision says why; the reason is empty") });
    }
    reason::kept(&decision.reason)?;
    let conflict = |why: &str| Err(StoreFailure::Conflict { why: why.to_owned() }.into());
    if decision.digest != digest_of(row)? {
        return conflict("what is asked is other than what was shown; look at it again");
    }
    if row.state != RequestState::Asked {
        let (handle, state) = (row.id.handle(), row.state);
        return conflict(&format!("request {handle} does not wait for a decision; it is {state}"));
    }
    if row.decide_by <= now {
        return conflict("nobody decided in time; it has to be asked for anew");
    }
    Ok(())
}

/// Uses a request that is decided where nothing has to be seen: for what is there already, or to offer it.
fn settle_held(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (id, prepared): (RequestId, &Prepared),
    (offering, now): (&Offering, Instant),
) -> Result<(), StoreFailure> {
    let row = tx.request(id)?;
    match (row.state, &row.wanted) {
        (RequestState::Approved, Wanted::Creation(Creation { late_for: Some(there), .. })) => {
            late::settle(tx, deciding, (&row, prepared, *there), now)
        }
        (RequestState::Approved, Wanted::Privilege(asked)) if asked.late_for.is_some() => {
            privilege::settle_held(tx, deciding, (&row, prepared, asked), now)
        }
        (RequestState::Approved, Wanted::Ownership(asked)) => {
            ownership::settle(tx, deciding, (&row, prepared, asked), offering)
        }
        _ => Ok(()),
    }
}

impl Engine {
    /// Why the next step of a request is not this person's; nothing where it is.
    pub async fn request_not_theirs(
        &self,
        person: PersonId,
        row: &RequestRow,
    ) -> Result<Option<String>, EngineFailure> {
        let (deciding, row, digest) = (self.request_deciding(), row.clone(), digest_of(row)?);
        let now = self.clock.now();
        let read = move |tx: &mut Tx<'_>| deciding.decision_of(tx, (&row, &digest), person, now);
        Ok(self.store.read("decision_of_request", read).await?.err().map(|why| why.to_string()))
    }

    /// Whether this person decides a request in the place of somebody who is to own what it is about.
    pub async fn request_in_place_of_owner(
        &self,
        person: PersonId,
        row: &RequestRow,
    ) -> Result<bool, EngineFailure> {
        let (row, now) = (row.clone(), self.clock.now());
        let read = move |tx: &mut Tx<'_>| RequestDeciding::is_in_place_of_owner(tx, &row, person, now);
        Ok(self.store.read("request_in_place_of_owner", read).await?)
    }

    /// Decides the step of a request that is this person's. With the last, it may be used.
    pub async fn decide_request(
        &self,
        actor: Actor,
        row: &RequestRow,
        decision: RequestDecision,
    ) -> Result<RequestShown, EngineFailure> {
        let now = self.clock.now();
        fit(row, &decision, now)?;
        let deciding = self.request_deciding();
        let (looked, asked, digest) = (deciding.clone(), row.clone(), decision.digest.clone());
        let read = move |tx: &mut Tx<'_>| looked.decision_of(tx, (&asked, &digest), actor.person, now);
        let Theirs { capacity, step } = self.store.read("decision_of_request", read).await??;
        let refused = decision.answer == RequestAnswer::Refuse;
        let mut draft = about(row, "request.decided", By::Person(actor, Some(DecisionRight::Create)))
            .text("answer", if refused { "refuse" } else { "approve" })
            .number("step", i64::from(step) + 1)
            .number("of", i64::try_from(row.steps.len()).unwrap_or(i64::MAX))
            .text("digest", &decision.digest);
        draft = with_in_place_of(draft, capacity.in_place_of.as_ref().map(|(_, from)| from.id));
        let reason = decision.reason.trim().to_owned();
        let entry = self.entry(draft.body(serde_json::json!({ "reason": reason })))?;
        let prepared = self.prepared(row)?;
        let offering = Offering { mint: self.mint()?, entries: self.entry_maker()?, actor };
        let made = RequestDecisionRow {
            person: actor.person,
            step,
            digest: decision.digest,
            refused,
            reason,
            decided: now,
            delegation: capacity.delegation(),
        };
        let id = row.id;
        let written = self.store.write("decide_request", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            let row = tx.request(id)?;
            // Two who decide one step at once, and a delegation that ends meanwhile: what is theirs is asked again.
            match deciding.decision_of(tx, (&row, &made.digest), actor.person, made.decided)? {
                Ok(now) if (now.step, now.capacity.delegation()) == (made.step, made.delegation) => {}
                Ok(_) => {
                    let why = String::from("it was decided by somebody else meanwhile; look again");
                    return Err(StoreFailure::Conflict { why });
                }
                Err(why) => return Ok(Err(why)),
            }
            if !made.refused && tx.person_since(row.asked_by, row.asked)?.is_none() {
                let why = String::from("whoever asked for it has left; it has to be asked for anew");
                return Err(StoreFailure::Conflict { why });
            }
            tx.decide_request(id, &made)?;
            if made.refused {
                tx.end_request(id, RequestEvent::Refuse, &made.reason, made.decided)?;
            } else if deciding.is_decided(tx, &row, &made.digest)? {
                tx.approve_request(id, made.decided)?;
            }
            tx.entry(entry.clone())?;
            settle_held(tx, &deciding, (id, &prepared), (&offering, made.decided))?;
            let row = tx.request(id)?;
            shown(tx, &deciding, row)
        });
        let written = written.await??;
        // Whether it is there already is seen before it may be made.
        self.surveys_woken.notify_one();
        Ok(written)
    }
}
