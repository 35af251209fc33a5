//! Deciding an exception, and taking one back.
//!
//! Everything is looked at again when it is decided: the rules in force, who decides, and what the condition rests on now.
//! A decision that was made on something else than what was shown is a conflict. It must never grant by itself.

use super::{ExceptionShown, about, digest_of, not_excepted, said, shown, terms, wish_of};
use crate::{
    Actor, Engine, EngineFailure,
    record::By,
    verbs::{
        delegations::{Capacity, capacities, with_in_place_of},
        dismiss::still_there,
        own::owns,
        programme::InForce,
        reason,
    },
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Authoriser, Verdict};
use tenure_model::{DecisionRight, DelegatedKind, ExceptionState, Instant, Person};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        exceptions::{ExceptionDecided, ExceptionRow},
        findings::FindingRow,
    },
};

/// What somebody who decides says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExceptionDecision {
    /// Granted, or not.
    pub answer: ExceptionAnswer,
    /// Why.
    pub reason: String,
    /// The digest that was shown with it.
    pub digest: String,
}

/// Granted, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionAnswer {
    /// It may fail until the end.
    Grant,
    /// It may not.
    Refuse,
}

/// Refuses a decision without a reason, of what was not shown, and of what waits no more.
fn fit(row: &ExceptionRow, decision: &ExceptionDecision, now: Instant) -> Result<(), EngineFailure> {
    if decision.reason.trim().is_empty() {
        return Err(EngineFailure::Refused { why: String::from("a decision says why; the reason is empty") });
    }
    reason::kept(&decision.reason)?;
    if decision.digest != digest_of(row)? {
        let why = String::from("what is asked is other than what was shown; look at it again");
        return Err(StoreFailure::Conflict { why }.into());
    }
    if row.decide_by <= now && row.state == ExceptionState::Requested {
        let why = String::from("nobody decided in time; it has to be asked for anew");
        return Err(StoreFailure::Conflict { why }.into());
    }
    Ok(())
}

/// How high this person stands who grants it now, and as whom they do, by its history and the rules; or why they do not. That
/// whoever asked has left is a conflict.
fn may_grant(
    tx: &mut Tx<'_>,
    (authoriser, in_force): (&Authoriser, &InForce),
    row: &ExceptionRow,
    person: &Person,
    now: Instant,
) -> Result<Result<(u32, Capacity), EngineFailure>, StoreFailure> {
    let programme = &in_force.programme;
    let card = in_force.judge.policies().find(|card| card.id == row.policy);
    let history = terms(tx, row.identity, (&row.policy, &row.subject))?;
    if tx.person(row.requested_by)?.is_none() {
        let why = String::from("whoever asked for it has left; it has to be asked for anew");
        return Err(StoreFailure::Conflict { why });
    }
    let identity = tx.identity(row.identity)?;
    let mut refused = None;
    for capacity in capacities(tx, person, (DelegatedKind::Exception, now))? {
        let subject = capacity.subject();
        let approves = card.is_some_and(|card| programme.approves(&card.control, &subject.name));
        let about = (ApiResourceKind::Identity, owns(&identity.charter, subject.id));
        let rung =
            programme.exceptions.may_grant(&history, &wish_of(row), capacity.approver(false, approves), now);
        match rung {
            Ok(rung) if capacity.holds(authoriser, DecisionRight::Except, about) => {
                return Ok(Ok((rung, capacity)));
            }
            Ok(_) => {}
            // Their own case is the one they are told of.
            Err(why) => refused = refused.or(Some(not_excepted(&why))),
        }
    }
    let none = || EngineFailure::Denied { why: String::from("you do not hold the right to `except` here") };
    Ok(Err(refused.unwrap_or_else(none)))
}

