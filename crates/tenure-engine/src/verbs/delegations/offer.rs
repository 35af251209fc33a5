//! Offering somebody to decide in one's place. Nothing is decided by it until they accept.
//!
//! Everybody offers their own decisions only, and everything is asked in the transaction that writes it. It must never offer
//! what has no end. Next: `answer.rs`.

use super::{Delegating, DelegationShown, about, shown, still_there};
use crate::{Actor, Engine, EngineFailure, record::By, verbs::reason};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tenure_model::{DelegatedKind, DelegatedTime, DelegationState, Instant, Person, Role, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::delegations::{DelegationRow, NewDelegation},
};

/// How far back what somebody offered counts against the next one: over a year, and one that began before it.
const LOOKED_BACK: Duration = Duration::from_hours(24 * 366 * 2);

/// What somebody offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationWish {
    /// To whom, by name.
    pub to: String,
    /// From when on; at once unless said.
    #[serde(default)]
    pub begins: Option<Instant>,
    /// Until when.
    pub ends: Instant,
    /// What they decide; all of it unless said.
    #[serde(default)]
    pub kinds: Vec<DelegatedKind>,
    /// Why.
    pub reason: String,
}

impl Delegating {
    /// What is to be written; or why this may not be offered.
    fn prepared(
        &self,
        tx: &mut Tx<'_>,
        giver: &Person,
        wish: &DelegationWish,
    ) -> Result<Result<NewDelegation, EngineFailure>, StoreFailure> {
        let Some(to) = tx.person_named(&wish.to)? else {
            return Ok(Err(StoreFailure::Missing { noun: "person", given: printable(&wish.to, 60) }.into()));
        };
        let refused = |why: String| Ok(Err(EngineFailure::Refused { why }));
        if to.id == giver.id {
            return refused(String::from("nobody delegates to themselves; name somebody else"));
        }
        if !self.may_take_part(&to) {
            let article = if to.role == Role::Auditor { "an" } else { "a" };
            let (name, role) = (printable(&to.name, 80), to.role);
            return refused(format!("{name} is {article} {role} and decides nothing: name somebody else"));
        }
        let kinds = if wish.kinds.is_empty() { DelegatedKind::ALL.to_vec() } else { wish.kinds.clone() };
        let is_meant = |kind: &DelegatedKind| kinds.contains(kind);
        let kinds: Vec<DelegatedKind> = DelegatedKind::ALL.iter().copied().filter(is_meant).collect();
        let begins = wish.begins.unwrap_or(self.now).max(self.now);
        let new = DelegatedTime { to: to.id, from: begins, until: wish.ends };
        let before = tx.delegations_from(giver.id, self.now.minus(LOOKED_BACK))?;
        let waits_or_counts = |one: &&DelegationRow| {
            matches!(one.state, DelegationState::Offered | DelegationState::Accepted) && one.ends > self.now
        };
        let current = before.iter().filter(waits_or_counts).count();
        let counted: Vec<DelegatedTime> = before.iter().filter_map(DelegationRow::counted).collect();
        if let Err(why) = self.in_force.programme.delegations.may_offer(new, (&counted, current), self.now) {
            return refused(format!("it was not offered: {why}"));
        }
        let same = before.iter().filter(waits_or_counts).find(|one| {
            one.to == to.id
                && one.begins < new.until
                && new.from < one.ends
                && one.kinds.iter().any(|kind| kinds.contains(kind))
        });
        if let Some(same) = same {
            let why = format!(
                "delegation `{}` to {} lies over that time already; withdraw it first",
                same.id.handle(),
                printable(&to.name, 80)
            );
            return Err(StoreFailure::Conflict { why });
        }
        let reason = wish.reason.clone();
        Ok(Ok(NewDelegation { from: giver.id, to: to.id, kinds, reason, begins, ends: wish.ends }))
    }
}

impl Engine {
    /// Offers somebody to decide in the actor's place, for a time.
    pub async fn offer_delegation(
        &self,
        actor: Actor,
        wish: DelegationWish,
    ) -> Result<DelegationShown, EngineFailure> {
        let reason = reason::given(&wish.reason, "whoever lets another decide in their place")?;
        let wish = DelegationWish { reason, ..wish };
        let (mint, entries) = (self.mint()?, self.entry_maker()?);
        // Its time runs from when it is offered, to the microsecond.
        let delegating = Delegating { now: mint.now, ..self.delegating() };
        let write = move |tx: &mut Tx<'_>| {
            let giver = still_there(tx, actor)?;
            let new = match delegating.prepared(tx, &giver, &wish)? {
                Ok(new) => new,
                Err(why) => return Ok(Err(why)),
            };
            let id = tx.offer_delegation(&mint, &new)?;
            let row = tx.delegation(id)?;
            let kinds: Vec<&str> = row.kinds.iter().map(|kind| kind.as_str()).collect();
            let draft = about(&row, "delegation.offered", By::Person(actor, None))
                .text("kinds", kinds.join(" "))
                .body(serde_json::json!({ "reason": row.reason }));
            entries.clone().write(tx, draft)?;
            shown(tx, row, delegating.now).map(Ok)
        };
        self.store.write("offer_delegation", write).await?
    }
}
