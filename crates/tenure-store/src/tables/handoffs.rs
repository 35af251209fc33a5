//! Handoffs: who offered whom to answer for what, what was named with it, and how it ended.
//!
//! Nothing is ever taken out. One waits for a share of a charter at a time, and each ends once. This file must never decide
//! anything: it refuses what the life of a handoff does not know. Next: the verbs, in `tenure-engine/src/verbs/handoffs`.

use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{
    HandoffEvent, HandoffId, HandoffStage, HandoffState, IdentityId, Instant, OwnerRole, PersonId, RequestId,
    lifecycle::advance, printable,
};

/// A handoff as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandoffRow {
    /// Its id.
    pub id: HandoffId,
    /// Of what.
    pub identity: IdentityId,
    /// Its name.
    pub identity_name: String,
    /// Which share of its charter.
    pub role: OwnerRole,
    /// How far it is.
    pub state: HandoffState,
    /// Whose share it was when it was offered; nothing where it was nobody's.
    pub from: Option<PersonId>,
    /// Whom it was offered to.
    pub to: PersonId,
    /// Who offered it.
    pub offered_by: PersonId,
    /// Where the work stands, in the word of whoever offered it.
    pub stage: HandoffStage,
    /// What to do about it and where that is written: an address, or a text.
    pub runbook: String,
    /// Why, in the words of whoever offered it.
    pub reason: String,
    /// When it was offered.
    pub offered: Instant,
    /// By when it is accepted, or over.
    pub accept_by: Instant,
    /// What was named with it, as JSON.
    #[serde(skip)]
    pub contents: String,
    /// When it was over.
    pub ended: Option<Instant>,
    /// Why, unless it was accepted.
    pub ended_why: Option<String>,
    /// The request by which others decided that it is offered; nothing where whoever had it offered it.
    pub request: Option<RequestId>,
}

/// A handoff that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHandoff {
    /// Of what.
    pub identity: IdentityId,
    /// Which share.
    pub role: OwnerRole,
    /// Whose share it is.
    pub from: Option<PersonId>,
    /// Whom it is offered to.
    pub to: PersonId,
    /// Who offers it.
    pub offered_by: PersonId,
    /// Where the work stands.
    pub stage: HandoffStage,
    /// What to do about it.
    pub runbook: String,
    /// Why.
    pub reason: String,
    /// By when it is accepted.
    pub accept_by: Instant,
    /// What is named with it, as JSON.
    pub contents: String,
    /// The request by which others decided that it is offered.
    pub request: Option<RequestId>,
}

/// Which handoffs are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoffsMeant {
    /// Those that wait, the one that ends first first.
    Offered,
    /// Those that are over, the last first.
    Over,
}

macro_rules! select_handoffs {
    ($rest:literal) => {
        concat!(
            "SELECT h.handoff_id, h.identity_id, i.name, h.role, h.state, h.from_person, h.to_person, h.offered_by, h.stage, \
             h.runbook, h.reason, h.offered_us, h.accept_by_us, h.contents, h.ended_us, h.ended_why, h.request_id FROM handoffs h \
             JOIN identities i ON i.identity_id = h.identity_id ",
            $rest
        )
    };
}

impl HandoffsMeant {
    const fn page(self) -> &'static str {
        match self {
            Self::Offered => select_handoffs!(
                "WHERE h.state = 'offered' ORDER BY h.accept_by_us, h.handoff_id LIMIT $2 OFFSET $1"
            ),
            Self::Over => select_handoffs!(
                "WHERE h.ended_us IS NOT NULL ORDER BY h.ended_us DESC, h.handoff_id DESC LIMIT $2 OFFSET $1"
            ),
        }
    }
}

fn handoff(row: &Row<'_>) -> Result<HandoffRow, StoreFailure> {
    Ok(HandoffRow {
        id: row.parsed(0)?,
        identity: row.parsed(1)?,
        identity_name: row.text(2)?,
        role: row.parsed(3)?,
        state: row.parsed(4)?,
        from: row.opt_parsed(5)?,
        to: row.parsed(6)?,
        offered_by: row.parsed(7)?,
        stage: row.parsed(8)?,
        runbook: row.text(9)?,
        reason: row.text(10)?,
        offered: row.instant(11)?,
        accept_by: row.instant(12)?,
        contents: row.text(13)?,
        ended: row.opt_instant(14)?,
        ended_why: row.opt_text(15)?,
        request: row.opt_parsed(16)?,
    })
}