impl Engine {
    /// Decides an exception that waits.
    pub async fn decide_exception(
        &self,
        actor: Actor,
        row: &ExceptionRow,
        decision: ExceptionDecision,
    ) -> Result<ExceptionShown, EngineFailure> {
        let now = self.clock.now();
        let reason = decision.reason.trim().to_owned();
        fit(row, &decision, now)?;
        let grants = decision.answer == ExceptionAnswer::Grant;
        if grants && row.state == ExceptionState::Requested {
            self.still_asked_for(row).await?;
        }
        let kind = if grants { "exception.granted" } else { "exception.refused" };
        let by = By::Person(actor, Some(DecisionRight::Except));
        let draft = about(row, kind, by).text("until", row.ends).text("digest", &decision.digest);
        let draft = draft.body(serde_json::json!({ "subject": row.subject, "reason": reason }));
        let entries = self.entry_maker()?;
        // Of the one that this one renews, where one stands: which that is, the transaction knows.
        let over = self.entry(about(row, "exception.ended", By::Tenure).text("why", "renewed"))?;
        let (authoriser, in_force, id) = (Arc::clone(&self.authoriser), self.in_force(), row.id);
        let decide = move |tx: &mut Tx<'_>| {
            let person = tx.person(actor.person)?;
            still_there(person.as_ref().map(|person| person.role), actor)?;
            let row = tx.exception(id)?;
            let granted = match (grants, person) {
                (true, Some(person)) => match may_grant(tx, (&authoriser, &in_force), &row, &person, now)? {
                    Ok(granted) => Some(granted),
                    Err(why) => return Ok(Err(why)),
                },
                (true, None) | (false, _) => None,
            };
            let capacity = granted.as_ref().map(|(_, capacity)| capacity);
            let decided = ExceptionDecided {
                by: actor.person,
                reason: reason.clone(),
                rung: granted.as_ref().map(|(rung, _)| i64::from(*rung)),
                delegation: capacity.and_then(Capacity::delegation),
            };
            if let Some(former) = tx.decide_exception(id, &decided, now)? {
                let mut over = over.clone();
                over.entry.subject = former.to_string();
                over.about.push(former.to_string());
                tx.entry(over)?;
            }
            let from = capacity.and_then(|one| Some(one.in_place_of.as_ref()?.1.id));
            entries.clone().write(tx, with_in_place_of(draft.clone(), from))?;
            let row = tx.exception(id)?;
            shown(tx, row)
        };
        let written = self.store.write("decide_exception", decide).await?;
        self.judging_woken.notify_one();
        written
    }

    /// Why an exception that waits is this person's to grant now, in words; nothing where it is not. Whether its condition fails
    /// still is asked apart: [`Engine::still_asked_for`].
    pub(in crate::verbs) fn exception_theirs(
        tx: &mut Tx<'_>,
        (authoriser, in_force): (&Authoriser, &InForce),
        row: &ExceptionRow,
        person: &Person,
        now: Instant,
    ) -> Result<Option<String>, StoreFailure> {
        let identity = tx.identity(row.identity)?;
        let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
        let about = ApiResource::new(ApiResourceKind::Identity, owns(&identity.charter, person.id));
        if row.state != ExceptionState::Requested
            || row.decide_by <= now
            || authoriser.authorise(&asker, &ApiAction::Approve, &about) != Verdict::Allowed
            || authoriser.holds(&asker, DecisionRight::Except, &about) != Verdict::Allowed
        {
            return Ok(None);
        }
        match may_grant(tx, (authoriser, in_force), row, person, now) {
            Ok(Ok((rung, capacity))) => {
                let why = format!("it is granted by {}", in_force.programme.exceptions.approver(rung));
                Ok(Some(capacity.with_why(why)))
            }
            Ok(Err(_)) | Err(StoreFailure::Conflict { .. }) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Its condition must fail still, and nothing of what it rests on may have got worse since it was asked for.
    pub(in crate::verbs) async fn still_asked_for(&self, row: &ExceptionRow) -> Result<(), EngineFailure> {
        let (identity, wanted) = (row.identity, row.clone());
        let open = self.store.read("open_findings", move |tx| tx.open_findings_of(identity)).await?;
        let is_it = |one: &FindingRow| (&one.policy, &one.subject) == (&wanted.policy, &wanted.subject);
        if !open.iter().any(is_it) {
            let why = String::from("this finding is over already: nothing is to be excepted");
            return Err(StoreFailure::Conflict { why }.into());
        }
        if open.iter().any(|one| is_it(one) && one.dismissed_until.is_some()) {
            let why =
                String::from("this finding is dismissed meanwhile: it does not count; withdraw that first");
            return Err(StoreFailure::Conflict { why }.into());
        }
        self.would_stand((row.identity, said(row))).await
    }

    /// Takes an exception back: a wish is not decided any more, and what stands counts again from now on.
    pub async fn withdraw_exception(
        &self,
        actor: Actor,
        row: &ExceptionRow,
        reason: &str,
    ) -> Result<ExceptionShown, EngineFailure> {
        let now: Instant = self.clock.now();
        let reason = reason::kept(reason)?;
        let why =
            if reason.is_empty() { String::from("taken back") } else { format!("taken back: {reason}") };
        let draft = about(row, "exception.withdrawn", By::Person(actor, None));
        let entry =
            self.entry(draft.body(serde_json::json!({ "subject": row.subject, "reason": reason })))?;
        let id = row.id;
        let end = move |tx: &mut Tx<'_>| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            if !tx.end_exception(id, &why, now)? {
                let why = String::from("this exception is over already");
                return Err(StoreFailure::Conflict { why });
            }
            tx.entry(entry.clone())?;
            let row = tx.exception(id)?;
            shown(tx, row)
        };
        let written = self.store.write("withdraw_exception", end).await?;
        self.judging_woken.notify_one();
        written
    }
}
