//! Requests: what was asked for, what was decided of it, and what it was used for.
//!
//! Nothing is ever taken out. One request waits or may be used for a principal at a time, and each is used once. This
//! file must never decide anything: it refuses what the life of a request does not know. Next: the verbs, in
//! `tenure-engine/src/verbs/requests`.

use super::Mint;
use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::Serialize;
use tenure_model::{
    AskedRight, DelegationId, IdentityId, Instant, PersonId, PrincipalId, RequestEvent, RequestId,
    RequestKind, RequestState, SourceId, Wanted, lifecycle::advance, printable,
};

/// A request as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// What is asked for.
    pub kind: RequestKind,
    /// How far it is.
    pub state: RequestState,
    /// The name of the source it is about.
    pub source_name: String,
    /// What is asked for, under the name of its kind: `creation` or `privilege`.
    #[serde(flatten)]
    pub wanted: Wanted,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Who decides, in order.
    pub steps: Vec<String>,
    /// Who asked.
    pub asked_by: PersonId,
    /// When.
    pub asked: Instant,
    /// By when it is decided, or over.
    pub decide_by: Instant,
    /// By when it is used, or over.
    pub use_by: Instant,
    /// When its last step was decided.
    pub approved: Option<Instant>,
    /// When a complete survey ended that began after that and did not see it: what is first seen later was made later.
    pub absent: Option<Instant>,
    /// What it was used for.
    pub principal: Option<PrincipalId>,
    /// That principal's identity.
    pub identity: Option<IdentityId>,
    /// When it was over.
    pub ended: Option<Instant>,
    /// Why, unless it was fulfilled.
    pub ended_why: Option<String>,
}

/// A request that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRequest {
    /// What is asked for.
    pub wanted: Wanted,
    /// Why.
    pub reason: String,
    /// Who decides, in order.
    pub steps: Vec<String>,
    /// Who asks.
    pub asked_by: PersonId,
    /// By when it is decided.
    pub decide_by: Instant,
    /// By when it is used.
    pub use_by: Instant,
}

/// A decision of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestDecisionRow {
    /// Whose.
    pub person: PersonId,
    /// Which step, from 0.
    pub step: u32,
    /// The digest of what was looked at.
    pub digest: String,
    /// They said no.
    pub refused: bool,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub decided: Instant,
    /// The delegation by which it was made in somebody's place; nothing where it was their own.
    pub delegation: Option<DelegationId>,
}

/// Which requests are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestsMeant {
    /// Those that wait for decisions, the oldest first.
    Asked,
    /// Those that may be used, the one that ends first first.
    Approved,
    /// Those that are over, the last first.
    Over,
}

macro_rules! columns {
    () => {
        "SELECT r.request_id, r.kind, r.state, s.name, r.body, r.reason, r.steps, r.asked_by, r.asked_us, r.decide_by_us, \
         r.use_by_us, r.approved_us, r.absent_us, r.principal_id, r.identity_id, r.ended_us, r.ended_why FROM requests r \
         JOIN sources s ON s.source_id = r.source_id "
    };
}

impl RequestsMeant {
    const fn page(self) -> &'static str {
        match self {
            Self::Asked => concat!(
                columns!(),
                "WHERE r.state = 'asked' ORDER BY r.asked_us, r.request_id LIMIT $2 OFFSET $1"
            ),
            Self::Approved => concat!(
                columns!(),
                "WHERE r.state = 'approved' ORDER BY r.use_by_us, r.request_id LIMIT $2 OFFSET $1"
            ),
            Self::Over => concat!(
                columns!(),
                "WHERE r.ended_us IS NOT NULL ORDER BY r.ended_us DESC, r.request_id DESC LIMIT $2 OFFSET $1"
            ),
        }
    }
}

fn request(row: &Row<'_>) -> Result<RequestRow, StoreFailure> {
    Ok(RequestRow {
        id: row.parsed(0)?,
        kind: row.parsed(1)?,
        state: row.parsed(2)?,
        source_name: row.text(3)?,
        wanted: row.json(4)?,
        reason: row.text(5)?,
        steps: row.json(6)?,
        asked_by: row.parsed(7)?,
        asked: row.instant(8)?,
        decide_by: row.instant(9)?,
        use_by: row.instant(10)?,
        approved: row.opt_instant(11)?,
        absent: row.opt_instant(12)?,
        principal: row.opt_parsed(13)?,
        identity: row.opt_parsed(14)?,
        ended: row.opt_instant(15)?,
        ended_why: row.opt_text(16)?,
    })
}