impl Tx<'_> {
    /// Handoffs of those meant, one page after `skip` rows.
    pub fn handoffs(
        &mut self,
        meant: HandoffsMeant,
        skip: i64,
        page_size: i64,
    ) -> Result<Vec<HandoffRow>, StoreFailure> {
        self.query("handoffs", meant.page(), &[skip.into(), page_size.into()], handoff)
    }

    /// Those that wait for this person, the one that ends first first.
    pub fn handoffs_offered_to(
        &mut self,
        person: PersonId,
        most: i64,
    ) -> Result<Vec<HandoffRow>, StoreFailure> {
        self.query(
            "handoffs",
            select_handoffs!(
                "WHERE h.to_person = $1 AND h.state = 'offered' ORDER BY h.accept_by_us, h.handoff_id LIMIT $2"
            ),
            &[named(person), most.into()],
            handoff,
        )
    }

    /// What this person offered and nobody took since then, the last first.
    pub fn handoffs_answered(
        &mut self,
        offered_by: PersonId,
        since: Instant,
        most: i64,
    ) -> Result<Vec<HandoffRow>, StoreFailure> {
        self.query(
            "handoffs",
            select_handoffs!(
                "WHERE h.offered_by = $1 AND h.ended_us IS NOT NULL AND h.ended_us >= $2 AND h.state IN ('declined', 'lapsed') \
                 ORDER BY h.ended_us DESC, h.handoff_id DESC LIMIT $3"
            ),
            &[named(offered_by), since.into(), most.into()],
            handoff,
        )
    }

    /// Those of an identity that wait, by role.
    pub fn handoffs_of(&mut self, identity: IdentityId) -> Result<Vec<HandoffRow>, StoreFailure> {
        self.query(
            "handoffs",
            select_handoffs!("WHERE h.identity_id = $1 AND h.state = 'offered' ORDER BY h.role"),
            &[named(identity)],
            handoff,
        )
    }

    /// The one that a request led to; nothing while it did not.
    pub fn handoff_by_request(&mut self, request: RequestId) -> Result<Option<HandoffRow>, StoreFailure> {
        self.query_one(
            "handoffs",
            select_handoffs!("WHERE h.request_id = $1 ORDER BY h.handoff_id LIMIT 1"),
            &[named(request)],
            handoff,
        )
    }

    /// One by its id.
    pub fn handoff(&mut self, id: HandoffId) -> Result<HandoffRow, StoreFailure> {
        let found =
            self.query_one("handoffs", select_handoffs!("WHERE h.handoff_id = $1"), &[named(id)], handoff)?;
        found.ok_or_else(|| StoreFailure::Missing { noun: "handoff", given: id.to_string() })
    }

    /// One by its id or handle. A handle that two bear is a conflict.
    pub fn handoff_named(&mut self, given: &str) -> Result<HandoffRow, StoreFailure> {
        let wanted = given.to_lowercase();
        let ids: Vec<HandoffId> =
            self.query("handoffs", "SELECT handoff_id FROM handoffs", &[], |row| row.parsed(0))?;
        let mut meant = ids.into_iter().filter(|id| id.handle() == wanted || id.to_string() == wanted);
        let missing = || StoreFailure::Missing { noun: "handoff", given: printable(given, 60) };
        let id = meant.next().ok_or_else(missing)?;
        if meant.next().is_some() {
            let why = format!("several handoffs are called `{}`; give the whole id", printable(given, 60));
            return Err(StoreFailure::Conflict { why });
        }
        self.handoff(id)
    }

    /// Writes down that somebody offers. Another one of the same share that waits is a conflict that names it.
    pub fn offer_handoff(&mut self, mint: &Mint, new: &NewHandoff) -> Result<HandoffId, StoreFailure> {
        let waits = self.handoffs_of(new.identity)?.into_iter().find(|one| one.role == new.role);
        if let Some(other) = waits {
            let name = printable(&other.identity_name, 120);
            let why = format!("{name} is offered already: handoff `{}` waits", other.id.handle());
            return Err(StoreFailure::Conflict { why });
        }
        let (at, randomness) = mint.parts();
        let id = HandoffId::new(at, randomness);
        self.execute(
            "INSERT INTO handoffs (handoff_id, identity_id, role, state, from_person, to_person, offered_by, stage, runbook, \
             reason, offered_us, accept_by_us, contents, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &[
                named(id),
                named(new.identity),
                named(new.role),
                named(HandoffState::Offered),
                new.from.map(|person| person.to_string()).into(),
                named(new.to),
                named(new.offered_by),
                named(new.stage),
                new.runbook.as_str().into(),
                new.reason.as_str().into(),
                at.into(),
                new.accept_by.into(),
                new.contents.as_str().into(),
                new.request.map(|id| id.to_string()).into(),
            ],
        )?;
        Ok(id)
    }

    /// Whom it was offered to answers for it, with what was named when they accepted. One that does not wait is a conflict.
    pub fn accept_handoff(
        &mut self,
        id: HandoffId,
        contents: &str,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let state = self.moved_handoff(id, HandoffEvent::Accept)?;
        self.execute(
            "UPDATE handoffs SET state = $2, ended_us = $3, contents = $4 WHERE handoff_id = $1",
            &[named(id), named(state), now.into(), contents.into()],
        )?;
        Ok(())
    }

    /// Writes down how one ended without being accepted. One that does not wait any more is a conflict.
    pub fn end_handoff(
        &mut self,
        id: HandoffId,
        event: HandoffEvent,
        why: &str,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let state = self.moved_handoff(id, event)?;
        self.execute(
            "UPDATE handoffs SET state = $2, ended_us = $3, ended_why = $4 WHERE handoff_id = $1",
            &[named(id), named(state), now.into(), why.into()],
        )?;
        Ok(())
    }

    fn moved_handoff(&mut self, id: HandoffId, event: HandoffEvent) -> Result<HandoffState, StoreFailure> {
        let row = self.handoff(id)?;
        advance(row.state, event).map_err(|_| {
            let why = format!("handoff `{}` does not wait any more; it is {}", id.handle(), row.state);
            StoreFailure::Conflict { why }
        })
    }
}
