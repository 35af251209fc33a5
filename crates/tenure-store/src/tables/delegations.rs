//! Delegations: who lets whom decide in their place, of which kinds, from when until when, and how each ended.
//!
//! Nothing is ever taken out: a decision that was made by one names it. This file must never decide anything: it refuses what
//! the life of a delegation does not know. Next: the verbs, in `tenure-engine/src/verbs/delegations`.

use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{
    DelegatedKind, DelegatedTime, DelegationEvent, DelegationId, DelegationState, ExceptionId, Instant,
    PersonId, RequestId, lifecycle::advance, printable,
};

/// A delegation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelegationRow {
    /// Its id.
    pub id: DelegationId,
    /// In whose place.
    pub from: PersonId,
    /// Who decides.
    pub to: PersonId,
    /// What.
    pub kinds: Vec<DelegatedKind>,
    /// Why, in the words of whoever offered it.
    pub reason: String,
    /// How far it is.
    pub state: DelegationState,
    /// When it was offered.
    pub offered: Instant,
    /// From when on it counts, once it is accepted.
    pub begins: Instant,
    /// When it ends by itself.
    pub ends: Instant,
    /// When it was accepted.
    pub accepted: Option<Instant>,
    /// When it was over.
    pub ended: Option<Instant>,
    /// Why.
    pub ended_why: Option<String>,
}

impl DelegationRow {
    /// From when until when it is meant to count.
    pub const fn time(&self) -> DelegatedTime {
        DelegatedTime { to: self.to, from: self.begins, until: self.ends }
    }

    /// From when until when it counted, or will: to its end before its time, where there was one; nothing where it was over
    /// before it was accepted.
    pub fn counted(&self) -> Option<DelegatedTime> {
        let until = self.ended.map_or(self.ends, |ended| ended.min(self.ends));
        let is_wish = self.state == DelegationState::Offered;
        let from = self.accepted.map_or(self.begins, |accepted| accepted.max(self.begins));
        ((is_wish || self.accepted.is_some()) && from < until).then_some(DelegatedTime {
            to: self.to,
            from,
            until,
        })
    }

    /// Whether decisions of this kind may be made by it now.
    pub fn counts(&self, kind: DelegatedKind, now: Instant) -> bool {
        self.state == DelegationState::Accepted
            && self.kinds.contains(&kind)
            && self.begins <= now
            && now < self.ends
    }
}

/// A delegation that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelegation {
    /// In whose place.
    pub from: PersonId,
    /// Who would decide.
    pub to: PersonId,
    /// What.
    pub kinds: Vec<DelegatedKind>,
    /// Why.
    pub reason: String,
    /// From when on.
    pub begins: Instant,
    /// Until when.
    pub ends: Instant,
}

/// Which delegations are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelegationsMeant {
    /// Those that wait or count, the one that ends first first.
    Current,
    /// Those that are over, the last first.
    Over,
}

macro_rules! select_delegations {
    ($rest:literal) => {
        concat!(
            "SELECT delegation_id, from_person, to_person, kinds, reason, state, offered_us, begins_us, ends_us, accepted_us, \
             ended_us, ended_why FROM delegations ",
            $rest
        )
    };
}

fn delegation(row: &Row<'_>) -> Result<DelegationRow, StoreFailure> {
    let shape = |why: String| StoreFailure::Shape { table: "delegations", why };
    let kinds = row.text(3)?;
    let kinds = kinds.split(' ').map(|word| word.parse().map_err(|_| shape(format!("no kind: {word}"))));
    Ok(DelegationRow {
        id: row.parsed(0)?,
        from: row.parsed(1)?,
        to: row.parsed(2)?,
        kinds: kinds.collect::<Result<Vec<_>, _>>()?,
        reason: row.text(4)?,
        state: row.parsed(5)?,
        offered: row.instant(6)?,
        begins: row.instant(7)?,
        ends: row.instant(8)?,
        accepted: row.opt_instant(9)?,
        ended: row.opt_instant(10)?,
        ended_why: row.opt_text(11)?,
    })
}

