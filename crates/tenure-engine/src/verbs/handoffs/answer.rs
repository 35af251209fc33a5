//! Accepting, declining and taking back. With an acceptance the charter changes, in the same transaction.
//!
//! Whoever accepts is whom it was offered to, and gives back the digest of what they saw. Everything is asked again. It must
//! never make anybody an owner of what was not shown. Next: `follow.rs`, what ends by itself.

use super::{HandoffShown, contents, shown, still_there};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, EntryMaker},
    verbs::reason,
};
use tenure_judge::{ApiResource, ApiResourceKind, Verdict};
use tenure_model::{DecisionRight, HandoffEvent, HandoffId, HandoffState, Instant, Person, PersonId};
use tenure_store::{StoreFailure, Tx, tables::handoffs::HandoffRow};

/// Changes somebody is told of, of many.
const CHANGES_SAID: usize = 3;

/// An entry about one.
pub(super) fn about(row: &HandoffRow, kind: &'static str, by: By) -> Draft {
    Draft::new(kind, by, row.id)
        .about(row.identity)
        .about(row.to)
        .text("identity", row.identity)
        .text("role", row.role)
        .text("to", row.to)
}

/// Takes an offer back that waits, because what it was made for is decided otherwise; one that does not wait stays as it is.
pub(crate) fn take_back(
    tx: &mut Tx<'_>,
    entries: &mut EntryMaker,
    (actor, now): (Actor, Instant),
    (id, why): (HandoffId, &str),
) -> Result<(), StoreFailure> {
    let row = tx.handoff(id)?;
    if row.state != HandoffState::Offered {
        return Ok(());
    }
    tx.end_handoff(id, HandoffEvent::Withdraw, why, now)?;
    let by = By::Person(actor, Some(DecisionRight::Own));
    entries.write(tx, about(&row, "handoff.withdrawn", by).body(serde_json::json!({ "reason": why })))?;
    Ok(())
}

/// Refuses what does not wait any more.
fn waits(row: &HandoffRow) -> Result<(), StoreFailure> {
    if row.state == HandoffState::Offered {
        return Ok(());
    }
    let why = format!("handoff `{}` does not wait any more; it is {}", row.id.handle(), row.state);
    Err(StoreFailure::Conflict { why })
}

/// Why it is not this person's to answer; nothing where it is.
fn not_theirs(row: &HandoffRow, actor: Actor) -> Option<EngineFailure> {
    let why = "it was offered to somebody else, who alone accepts or declines it";
    (row.to != actor.person).then(|| EngineFailure::Denied { why: why.to_owned() })
}

impl super::Handing {
    fn holds(&self, person: &Person, is_theirs: bool) -> bool {
        let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
        let about = ApiResource::new(ApiResourceKind::Handoff, is_theirs);
        self.authoriser.holds(&asker, DecisionRight::Own, &about) == Verdict::Allowed
    }

    /// Whether this person may accept it as everything is now.
    pub(crate) fn theirs(
        &self,
        tx: &mut Tx<'_>,
        row: &HandoffRow,
        person: &Person,
    ) -> Result<bool, StoreFailure> {
        let waits = row.state == HandoffState::Offered && row.to == person.id && self.holds(person, true);
        Ok(waits && self.over_because(tx, row)?.is_none())
    }
}

impl Engine {
    /// Whether a handoff is this person's: it was offered by or to them, or the share that it offers is theirs.
    pub async fn handoff_is_theirs(&self, person: PersonId, row: &HandoffRow) -> Result<bool, EngineFailure> {
        let (identity, role) = (row.identity, row.role);
        let owner =
            self.store.read("handoff_owner", move |tx| Ok(tx.identity(identity)?.charter.owner(role)));
        Ok([Some(row.to), Some(row.offered_by), owner.await?].contains(&Some(person)))
    }