impl Tx<'_> {
    /// Requests of those meant, one page after `skip` rows.
    pub fn requests(
        &mut self,
        meant: RequestsMeant,
        skip: i64,
        page_size: i64,
    ) -> Result<Vec<RequestRow>, StoreFailure> {
        self.query("requests", meant.page(), &[skip.into(), page_size.into()], request)
    }

    /// How many wait for decisions.
    pub fn count_requests_asked(&mut self) -> Result<i64, StoreFailure> {
        let sql = "SELECT COUNT(*) FROM requests WHERE state = 'asked'";
        Ok(self.query_one("requests", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// What somebody asked for and did not get since then, the last first.
    pub fn requests_answered(
        &mut self,
        asked_by: PersonId,
        since: Instant,
        most: i64,
    ) -> Result<Vec<RequestRow>, StoreFailure> {
        self.query(
            "requests",
            concat!(
                columns!(),
                "WHERE r.asked_by = $1 AND r.ended_us IS NOT NULL AND r.ended_us >= $2 AND r.state IN ('refused', 'lapsed') \
                 ORDER BY r.ended_us DESC, r.request_id DESC LIMIT $3"
            ),
            &[named(asked_by), since.into(), most.into()],
            request,
        )
    }

    /// One by its id or handle. A handle that two bear is a conflict.
    pub fn request_named(&mut self, given: &str) -> Result<RequestRow, StoreFailure> {
        let wanted = given.to_lowercase();
        let ids: Vec<RequestId> =
            self.query("requests", "SELECT request_id FROM requests", &[], |row| row.parsed(0))?;
        let mut meant = ids.into_iter().filter(|id| id.handle() == wanted || id.to_string() == wanted);
        let missing = || StoreFailure::Missing { noun: "request", given: printable(given, 60) };
        let id = meant.next().ok_or_else(missing)?;
        if meant.next().is_some() {
            let why = format!("several requests are called `{}`; give the whole id", printable(given, 60));
            return Err(StoreFailure::Conflict { why });
        }
        self.request(id)
    }

    /// One by its id.
    pub fn request(&mut self, id: RequestId) -> Result<RequestRow, StoreFailure> {
        let found = self.query_one(
            "requests",
            concat!(columns!(), "WHERE r.request_id = $1"),
            &[named(id)],
            request,
        )?;
        found.ok_or_else(|| StoreFailure::Missing { noun: "request", given: id.to_string() })
    }

    /// The request that an identity was made by; nothing where there was none.
    pub fn request_of(&mut self, identity: IdentityId) -> Result<Option<RequestRow>, StoreFailure> {
        self.query_one(
            "requests",
            concat!(
                columns!(),
                "WHERE r.identity_id = $1 AND r.kind = 'create' ORDER BY r.request_id LIMIT 1"
            ),
            &[named(identity)],
            request,
        )
    }

    /// Requests about what is an identity's now that are not over: of its names at its sources.
    pub fn requests_about(&mut self, identity: IdentityId) -> Result<Vec<RequestRow>, StoreFailure> {
        self.query(
            "requests",
            concat!(
                columns!(),
                "JOIN principals p ON p.source_id = r.source_id AND p.name = r.principal_name \
                 WHERE p.identity_id = $1 AND r.state IN ('asked', 'approved') ORDER BY r.request_id"
            ),
            &[named(identity)],
            request,
        )
    }

    /// Requests that may be used at a source, their end having come or not.
    pub fn requests_approved(&mut self, source: SourceId) -> Result<Vec<RequestRow>, StoreFailure> {
        self.query(
            "requests",
            concat!(columns!(), "WHERE r.source_id = $1 AND r.state = 'approved' ORDER BY r.request_id"),
            &[named(source)],
            request,
        )
    }

    /// Sources of approved requests that were not read since, by name.
    pub fn sources_to_look_at(&mut self) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "requests",
            "SELECT DISTINCT s.name FROM requests r JOIN sources s ON s.source_id = r.source_id \
             WHERE r.state = 'approved' AND r.absent_us IS NULL AND s.removed_us IS NULL AND NOT EXISTS \
             (SELECT 1 FROM surveys v WHERE v.source_id = r.source_id AND v.started_us > r.approved_us) ORDER BY s.name",
            &[],
            |row| row.text(0),
        )
    }

    /// Requests whose end came: nobody decided, or nobody used it, in time.
    pub fn requests_past(&mut self, now: Instant) -> Result<Vec<RequestRow>, StoreFailure> {
        self.query(
            "requests",
            concat!(
                columns!(),
                "WHERE (r.state = 'asked' AND r.decide_by_us <= $1) OR (r.state = 'approved' AND r.use_by_us <= $1) \
                 ORDER BY r.request_id"
            ),
            &[now.into()],
            request,
        )
    }

    /// Writes down that somebody asks. Another one that is not over is a conflict: to make the same principal, or for a right
    /// that this one asks for, too.
    pub fn add_request(&mut self, mint: &Mint, new: &NewRequest) -> Result<RequestId, StoreFailure> {
        let (source, name) = (new.wanted.source(), new.wanted.principal());
        let others: Vec<(RequestId, Wanted)> = self.query(
            "requests",
            "SELECT request_id, body FROM requests WHERE source_id = $1 AND principal_name = $2 AND state IN ('asked', 'approved')",
            &[named(source), name.into()],
            |row| Ok((row.parsed(0)?, row.json(1)?)),
        )?;
        if let Some((other, _)) = others.into_iter().find(|(_, other)| are_one_matter(other, &new.wanted)) {
            let about = match new.wanted {
                Wanted::Creation(_) => "this principal",
                Wanted::Privilege(_) => "one of these rights",
                Wanted::Ownership(_) => "this share of it",
            };
            let why = format!("request `{}` is about {about} already, and is not over", other.handle());
            return Err(StoreFailure::Conflict { why });
        }
        let (at, randomness) = mint.parts();
        let id = RequestId::new(at, randomness);
        self.execute(
            "INSERT INTO requests (request_id, kind, state, source_id, principal_name, body, reason, steps, asked_by, asked_us, \
             decide_by_us, use_by_us, late_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                named(id),
                named(new.wanted.kind()),
                named(RequestState::Asked),
                named(source),
                name.into(),
                json(&new.wanted)?,
                new.reason.as_str().into(),
                json(&new.steps)?,
                named(new.asked_by),
                at.into(),
                new.decide_by.into(),
                new.use_by.into(),
                new.wanted.late_for().map(|id| id.to_string()).into(),
            ],
        )?;
        Ok(id)
    }

    /// What was decided of a request, in the order of its steps.
    pub fn request_decisions(&mut self, id: RequestId) -> Result<Vec<RequestDecisionRow>, StoreFailure> {
        self.query(
            "request_decisions",
            "SELECT person_id, step, digest, refused, reason, decided_us, delegation_id FROM request_decisions \
             WHERE request_id = $1 ORDER BY step",
            &[named(id)],
            |row| {
                Ok(RequestDecisionRow {
                    person: row.parsed(0)?,
                    step: row.small(1)?,
                    digest: row.text(2)?,
                    refused: row.flag(3)?,
                    reason: row.text(4)?,
                    decided: row.instant(5)?,
                    delegation: row.opt_parsed(6)?,
                })
            },
        )
    }

    /// Writes down a decision of one step of a request that waits, in place of one of that step that counts no more. What
    /// does not wait any more is a conflict.
    pub fn decide_request(
        &mut self,
        id: RequestId,
        decision: &RequestDecisionRow,
    ) -> Result<(), StoreFailure> {
        let row = self.request(id)?;
        moved(&row, if decision.refused { RequestEvent::Refuse } else { RequestEvent::Approve })?;
        self.execute(
            "DELETE FROM request_decisions WHERE request_id = $1 AND (step = $2 OR person_id = $3)",
            &[named(id), decision.step.into(), named(decision.person)],
        )?;
        self.execute(
            "INSERT INTO request_decisions (request_id, person_id, asked_by, step, digest, refused, reason, decided_us, \
             delegation_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                named(id),
                named(decision.person),
                named(row.asked_by),
                decision.step.into(),
                decision.digest.as_str().into(),
                decision.refused.into(),
                decision.reason.as_str().into(),
                decision.decided.into(),
                decision.delegation.map(|id| id.to_string()).into(),
            ],
        )?;
        Ok(())
    }

    /// Every step is decided: what was asked for may be made.
    pub fn approve_request(&mut self, id: RequestId, now: Instant) -> Result<(), StoreFailure> {
        let state = moved(&self.request(id)?, RequestEvent::Approve)?;
        self.execute(
            "UPDATE requests SET state = $2, approved_us = $3 WHERE request_id = $1",
            &[named(id), named(state), now.into()],
        )?;
        Ok(())
    }

    /// A complete survey that began after the approval and ended then did not see it.
    pub fn set_request_absent(&mut self, id: RequestId, ended: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE requests SET absent_us = $2 WHERE request_id = $1 AND absent_us IS NULL AND approved_us < $2",
            &[named(id), ended.into()],
        )?;
        Ok(())
    }

    /// What was asked for was seen. A request that is not approved is a conflict.
    pub fn fulfil_request(
        &mut self,
        id: RequestId,
        (principal, identity): (PrincipalId, IdentityId),
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let state = moved(&self.request(id)?, RequestEvent::Fulfil)?;
        self.execute(
            "UPDATE requests SET state = $2, principal_id = $3, identity_id = $4, ended_us = $5 WHERE request_id = $1",
            &[named(id), named(state), named(principal), named(identity), now.into()],
        )?;
        Ok(())
    }

    /// What was asked for was offered to whom it was asked for. A request that is not approved is a conflict.
    pub fn offered_by_request(
        &mut self,
        id: RequestId,
        identity: IdentityId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let state = moved(&self.request(id)?, RequestEvent::Fulfil)?;
        self.execute(
            "UPDATE requests SET state = $2, identity_id = $3, ended_us = $4 WHERE request_id = $1",
            &[named(id), named(state), named(identity), now.into()],
        )?;
        Ok(())
    }

    /// Writes down that one is over without having been used. Returns false when it was already.
    pub fn end_request(
        &mut self,
        id: RequestId,
        event: RequestEvent,
        why: &str,
        now: Instant,
    ) -> Result<bool, StoreFailure> {
        let row = self.request(id)?;
        let Ok(state) = advance(row.state, event) else { return Ok(false) };
        self.execute(
            "UPDATE requests SET state = $2, ended_us = $3, ended_why = $4 WHERE request_id = $1",
            &[named(id), named(state), now.into(), why.into()],
        )?;
        Ok(true)
    }

    /// Principals that a source has under this name now, with when they were first seen.
    pub fn principals_called(
        &mut self,
        source: SourceId,
        name: &str,
    ) -> Result<Vec<(PrincipalId, IdentityId, Instant)>, StoreFailure> {
        self.query(
            "principals",
            "SELECT principal_id, identity_id, first_seen_us FROM principals WHERE source_id = $1 AND name = $2 \
             AND presence = 'present' ORDER BY principal_id",
            &[named(source), name.into()],
            |row| Ok((row.parsed(0)?, row.parsed(1)?, row.instant(2)?)),
        )
    }
}

