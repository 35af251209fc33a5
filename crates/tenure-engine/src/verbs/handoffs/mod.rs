//! handoffs: one who answers for an identity offers that to another, and answers for it until that other accepts.
//!
//! What is offered is named by a digest over everything that goes with it; accepting gives it back, so that what changed since
//! is not taken over unseen. An offer moves nothing, and it ends by itself. It must never make anybody an owner who did not
//! accept just that. `offer.rs`, `answer.rs` and `follow.rs` are the ways one begins and ends; next: `contents.rs`.

mod answer;
mod contents;
mod follow;
mod many;
mod offer;

pub(crate) use answer::take_back;
pub use contents::{HandoffContents, HandoffItem};
pub use follow::HandoffsFollowed;
pub use many::{HANDOFFS_MAX, HandoffStays, HandoffsForeseen, HandoffsWish};
pub use offer::HandoffWish;
pub(crate) use offer::checked_runbook;

use super::{
    own::{held, speaks_for},
    programme::InForce,
};
use crate::{Actor, Engine, EngineFailure};
use serde::Serialize;
use std::sync::Arc;
use tenure_judge::{Authoriser, Verdict};
use tenure_model::{
    Charter, DecisionRight, HandoffState, IdentityId, Instant, OwnerRole, Person, PersonId, Standing,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        handoffs::{HandoffRow, HandoffsMeant},
        identities::IdentityRow,
    },
};

/// A handoff with the names of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffLine {
    /// The handoff.
    #[serde(flatten)]
    pub row: HandoffRow,
    /// The short form people type.
    pub handle: String,
    /// Whose share it was when it was offered, by name; nothing where it was nobody's, or they have left.
    pub from_name: Option<String>,
    /// Whom it was offered to, by name; nothing where they have left.
    pub to_name: Option<String>,
    /// Who offered it, by name; nothing where they have left.
    pub offered_by_name: Option<String>,
}

/// A handoff with everything that goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffShown {
    /// The handoff.
    #[serde(flatten)]
    pub line: HandoffLine,
    /// How the identity stands now.
    pub standing: Standing,
    /// What goes with it: now, while it waits; as it was accepted or offered, once it is over.
    pub contents: HandoffContents,
    /// What of that is other than when it was offered, in words; nothing once it is over.
    pub changed: Vec<String>,
    /// Why nobody can accept it any more, although it waits; Tenure ends it soon.
    pub over_because: Option<String>,
    /// Names all of it: whoever accepts gives it back.
    pub digest: String,
}

/// What decides about handoffs, to be taken into a transaction.
#[derive(Clone)]
pub(crate) struct Handing {
    authoriser: Arc<Authoriser>,
    in_force: Arc<InForce>,
    now: Instant,
}

impl Handing {
    /// For whoever decides otherwise that something is offered.
    pub(crate) const fn of(authoriser: Arc<Authoriser>, in_force: Arc<InForce>, now: Instant) -> Self {
        Self { authoriser, in_force, now }
    }

    /// Why nobody can accept it any more; nothing while whom it was offered to can.
    pub(crate) fn over_because(
        &self,
        tx: &mut Tx<'_>,
        row: &HandoffRow,
    ) -> Result<Option<&'static str>, StoreFailure> {
        if row.accept_by <= self.now {
            return Ok(Some("nobody accepted it in time"));
        }
        let Some(to) = tx.person_since(row.to, row.offered)? else {
            return Ok(Some("whom it was offered to has left"));
        };
        if !self.may_answer(&to) {
            return Ok(Some("whom it was offered to may answer for no identity any more"));
        }
        let identity = tx.identity(row.identity)?;
        if is_over(&identity) {
            return Ok(Some("what it is about is not there any more"));
        }
        let owner = identity.charter.owner(row.role);
        // What a leaver handed on goes on: it must go somewhere, and nobody else has it.
        let left = match row.from {
            Some(from) if owner.is_none() => tx.person(from)?.is_none(),
            Some(_) | None => false,
        };
        if owner != row.from && !left {
            return Ok(Some("its charter says somebody else by now, or nobody"));
        }
        let Some(giver) = tx.person(row.offered_by)? else { return Ok(None) };
        let after = identity.charter.owned_by(row.role, row.to);
        let may = self.may_hand_on(tx, &giver, (row.identity, &after))?;
        Ok((may != Verdict::Allowed).then_some("whoever offered it may not hand it on any more"))
    }

    /// Whether somebody can answer for an identity: who only reads cannot.
    fn may_answer(&self, person: &Person) -> bool {
        speaks_for(&self.authoriser, person, (true, false)) == Verdict::Allowed
    }

    /// What the access policies say of this person and this change of owners, as everything is now.
    fn may_hand_on(
        &self,
        tx: &mut Tx<'_>,
        person: &Person,
        (identity, after): (IdentityId, &Charter),
    ) -> Result<Verdict, StoreFailure> {
        let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
        let claimed = held(tx, identity)?.claimed(person.id, after);
        Ok(self.authoriser.holds(&asker, DecisionRight::Own, &claimed))
    }

    /// Refuses to go on where another programme came into force.
    fn same_programme(&self, tx: &mut Tx<'_>) -> Result<(), StoreFailure> {
        if tx.programme_version()? == self.in_force.version {
            return Ok(());
        }
        let why = String::from("another programme came into force meanwhile; look at it again");
        Err(StoreFailure::Conflict { why })
    }
}

