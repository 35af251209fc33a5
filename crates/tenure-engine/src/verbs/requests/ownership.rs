//! An identity that nobody answers for is to be offered to somebody: what must be said, and what becomes of it once it is decided.
//!
//! With the last decision it becomes a handoff, in the same transaction and with everything asked again; whom it is offered to
//! accepts by the handoff's own way, and until then nothing changes. Neither whoever asked nor whom it is for decides a step. It
//! must never make anybody an owner, nor go past an owner who is there. Next: `handoffs/offer.rs`.

use super::{
    RequestWish,
    decide::RequestDeciding,
    fulfil::{Prepared, lapse},
    gate::told,
    privilege::{ANYBODY_ELSE, said_of_making, steps},
};
use crate::{
    Actor, EngineFailure,
    record::EntryMaker,
    verbs::{
        delegations::Capacity,
        dossier::dossier,
        handoffs::{Handing, checked_runbook, in_words},
    },
};
use tenure_evidence::FactValue;
use tenure_model::{
    HandoffStage, Instant, OwnerRole, Ownership, Person, PersonId, Presence, RequestKind, printable,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{Mint, identities::IdentityRow, requests::RequestRow},
};

/// The step that an owner decides; here there is none.
const OWNER: &str = "owner";

/// What an offer is written with.
#[derive(Clone)]
pub(super) struct Offering {
    pub(super) mint: Mint,
    pub(super) entries: EntryMaker,
    pub(super) actor: Actor,
}

