//! Accepting and declining a delegation, and ending one before its time.
//!
//! Whom it was offered to alone accepts; either of the two ends it, and so may an operator: less is decided by it then, never
//! more. It must never accept for somebody. Next: `follow.rs`, what ends by itself.

use super::{DelegationShown, about, shown, still_there};
use crate::{Actor, Engine, EngineFailure, record::By, verbs::reason};
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Verdict};
use tenure_model::{DelegationEvent, PersonId};
use tenure_store::{StoreFailure, Tx, tables::delegations::DelegationRow};

/// Why it is not this person's to answer; nothing where it is.
fn not_theirs(row: &DelegationRow, actor: Actor) -> Option<EngineFailure> {
    let why = "it was offered to somebody else, who alone accepts or declines it";
    (row.to != actor.person).then(|| EngineFailure::Denied { why: why.to_owned() })
}

impl Engine {
    /// Whether this person gave it or it was offered to them.
    pub fn delegation_is_theirs(person: PersonId, row: &DelegationRow) -> bool {
        row.from == person || row.to == person
    }

    /// Accepts one: from then on, and within its time, the actor decides in the place of whoever offered it.
    pub async fn accept_delegation(
        &self,
        actor: Actor,
        row: &DelegationRow,
    ) -> Result<DelegationShown, EngineFailure> {
        if let Some(why) = not_theirs(row, actor) {
            return Err(why);
        }
        let delegating = self.delegating();
        let (id, now) = (row.id, delegating.now);
        let entry = self.entry(about(row, "delegation.accepted", By::Person(actor, None)))?;
        let write = move |tx: &mut Tx<'_>| {
            still_there(tx, actor)?;
            let row = tx.delegation(id)?;
            if let Some(why) = delegating.over_because(tx, &row)? {
                let why = format!("delegation `{}` cannot be accepted: {why}", row.id.handle());
                return Err(StoreFailure::Conflict { why });
            }
            tx.accept_delegation(id, now)?;
            tx.entry(entry.clone())?;
            let row = tx.delegation(id)?;
            shown(tx, row, now)
        };
        Ok(self.store.write("accept_delegation", write).await?)
    }

    /// Declines one.
    pub async fn decline_delegation(
        &self,
        actor: Actor,
        row: &DelegationRow,
        reason: &str,
    ) -> Result<DelegationShown, EngineFailure> {
        if let Some(why) = not_theirs(row, actor) {
            return Err(why);
        }
        self.end_delegation(actor, row, (DelegationEvent::Decline, "delegation.declined", reason)).await
    }

    /// Ends one that waits or counts. What was decided by it and has not begun counts no more.
    pub async fn withdraw_delegation(
        &self,
        actor: Actor,
        row: &DelegationRow,
        reason: &str,
    ) -> Result<DelegationShown, EngineFailure> {
        let asker = tenure_judge::Actor { person: Some(actor.person), role: actor.role, local: actor.local };
        let theirs = Self::delegation_is_theirs(actor.person, row);
        let about = ApiResource::new(ApiResourceKind::Delegation, theirs);
        if let Verdict::Denied { why } = self.authoriser.authorise(&asker, &ApiAction::Delegate, &about) {
            return Err(EngineFailure::Denied { why });
        }
        self.end_delegation(actor, row, (DelegationEvent::Withdraw, "delegation.withdrawn", reason)).await
    }

    async fn end_delegation(
        &self,
        actor: Actor,
        row: &DelegationRow,
        (event, kind, reason): (DelegationEvent, &'static str, &str),
    ) -> Result<DelegationShown, EngineFailure> {
        let reason = reason::kept(reason)?;
        let draft = about(row, kind, By::Person(actor, None));
        let entry = self.entry(draft.body(serde_json::json!({ "reason": reason })))?;
        let (id, now) = (row.id, self.clock.now());
        let why = match (event, reason.is_empty()) {
            (DelegationEvent::Decline, true) => String::from("declined"),
            (DelegationEvent::Decline, false) => format!("declined: {reason}"),
            (_, true) => String::from("ended before its time"),
            (_, false) => format!("ended before its time: {reason}"),
        };
        let write = move |tx: &mut Tx<'_>| {
            still_there(tx, actor)?;
            tx.end_delegation(id, event, &why, now)?;
            tx.entry(entry.clone())?;
            let row = tx.delegation(id)?;
            shown(tx, row, now)
        };
        Ok(self.store.write("end_delegation", write).await?)
    }
}