/// Whether nobody has to answer for it any more.
const fn is_over(identity: &IdentityRow) -> bool {
    matches!(identity.standing, Standing::Retired | Standing::Gone)
}

fn name_of(tx: &mut Tx<'_>, person: Option<PersonId>) -> Result<Option<String>, StoreFailure> {
    let Some(person) = person else { return Ok(None) };
    Ok(tx.person(person)?.map(|person| person.name))
}

fn line(tx: &mut Tx<'_>, row: HandoffRow) -> Result<HandoffLine, StoreFailure> {
    Ok(HandoffLine {
        handle: row.id.handle(),
        from_name: name_of(tx, row.from)?,
        to_name: name_of(tx, Some(row.to))?,
        offered_by_name: name_of(tx, Some(row.offered_by))?,
        row,
    })
}

fn shown(tx: &mut Tx<'_>, handing: &Handing, row: HandoffRow) -> Result<HandoffShown, StoreFailure> {
    let identity = tx.identity(row.identity)?;
    let then = contents::parsed(&row)?;
    let waits = row.state == HandoffState::Offered;
    let contents = if waits { contents::of(tx, &identity)? } else { then.clone() };
    let because = if waits { handing.over_because(tx, &row)? } else { None };
    Ok(HandoffShown {
        standing: identity.standing,
        changed: contents.changed_since(&then),
        over_because: because.map(str::to_owned),
        digest: contents::digest(&row, &contents)?,
        contents,
        line: line(tx, row)?,
    })
}

/// The handoffs of an identity that wait, for whoever looks at it.
pub(super) fn waiting_of(tx: &mut Tx<'_>, identity: IdentityId) -> Result<Vec<HandoffLine>, StoreFailure> {
    let rows = tx.handoffs_of(identity)?;
    rows.into_iter().map(|row| line(tx, row)).collect()
}

/// Which owner, in words.
pub(crate) const fn in_words(role: OwnerRole) -> &'static str {
    match role {
        OwnerRole::Business => "business owner",
        OwnerRole::Technical => "technical owner",
    }
}

fn still_there(tx: &mut Tx<'_>, actor: Actor) -> Result<Person, StoreFailure> {
    let person = tx.person(actor.person)?;
    super::dismiss::still_there(person.as_ref().map(|person| person.role), actor)?;
    person.ok_or_else(|| StoreFailure::Missing { noun: "person", given: actor.person.to_string() })
}

impl Engine {
    /// Handoffs of those meant, one page after `skip` rows.
    pub async fn handoffs(
        &self,
        meant: HandoffsMeant,
        skip: u32,
        page_size: i64,
    ) -> Result<Vec<HandoffLine>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let rows = tx.handoffs(meant, skip.into(), page_size)?;
            rows.into_iter().map(|row| line(tx, row)).collect::<Result<Vec<_>, _>>()
        };
        Ok(self.store.read("handoffs", read).await?)
    }

    /// One handoff by its id or handle.
    pub async fn handoff_row(&self, given: &str) -> Result<HandoffRow, EngineFailure> {
        let wanted = given.to_owned();
        Ok(self.store.read("handoff", move |tx| tx.handoff_named(&wanted)).await?)
    }

    /// One handoff with everything that goes with it now.
    pub async fn handoff_shown(&self, row: &HandoffRow) -> Result<HandoffShown, EngineFailure> {
        let (handing, id) = (self.handing(), row.id);
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.handoff(id)?;
            shown(tx, &handing, row)
        };
        Ok(self.store.read("handoff_shown", read).await?)
    }

    pub(crate) fn handing(&self) -> Handing {
        Handing { authoriser: Arc::clone(&self.authoriser), in_force: self.in_force(), now: self.clock.now() }
    }
}