/// What is asked for, complete, and who decides it; or everything that is missing or wrong, in words.
pub(super) fn checked(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (wish, asker): (&RequestWish, PersonId),
    now: Instant,
) -> Result<Result<(Ownership, Vec<String>), String>, StoreFailure> {
    let (mut missing, mut wrong) = (Vec::new(), unfit(wish));
    let (reason, runbook) = (said(wish.reason.as_deref()), said(wish.runbook.as_deref()));
    if runbook.is_none() {
        missing.push("runbook (what to do about it: an address, or a text)");
    }
    if reason.is_none() {
        missing.push("reason (why this is asked)");
    }
    if let (Some(runbook), Some(reason)) = (runbook, reason) {
        wrong.extend(checked_runbook(runbook, reason).err().map(|why| why.to_string()));
    }
    let Some(given) = said(wish.identity.as_deref()) else {
        missing.insert(0, "identity (which nobody answers for)");
        return Ok(Err(told(&missing, wrong)));
    };
    let handing = deciding.handing(now);
    let identity = tx.find_identity(given)?;
    let to = receiver(tx, (said(wish.to.as_deref()), asker), &mut wrong)?;
    if let Some(to) = &to {
        wrong.extend(handing.cannot_be_offered(&identity, to));
    }
    wrong.extend(has_an_owner(tx, &handing, &identity)?);
    let role = wish.role.unwrap_or(OwnerRole::Technical);
    wrong.extend(is_offered(tx, (&identity, role))?);
    let there = tx.principals_of(identity.id)?.into_iter().find(|one| one.presence == Presence::Present);
    if there.is_none() && wrong.is_empty() {
        wrong.push(String::from("nothing of it is there"));
    }
    let (Some(there), Some(to), Some(runbook), true) =
        (there, to, runbook, missing.is_empty() && wrong.is_empty())
    else {
        return Ok(Err(told(&missing, wrong)));
    };
    let read = dossier(tx, identity.id)?;
    let class = deciding.in_force.judge.class_of(&read.dossier).map(|class| class.id.clone());
    let about = (&identity, RequestKind::Ownership, class.as_deref());
    let steps = steps(tx, &deciding.in_force, about, now)?;
    let ownership = Ownership {
        identity: identity.id,
        source: there.source,
        principal: there.name,
        class,
        role,
        to: to.id,
        stage: wish.stage.unwrap_or(HandoffStage::InUse),
        runbook: runbook.to_owned(),
    };
    // Where a rule asks for an owner there is none: whoever decides where no rule means it stands for them.
    let stands = |term: String| if term == OWNER { ANYBODY_ELSE.to_owned() } else { term };
    Ok(Ok((ownership, steps.into_iter().map(stands).collect())))
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Whom it is to be offered to: somebody by name, else whoever asks.
fn receiver(
    tx: &mut Tx<'_>,
    (name, asker): (Option<&str>, PersonId),
    wrong: &mut Vec<String>,
) -> Result<Option<Person>, StoreFailure> {
    let Some(name) = name else { return tx.person(asker) };
    let found = tx.person_named(name)?;
    if found.is_none() {
        wrong.push(format!("`{}` is nobody here; `tenure people list` shows who is", printable(name, 60)));
    }
    Ok(found)
}

/// What is said of something else.
fn unfit(wish: &RequestWish) -> Vec<String> {
    let mut named = said_of_making(wish);
    let others = [
        ("principal", wish.principal.is_some()),
        ("rights", !wish.rights.is_empty()),
        ("until", wish.until.is_some()),
    ];
    named.extend(others.iter().filter(|(_, is_said)| *is_said).map(|(field, _)| *field));
    if named.is_empty() {
        return Vec::new();
    }
    vec![format!("{} is said of something else, not of who answers for it", named.join(", "))]
}

/// Why an owner who is there is not gone past.
fn has_an_owner(
    tx: &mut Tx<'_>,
    handing: &Handing,
    identity: &IdentityRow,
) -> Result<Option<String>, StoreFailure> {
    Ok(handing.reachable_owner(tx, &identity.charter)?.map(|(owner, role)| {
        let (name, of) = (printable(&owner.name, 80), printable(&identity.name, 120));
        format!("{name} is its {} and can offer it themselves: tenure handoff offer {of}", in_words(role))
    }))
}

/// Why a share that was offered to somebody is not asked for: one offer of it waits at a time.
fn is_offered(
    tx: &mut Tx<'_>,
    (identity, role): (&IdentityRow, OwnerRole),
) -> Result<Option<String>, StoreFailure> {
    let offered = tx.handoffs_of(identity.id)?.into_iter().find(|one| one.role == role);
    let words = in_words(role);
    Ok(offered.map(|one| format!("somebody was offered to be its {words}: handoff {}", one.id.handle())))
}

/// Offers what all decided; or lapses it where something does not hold any more.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    deciding: &RequestDeciding,
    (row, prepared, asked): (&RequestRow, &Prepared, &Ownership),
    offering: &Offering,
) -> Result<(), StoreFailure> {
    if tx.programme_version()? != deciding.in_force.version {
        let why = String::from("another programme came into force meanwhile; look at it again");
        return Err(StoreFailure::Conflict { why });
    }
    // Its time runs from when it is offered, to the microsecond.
    let now = offering.mint.now;
    let handing = deciding.handing(now);
    let identity = tx.identity(asked.identity)?;
    if tx.person_since(row.asked_by, row.asked)?.is_none() {
        return lapse(tx, (row, prepared), "whoever asked for it has left", now);
    }
    if has_an_owner(tx, &handing, &identity)?.is_some() {
        return lapse(tx, (row, prepared), "it has an owner by now, who can offer it", now);
    }
    match handing.decided(tx, (offering.actor, row), asked)? {
        Err(why) => lapse(tx, (row, prepared), &format!("it could not be offered: {why}"), now),
        Ok(new) => {
            // First, so that it is not itself among what goes with it.
            tx.offered_by_request(row.id, asked.identity, now)?;
            let mut entries = offering.entries.clone();
            let by = (offering.actor, new);
            let handoff = handing.offer_decided(tx, (&offering.mint, &mut entries), by)?;
            let mut entry = prepared.fulfilled.clone();
            let facts = [
                ("identity", FactValue::Text(asked.identity.to_string())),
                ("digest", FactValue::Text(prepared.digest.clone())),
                ("handoff", FactValue::Text(handoff.to_string())),
            ];
            entry.about.push(handoff.to_string());
            entry.entry.facts.extend(facts.map(|(name, value)| (name.to_owned(), value)));
            tx.entry(entry)?;
            Ok(())
        }
    }
}

/// Why somebody decides no step of it: it is for them.
pub(super) fn is_for(row: &RequestRow, by: &Capacity) -> Option<EngineFailure> {
    let is_theirs = row.wanted.ownership().is_some_and(|asked| by.is(asked.to));
    let why = "it is to be offered to you: you accept or decline that, and decide no step of it";
    is_theirs.then(|| EngineFailure::Denied { why: why.to_owned() })
}