impl Tx<'_> {
    /// Delegations of those meant, one page after `skip` rows.
    pub fn delegations(
        &mut self,
        meant: DelegationsMeant,
        skip: i64,
        page_size: i64,
    ) -> Result<Vec<DelegationRow>, StoreFailure> {
        let page = match meant {
            DelegationsMeant::Current => select_delegations!(
                "WHERE state IN ('offered', 'accepted') ORDER BY ends_us, delegation_id LIMIT $2 OFFSET $1"
            ),
            DelegationsMeant::Over => select_delegations!(
                "WHERE ended_us IS NOT NULL ORDER BY ended_us DESC, delegation_id DESC LIMIT $2 OFFSET $1"
            ),
        };
        self.query("delegations", page, &[skip.into(), page_size.into()], delegation)
    }

    /// Those to this person that wait or count, in the order of their beginning.
    pub fn delegations_to(&mut self, person: PersonId) -> Result<Vec<DelegationRow>, StoreFailure> {
        self.query(
            "delegations",
            select_delegations!(
                "WHERE to_person = $1 AND state IN ('offered', 'accepted') ORDER BY begins_us, delegation_id"
            ),
            &[named(person)],
            delegation,
        )
    }

    /// Everything that this person ever offered and that ends after an instant, in the order of its end.
    pub fn delegations_from(
        &mut self,
        person: PersonId,
        after: Instant,
    ) -> Result<Vec<DelegationRow>, StoreFailure> {
        self.query(
            "delegations",
            select_delegations!("WHERE from_person = $1 AND ends_us > $2 ORDER BY ends_us, delegation_id"),
            &[named(person), after.into()],
            delegation,
        )
    }

    /// One by its id.
    pub fn delegation(&mut self, id: DelegationId) -> Result<DelegationRow, StoreFailure> {
        let select = select_delegations!("WHERE delegation_id = $1");
        let found = self.query_one("delegations", select, &[named(id)], delegation)?;
        found.ok_or_else(|| StoreFailure::Missing { noun: "delegation", given: id.to_string() })
    }

    /// One by its id or handle. A handle that two bear is a conflict.
    pub fn delegation_named(&mut self, given: &str) -> Result<DelegationRow, StoreFailure> {
        let wanted = given.to_lowercase();
        let ids: Vec<DelegationId> =
            self.query("delegations", "SELECT delegation_id FROM delegations", &[], |row| row.parsed(0))?;
        let mut meant = ids.into_iter().filter(|id| id.handle() == wanted || id.to_string() == wanted);
        let missing = || StoreFailure::Missing { noun: "delegation", given: printable(given, 60) };
        let id = meant.next().ok_or_else(missing)?;
        if meant.next().is_some() {
            let why = format!("several delegations are called `{}`; give the whole id", printable(given, 60));
            return Err(StoreFailure::Conflict { why });
        }
        self.delegation(id)
    }

    /// Writes down that somebody offers one. It counts for nothing until it is accepted.
    pub fn offer_delegation(
        &mut self,
        mint: &Mint,
        new: &NewDelegation,
    ) -> Result<DelegationId, StoreFailure> {
        let (at, randomness) = mint.parts();
        let id = DelegationId::new(at, randomness);
        let kinds: Vec<&str> = new.kinds.iter().map(|kind| kind.as_str()).collect();
        self.execute(
            "INSERT INTO delegations (delegation_id, from_person, to_person, kinds, reason, state, offered_us, begins_us, ends_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                named(id),
                named(new.from),
                named(new.to),
                kinds.join(" ").into(),
                new.reason.as_str().into(),
                named(DelegationState::Offered),
                at.into(),
                new.begins.into(),
                new.ends.into(),
            ],
        )?;
        Ok(id)
    }

    /// Whom it was offered to says yes. One that does not wait is a conflict.
    pub fn accept_delegation(&mut self, id: DelegationId, now: Instant) -> Result<(), StoreFailure> {
        let state = self.moved_delegation(id, DelegationEvent::Accept)?;
        self.execute(
            "UPDATE delegations SET state = $2, accepted_us = $3 WHERE delegation_id = $1",
            &[named(id), named(state), now.into()],
        )?;
        Ok(())
    }

    /// Writes down how one ended. One that is over is a conflict.
    pub fn end_delegation(
        &mut self,
        id: DelegationId,
        event: DelegationEvent,
        why: &str,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let state = self.moved_delegation(id, event)?;
        self.execute(
            "UPDATE delegations SET state = $2, ended_us = $3, ended_why = $4 WHERE delegation_id = $1",
            &[named(id), named(state), now.into(), why.into()],
        )?;
        Ok(())
    }

    fn moved_delegation(
        &mut self,
        id: DelegationId,
        event: DelegationEvent,
    ) -> Result<DelegationState, StoreFailure> {
        let row = self.delegation(id)?;
        advance(row.state, event).map_err(|_| {
            let why = format!("delegation `{}` is {}: there is nothing to {event}", id.handle(), row.state);
            StoreFailure::Conflict { why }
        })
    }
}

/// Something that was decided by a delegation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DelegatedDecision {
    /// What kind of thing.
    pub kind: DelegatedKind,
    /// Its short form.
    pub handle: String,
    /// When.
    pub decided: Instant,
}

impl Tx<'_> {
    /// What was decided by a delegation, the last first.
    pub fn decided_by_delegation(
        &mut self,
        id: DelegationId,
        most: i64,
    ) -> Result<Vec<DelegatedDecision>, StoreFailure> {
        let given = [named(id), most.into()];
        let plans = "SELECT p.handle, a.decided_us FROM approvals a JOIN plans p ON p.plan_id = a.plan_id \
                     WHERE a.delegation_id = $1 ORDER BY a.decided_us DESC LIMIT $2";
        let items = "SELECT handle, decided_us FROM review_items WHERE delegation_id = $1 ORDER BY decided_us DESC LIMIT $2";
        let requests = "SELECT request_id, decided_us FROM request_decisions WHERE delegation_id = $1 \
                        ORDER BY decided_us DESC LIMIT $2";
        let exceptions = "SELECT exception_id, decided_us FROM exceptions WHERE delegation_id = $1 \
                          ORDER BY decided_us DESC LIMIT $2";
        let of = |kind| {
            move |row: &Row<'_>| {
                Ok(DelegatedDecision { kind, handle: row.text(0)?, decided: row.instant(1)? })
            }
        };
        let mut all = self.query("approvals", plans, &given, of(DelegatedKind::Plan))?;
        all.extend(self.query("review_items", items, &given, of(DelegatedKind::Review))?);
        all.extend(self.query("request_decisions", requests, &given, |row| {
            let id: RequestId = row.parsed(0)?;
            Ok(DelegatedDecision {
                kind: DelegatedKind::Request,
                handle: id.handle(),
                decided: row.instant(1)?,
            })
        })?);
        all.extend(self.query("exceptions", exceptions, &given, |row| {
            let id: ExceptionId = row.parsed(0)?;
            Ok(DelegatedDecision {
                kind: DelegatedKind::Exception,
                handle: id.handle(),
                decided: row.instant(1)?,
            })
        })?);
        all.sort_by_key(|one| std::cmp::Reverse(one.decided));
        all.truncate(usize::try_from(most).unwrap_or_default());
        Ok(all)
    }
}
