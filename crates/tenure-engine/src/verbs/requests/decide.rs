//! Deciding a step of a request.
//!
//! Each step is somebody else's and none is the asker's; a decision binds the digest of all that is asked, and counts while
//! whoever made it is there and would still be let make it. It must never make or enrol anything. Next: `fulfil.rs`.

use super::{
    RequestShown, about, charter_of, digest_of,
    fulfil::Prepared,
    holds, late,
    ownership::{self, Offering},
    privilege, shown,
};
use crate::{
    Actor, Engine, EngineFailure,
    record::By,
    verbs::{
        clocks::{WaitsAt, steps_passed_on},
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
    ApiAction, ApiResource, ApiResourceKind, Approver, Authoriser, Given, NotApproved, Verdict, may_decide,
    step_in_words, undecided,
};
use tenure_model::{
    Creation, DecisionRight, Instant, Person, PersonId, RequestEvent, RequestId, RequestState, Wanted,
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
    person: Person,
    owns: bool,
    step: u32,
}

impl Counting {
    pub(super) fn given(&self) -> Given<'_> {
        Given { by: approver(&self.person, self.owns), step: Some(self.step), is_emergency: false }
    }
}

fn approver(person: &Person, owns: bool) -> Approver<'_> {
    Approver { person: person.id, name: &person.name, role: person.role, owns, approves: false }
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

    /// Whether somebody's decision counts, where they will answer for what is asked for or not.
    pub(super) fn holds(&self, actor: Actor, owns: bool) -> bool {
        let who = tenure_judge::Actor { person: Some(actor.person), role: actor.role, local: actor.local };
        holds(self, who, owns)
    }

    /// The step at which a request waits for people, and whoever might decide it; nothing where it does not wait.
    pub(crate) fn waits_at(
        &self,
        tx: &mut Tx<'_>,
        row: &RequestRow,
        digest: &str,
    ) -> Result<Option<WaitsAt>, StoreFailure> {
        if row.state != RequestState::Asked {
            return Ok(None);
        }
        let (counting, steps) = (self.counting(tx, row, digest)?, steps_of(tx, row)?);
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let Some(step) = undecided(&steps, &given, Some(row.asked_by)) else { return Ok(None) };
        let charter = charter_of(tx, row)?;
        let owner = |person: PersonId| owns(&charter, person);
        let may = |person: &Person| {
            let who = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
            row.asked_by != person.id
                && ownership::is_for(row, person.id).is_none()
                && !counting.iter().any(|one| one.person.id == person.id)
                && holds(self, who, owner(person.id))
        };
        let everybody = tx.people()?.into_iter().filter(may);
        let able = everybody.map(|person| (owner(person.id), person)).collect();
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
            if made.refused || made.digest != digest || ownership::is_for(row, made.person).is_some() {
                continue;
            }
            let Some(person) = tx.person_since(made.person, made.decided)? else { continue };
            let owns = owns(&charter, person.id);
            let who = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
            if holds(self, who, owns) {
                counting.push(Counting { person, owns, step: made.step });
            }
        }
        Ok(counting)
    }

    /// The step that is this person's now, from 0; or why none is.
    fn step_of(
        &self,
        tx: &mut Tx<'_>,
        (row, digest): (&RequestRow, &str),
        person: PersonId,
    ) -> Result<Result<u32, EngineFailure>, StoreFailure> {
        let (counting, steps) = (self.counting(tx, row, digest)?, steps_of(tx, row)?);
        let given: Vec<Given<'_>> = counting.iter().map(Counting::given).collect();
        let Some(person) = tx.person(person)? else {
            return Ok(Err(EngineFailure::Denied { why: String::from("whoever decides has left") }));
        };
        if let Some(why) = ownership::is_for(row, person.id) {
            return Ok(Err(why));
        }
        let by = approver(&person, owns(&charter_of(tx, row)?, person.id));
        let handle = row.id.handle();
        Ok(match may_decide(&steps, &given, Some(row.asked_by), &by) {
            Ok(step) => Ok(step.unwrap_or_default()),
            Err(NotApproved::Over) => {
                let why = format!("request {handle} was not decided: every step of it is");
                Err(StoreFailure::Conflict { why }.into())
            }
            Err(why) => {
                let said = why.to_string().replace("asked for a plan", "asked for it");
                Err(EngineFailure::Denied { why: format!("request {handle} was not decided: {said}") })
            }
        })
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
        let owns = owns(&charter_of(tx, row)?, person.id);
        let who = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
        let about = ApiResource::new(ApiResourceKind::Request, owns);
        if row.state != RequestState::Asked
            || row.decide_by <= now
            || self.authoriser.authorise(&who, &ApiAction::Approve, &about) != Verdict::Allowed
            || !holds(self, who, owns)
        {
            return Ok(None);
        }
        let Ok(digest) = digest_of(row) else { return Ok(None) };
        let Ok(step) = self.step_of(tx, (row, &digest), person.id)? else { return Ok(None) };
        if tx.person_since(row.asked_by, row.asked)?.is_none() {
            return Ok(None);
        }
        let who = step_in_words(&steps_of(tx, row)?, step);
        Ok(Some(format!("step {} of {} is decided by {who}", step + 1, row.steps.len().max(1))))
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
        let read = move |tx: &mut Tx<'_>| deciding.step_of(tx, (&row, &digest), person);
        Ok(self.store.read("step_of_request", read).await?.err().map(|why| why.to_string()))
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
        let step = self.store.read("step_of", move |tx| looked.step_of(tx, (&asked, &digest), actor.person));
        let step = step.await??;
        let refused = decision.answer == RequestAnswer::Refuse;
        let draft = about(row, "request.decided", By::Person(actor, Some(DecisionRight::Create)))
            .text("answer", if refused { "refuse" } else { "approve" })
            .number("step", i64::from(step) + 1)
            .number("of", i64::try_from(row.steps.len()).unwrap_or(i64::MAX))
            .text("digest", &decision.digest);
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
        };
        let id = row.id;
        let written = self.store.write("decide_request", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            let row = tx.request(id)?;
            // Two who decide one step at once: the second finds it decided.
            match deciding.step_of(tx, (&row, &made.digest), actor.person)? {
                Ok(now) if now == made.step => {}
                Ok(_) => {
                    let why = String::from("it was decided by somebody else meanwhile; look again");
                    return Err(StoreFailure::Conflict { why });
                }
                Err(why) => return Ok(Err(why)),
            }
            if !deciding.holds(actor, owns(&charter_of(tx, &row)?, actor.person)) {
                let why = String::from("you do not hold the right to `create` here");
                return Ok(Err(EngineFailure::Denied { why }));
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
