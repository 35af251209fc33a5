//! delegations: somebody lets another decide in their place, for a time that ends.
//!
//! One counts only once whom it was offered to accepted it, and between its two instants. It passes on whose name, ownership
//! and partner somebody stands for, never a role, and nothing is passed on twice. It must never outlive its end.
//! Next: `capacity.rs`, as whom somebody decides; `offer.rs`, `answer.rs` and `follow.rs`, how one begins and ends.

mod answer;
mod capacity;
mod follow;
mod offer;

pub(crate) use capacity::{Capacity, capacities, capacity_then, everybodys};
pub use follow::DelegationsFollowed;
pub use offer::DelegationWish;

use super::programme::InForce;
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::sync::Arc;
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Authoriser, Verdict};
use tenure_model::{DelegationId, DelegationState, Instant, Person, PersonId};
use tenure_store::{
    StoreFailure, Tx,
    tables::delegations::{DelegatedDecision, DelegationRow, DelegationsMeant},
};

/// Decisions that are shown with a delegation, at most.
const DECIDED_MAX: i64 = 100;

/// A delegation with the names of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelegationLine {
    /// The delegation.
    #[serde(flatten)]
    pub row: DelegationRow,
    /// The short form people type.
    pub handle: String,
    /// In whose place, by name; nothing where they have left.
    pub from_name: Option<String>,
    /// Who decides, by name; nothing where they have left.
    pub to_name: Option<String>,
    /// Decisions may be made by it right now.
    pub counts: bool,
}

/// A delegation with what was decided by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelegationShown {
    /// The delegation.
    #[serde(flatten)]
    pub line: DelegationLine,
    /// What was decided by it, the last first; 100 at most.
    pub decided: Vec<DelegatedDecision>,
}

/// What decides about delegations, to be taken into a transaction.
#[derive(Clone)]
pub(crate) struct Delegating {
    authoriser: Arc<Authoriser>,
    in_force: Arc<InForce>,
    now: Instant,
}

impl Delegating {
    /// Whether somebody may give or take one: who decides nothing may not.
    fn may_take_part(&self, person: &Person) -> bool {
        let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
        let about = ApiResource::new(ApiResourceKind::Delegation, true);
        self.authoriser.authorise(&asker, &ApiAction::Delegate, &about) == Verdict::Allowed
    }

    /// Why one that waits or counts is over; nothing while it is not.
    pub(crate) fn over_because(
        &self,
        tx: &mut Tx<'_>,
        row: &DelegationRow,
    ) -> Result<Option<&'static str>, StoreFailure> {
        if row.ends <= self.now {
            return Ok(Some(match row.state {
                DelegationState::Offered => "nobody accepted it in time",
                DelegationState::Accepted
                | DelegationState::Declined
                | DelegationState::Withdrawn
                | DelegationState::Lapsed => "its time was over",
            }));
        }
        let Some(from) = tx.person_since(row.from, row.offered)? else {
            return Ok(Some("whoever offered it has left"));
        };
        let Some(to) = tx.person_since(row.to, row.offered)? else {
            return Ok(Some("whom it was offered to has left"));
        };
        let both = self.may_take_part(&from) && self.may_take_part(&to);
        Ok((!both).then_some("one of the two decides nothing any more"))
    }
}

fn name_of(tx: &mut Tx<'_>, person: PersonId) -> Result<Option<String>, StoreFailure> {
    Ok(tx.person(person)?.map(|person| person.name))
}

fn line(tx: &mut Tx<'_>, row: DelegationRow, now: Instant) -> Result<DelegationLine, StoreFailure> {
    Ok(DelegationLine {
        handle: row.id.handle(),
        from_name: name_of(tx, row.from)?,
        to_name: name_of(tx, row.to)?,
        counts: row.kinds.iter().any(|kind| row.counts(*kind, now)),
        row,
    })
}

fn shown(tx: &mut Tx<'_>, row: DelegationRow, now: Instant) -> Result<DelegationShown, StoreFailure> {
    let decided = tx.decided_by_delegation(row.id, DECIDED_MAX)?;
    Ok(DelegationShown { line: line(tx, row, now)?, decided })
}

/// An entry about one.
fn about(row: &DelegationRow, kind: &'static str, by: By) -> Draft {
    Draft::new(kind, by, row.id)
        .about(row.from)
        .about(row.to)
        .text("from", row.from)
        .text("to", row.to)
        .text("begins", row.begins)
        .text("ends", row.ends)
}

/// In whose place a decision was made, by name; nothing where it was somebody's own, and where they have left.
pub(crate) fn in_place_of_name(
    tx: &mut Tx<'_>,
    delegation: Option<DelegationId>,
) -> Result<Option<String>, StoreFailure> {
    let Some(id) = delegation else { return Ok(None) };
    let from = tx.delegation(id)?.from;
    name_of(tx, from)
}

/// An entry of a decision, with in whose place it was made.
pub(crate) fn with_in_place_of(draft: Draft, from: Option<PersonId>) -> Draft {
    match from {
        Some(from) => draft.about(from).text("in_place_of", from),
        None => draft,
    }
}

fn still_there(tx: &mut Tx<'_>, actor: Actor) -> Result<Person, StoreFailure> {
    let person = tx.person(actor.person)?;
    super::dismiss::still_there(person.as_ref().map(|person| person.role), actor)?;
    person.ok_or_else(|| StoreFailure::Missing { noun: "person", given: actor.person.to_string() })
}

impl Engine {
    /// Delegations of those meant, one page after `skip` rows.
    pub async fn delegations(
        &self,
        meant: DelegationsMeant,
        skip: u32,
        page_size: i64,
    ) -> Result<Vec<DelegationLine>, EngineFailure> {
        let now = self.clock.now();
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.delegations(meant, skip.into(), page_size)?;
            rows.into_iter().map(|row| line(tx, row, now)).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.store.read("delegations", read).await?)
    }

    /// One delegation by its id or handle.
    pub async fn delegation_row(&self, given: &str) -> Result<DelegationRow, EngineFailure> {
        let wanted = given.to_owned();
        Ok(self.store.read("delegation", move |tx| tx.delegation_named(&wanted)).await?)
    }

    /// One delegation with what was decided by it.
    pub async fn delegation_shown(&self, row: &DelegationRow) -> Result<DelegationShown, EngineFailure> {
        let (now, id) = (self.clock.now(), row.id);
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.delegation(id)?;
            shown(tx, row, now)
        };
        Ok(self.store.read("delegation_shown", read).await?)
    }

    pub(crate) fn delegating(&self) -> Delegating {
        Delegating {
            authoriser: Arc::clone(&self.authoriser),
            in_force: self.in_force(),
            now: self.clock.now(),
        }
    }
}