    /// Accepts a handoff as it was shown: from then on whoever accepts answers for it. What changed since is refused, and
    /// shown again.
    pub async fn accept_handoff(
        &self,
        actor: Actor,
        row: &HandoffRow,
        digest: &str,
    ) -> Result<HandoffShown, EngineFailure> {
        if let Some(why) = not_theirs(row, actor) {
            return Err(why);
        }
        let (handing, entries, now) = (self.handing(), self.entry_maker()?, self.clock.now());
        let (id, digest) = (row.id, digest.to_owned());
        let write = move |tx: &mut Tx<'_>| {
            let (person, row) = (still_there(tx, actor)?, tx.handoff(id)?);
            waits(&row)?;
            let conflict = |why: String| Err(StoreFailure::Conflict { why });
            if let Some(why) = handing.over_because(tx, &row)? {
                return conflict(format!("handoff `{}` is over: {why}", row.id.handle()));
            }
            if !handing.holds(&person, true) {
                let why = String::from("you do not hold the right to `own` here");
                return Ok(Err(EngineFailure::Denied { why }));
            }
            let identity = tx.identity(row.identity)?;
            let (named, then) = (contents::of(tx, &identity)?, contents::parsed(&row)?);
            if contents::digest(&row, &named)? != digest {
                let mut changed = named.changed_since(&then);
                changed.truncate(CHANGES_SAID);
                let what =
                    if changed.is_empty() { String::new() } else { format!(" ({})", changed.join("; ")) };
                return conflict(format!(
                    "what goes with it is other than what was shown{what}; look at it again"
                ));
            }
            let charter = identity.charter.owned_by(row.role, row.to);
            tx.set_charter(identity.id, &charter, now)?;
            tx.answer_passings(identity.id, now)?;
            tx.accept_handoff(row.id, &contents::text(&named)?, now)?;
            let mut entries = entries.clone();
            let by = By::Person(actor, Some(DecisionRight::Own));
            let accepted = about(&row, "handoff.accepted", by).text("digest", &digest);
            entries.write(
                tx,
                accepted.body(serde_json::json!({ "identity": identity.name, "contents": named })),
            )?;
            let owned =
                Draft::new("identity.owned", by, identity.id).about(row.id).text("because", "handoff");
            let body = serde_json::json!({ "identity": identity.name, "charter": charter, "because": { "handoff": row.id } });
            entries.write(tx, owned.body(body))?;
            let row = tx.handoff(id)?;
            shown(tx, &handing, row).map(Ok)
        };
        let accepted = self.store.write("accept_handoff", write).await??;
        self.judging_woken.notify_one();
        Ok(accepted)
    }

    /// Says no to a handoff: it stays with whoever answers for it.
    pub async fn decline_handoff(
        &self,
        actor: Actor,
        row: &HandoffRow,
        reason: &str,
    ) -> Result<HandoffShown, EngineFailure> {
        if let Some(why) = not_theirs(row, actor) {
            return Err(why);
        }
        let reason = reason::given(reason, "whoever declines")?;
        let why = format!("declined: {reason}");
        self.end_handoff(actor, row, ("handoff.declined", HandoffEvent::Decline), (reason, why)).await
    }

    /// Takes an offer back: whoever made it, whoever has the share, or an operator.
    pub async fn withdraw_handoff(
        &self,
        actor: Actor,
        row: &HandoffRow,
        reason: &str,
    ) -> Result<HandoffShown, EngineFailure> {
        let (handing, looked) = (self.handing(), row.clone());
        let read = move |tx: &mut Tx<'_>| {
            let person = still_there(tx, actor)?;
            let owner = tx.identity(looked.identity)?.charter.owner(looked.role);
            let is_theirs = looked.offered_by == actor.person || owner == Some(actor.person);
            Ok(handing.holds(&person, is_theirs))
        };
        if !self.store.read("may_withdraw", read).await? {
            let why = String::from("an offer is taken back by whoever made it, its owner or an operator");
            return Err(EngineFailure::Denied { why });
        }
        let reason = reason::kept(reason)?;
        let why =
            if reason.is_empty() { String::from("taken back") } else { format!("taken back: {reason}") };
        self.end_handoff(actor, row, ("handoff.withdrawn", HandoffEvent::Withdraw), (reason, why)).await
    }

    async fn end_handoff(
        &self,
        actor: Actor,
        row: &HandoffRow,
        (kind, event): (&'static str, HandoffEvent),
        (reason, why): (String, String),
    ) -> Result<HandoffShown, EngineFailure> {
        let (handing, now, id) = (self.handing(), self.clock.now(), row.id);
        let draft = about(row, kind, By::Person(actor, Some(DecisionRight::Own)));
        let entry = self.entry(draft.body(serde_json::json!({ "reason": reason })))?;
        let write = move |tx: &mut Tx<'_>| {
            still_there(tx, actor)?;
            waits(&tx.handoff(id)?)?;
            tx.end_handoff(id, event, &why, now)?;
            tx.entry(entry.clone())?;
            let row = tx.handoff(id)?;
            shown(tx, &handing, row)
        };
        Ok(self.store.write("end_handoff", write).await?)
    }
}