/// Whether two requests about one name wait for the same: who decides both would decide one thing twice.
fn are_one_matter(one: &Wanted, other: &Wanted) -> bool {
    match (one, other) {
        (Wanted::Creation(_), Wanted::Creation(_)) => true,
        (Wanted::Privilege(one), Wanted::Privilege(other)) => {
            let named = |right: &AskedRight| (right.right.clone(), right.resource.clone());
            one.rights.iter().any(|right| other.rights.iter().any(|asked| named(asked) == named(right)))
        }
        (Wanted::Ownership(one), Wanted::Ownership(other)) => {
            (one.identity, one.role) == (other.identity, other.role)
        }
        (Wanted::Creation(_), Wanted::Privilege(_) | Wanted::Ownership(_))
        | (Wanted::Privilege(_), Wanted::Creation(_) | Wanted::Ownership(_))
        | (Wanted::Ownership(_), Wanted::Creation(_) | Wanted::Privilege(_)) => false,
    }
}

fn moved(row: &RequestRow, event: RequestEvent) -> Result<RequestState, StoreFailure> {
    advance(row.state, event).map_err(|_| {
        let why =
            format!("request `{}` is {}: nothing is decided about it any more", row.id.handle(), row.state);
        StoreFailure::Conflict { why }
    })
}
