//! Offering an identity to somebody. Until they accept, whoever answers for it does.
//!
//! Everything is asked in the transaction that writes it. It must never move anything. Next: `answer.rs`.

use super::{Handing, HandoffShown, contents, in_words, is_over, shown, still_there};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, EntryMaker},
    verbs::{clocks, own::held, reason::holds_a_secret},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tenure_judge::{ApiResource, Verdict};
use tenure_model::{
    Charter, DecisionRight, HandoffId, HandoffStage, IdentityId, OwnerRole, Ownership, Person, PersonId,
    Role, printable,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{Mint, handoffs::NewHandoff, identities::IdentityRow, requests::RequestRow},
};

/// What somebody offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandoffWish {
    /// Which identity: a name, a handle or an id.
    pub identity: String,
    /// To whom, by name.
    pub to: String,
    /// Which share; the one that whoever offers has, or the only one that nobody has, unless said.
    #[serde(default)]
    pub role: Option<OwnerRole>,
    /// Where the work stands.
    pub stage: HandoffStage,
    /// What to do about it and where that is written: an address, or a text.
    pub runbook: String,
    /// Why.
    pub reason: String,
}

/// What is offered, of whatever identity.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) to: String,
    pub(super) role: Option<OwnerRole>,
    pub(super) stage: HandoffStage,
    pub(super) runbook: String,
    pub(super) reason: String,
}

impl Terms {
    /// Refuses what says nothing, and an address that holds a password.
    pub(super) fn checked(self) -> Result<Self, EngineFailure> {
        let terms =
            Self { runbook: self.runbook.trim().to_owned(), reason: self.reason.trim().to_owned(), ..self };
        let refused = |why: &str| Err(EngineFailure::Refused { why: why.to_owned() });
        if terms.reason.is_empty() {
            return refused("a handoff says why; the reason is empty");
        }
        if terms.runbook.is_empty() {
            return refused("a handoff says what to do about it: an address of the runbook, or a text");
        }
        if terms.runbook.split_whitespace().any(holds_a_password) {
            return refused("the address of the runbook holds a user or a password; leave it out");
        }
        if [&terms.runbook, &terms.reason].into_iter().any(|text| holds_a_secret(text)) {
            return refused("what is said holds what looks like a secret; say where it lies instead");
        }
        Ok(terms)
    }
}

/// Refuses what does not say what to do about it, and what holds a secret.
pub(crate) fn checked_runbook(runbook: &str, reason: &str) -> Result<String, EngineFailure> {
    let (to, runbook, reason) = (String::new(), runbook.to_owned(), reason.to_owned());
    let terms = Terms { to, role: None, stage: HandoffStage::InUse, runbook, reason };
    terms.checked().map(|terms| terms.runbook)
}

/// True of `scheme://somebody:something@host`.
fn holds_a_password(word: &str) -> bool {
    let Some((_, after)) = word.split_once("://") else { return false };
    after.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@'))
}

impl From<HandoffWish> for Terms {
    fn from(wish: HandoffWish) -> Self {
        let HandoffWish { identity: _, to, role, stage, runbook, reason } = wish;
        Self { to, role, stage, runbook, reason }
    }
}

/// Whose share this person offers, where they may; or why not.
fn whose(
    tx: &mut Tx<'_>,
    (charter, role): (&Charter, OwnerRole),
    actor: Actor,
) -> Result<Result<Option<PersonId>, EngineFailure>, StoreFailure> {
    let from = charter.owner(role);
    let there = match from {
        Some(from) => tx.person(from)?,
        None => None,
    };
    Ok(match there {
        Some(owner) if owner.id != actor.person => {
            let why = format!(
                "{} is its {} and hands that on; nobody else does",
                printable(&owner.name, 80),
                in_words(role)
            );
            Err(EngineFailure::Denied { why })
        }
        Some(_) | None => Ok(from),
    })
}

/// Which share is meant: the one that was said, the one that whoever offers has, or the only one that nobody has.
fn role_of(charter: &Charter, asker: PersonId, said: Option<OwnerRole>) -> Result<OwnerRole, EngineFailure> {
    let having = |person: Option<PersonId>| {
        OwnerRole::ALL.iter().copied().filter(move |role| charter.owner(*role) == person).collect::<Vec<_>>()
    };
    let (theirs, nobodys) = (having(Some(asker)), having(None));
    match (said, theirs.as_slice(), nobodys.as_slice()) {
        (Some(role), ..) => Ok(role),
        (None, [role], _) | (None, [], [role]) => Ok(*role),
        // Whoever can change it is asked first, as where somebody claims it for themselves.
        (None, [], [_, _, ..]) => Ok(OwnerRole::Technical),
        (None, [], []) | (None, [_, _, ..], _) => Err(EngineFailure::Refused {
            why: String::from("say which share of it: role `business` or `technical`, one after the other"),
        }),
    }
}

impl super::Handing {
    /// What is to be written, where this person may offer it; or why not.
    pub(super) fn prepared(
        &self,
        tx: &mut Tx<'_>,
        (actor, giver): (Actor, &Person),
        (identity, terms): (&IdentityRow, &Terms),
    ) -> Result<Result<NewHandoff, EngineFailure>, StoreFailure> {
        let charter = &identity.charter;
        let role = match role_of(charter, actor.person, terms.role) {
            Ok(role) => role,
            Err(why) => return Ok(Err(why)),
        };
        match whose(tx, (charter, role), actor)? {
            Ok(from) => self.fitted(tx, (actor, giver), (identity, terms), (role, from)),
            Err(why) => Ok(Err(why)),
        }
    }

    /// What is to be written of this share, whosever it is; or why it may not go to whom it is to be offered to.
    fn fitted(
        &self,
        tx: &mut Tx<'_>,
        (actor, giver): (Actor, &Person),
        (identity, terms): (&IdentityRow, &Terms),
        (role, from): (OwnerRole, Option<PersonId>),
    ) -> Result<Result<NewHandoff, EngineFailure>, StoreFailure> {
        let Some(to) = tx.person_named(&terms.to)? else {
            return Ok(Err(StoreFailure::Missing { noun: "person", given: printable(&terms.to, 60) }.into()));
        };
        let after = identity.charter.owned_by(role, to.id);
        if let Verdict::Denied { why } = self.may_hand_on(tx, giver, (identity.id, &after))? {
            return Ok(Err(EngineFailure::Denied { why }));
        }
        if let Some(why) = self.unfit(identity, (actor, role), &to) {
            return Ok(Err(EngineFailure::Refused { why }));
        }
        let term = Duration::from_hours(24) * self.in_force.programme.handoffs.accepted_within_days;
        let rules = clocks::rules_of_handoff(&self.in_force, identity);
        Ok(Ok(NewHandoff {
            identity: identity.id,
            role,
            from,
            to: to.id,
            offered_by: actor.person,
            stage: terms.stage,
            runbook: terms.runbook.clone(),
            reason: terms.reason.clone(),
            accept_by: rules.map_or_else(|| self.now.plus(term), |rules| rules.due(self.now)),
            contents: contents::text(&contents::of(tx, identity)?)?,
            request: None,
        }))
    }

    /// What is to be written where others decided that it is offered, in the name of whoever decided last; or why it cannot
    /// be. Whoever still has the share and can answer for nothing is not asked: they could not hand it on.
    pub(crate) fn decided(
        &self,
        tx: &mut Tx<'_>,
        (actor, request): (Actor, &RequestRow),
        asked: &Ownership,
    ) -> Result<Result<NewHandoff, String>, StoreFailure> {
        let giver = still_there(tx, actor)?;
        let (identity, to) = (tx.identity(asked.identity)?, tx.person_since(asked.to, request.asked)?);
        let Some(to) = to else { return Ok(Err(String::from("whom it was to be offered to has left"))) };
        let terms = Terms {
            to: to.name,
            role: Some(asked.role),
            stage: asked.stage,
            runbook: asked.runbook.clone(),
            reason: request.reason.clone(),
        };
        let share = (asked.role, identity.charter.owner(asked.role));
        let fitted = self.fitted(tx, (actor, &giver), (&identity, &terms), share)?;
        Ok(fitted.map(|new| NewHandoff { request: Some(request.id), ..new }).map_err(|why| why.to_string()))
    }

    /// Offers what others decided, with what goes with it now: the request for it does not any more.
    pub(crate) fn offer_decided(
        &self,
        tx: &mut Tx<'_>,
        (mint, entries): (&Mint, &mut EntryMaker),
        (actor, new): (Actor, NewHandoff),
    ) -> Result<HandoffId, StoreFailure> {
        let identity = tx.identity(new.identity)?;
        let contents = contents::text(&contents::of(tx, &identity)?)?;
        self.write(tx, (mint, entries), (actor, &NewHandoff { contents, ..new }))
    }

    /// An owner who is there and can answer for it, and as what: they can offer it themselves.
    pub(crate) fn reachable_owner(
        &self,
        tx: &mut Tx<'_>,
        charter: &Charter,
    ) -> Result<Option<(Person, OwnerRole)>, StoreFailure> {
        for role in OwnerRole::ALL {
            let Some(owner) = charter.owner(*role) else { continue };
            if let Some(person) = tx.person(owner)?.filter(|person| self.may_answer(person)) {
                return Ok(Some((person, *role)));
            }
        }
        Ok(None)
    }

    /// Why nobody can be asked to answer for it, or not this person.
    pub(crate) fn cannot_be_offered(&self, identity: &IdentityRow, to: &Person) -> Option<String> {
        if identity.built_in {
            return Some(String::from("it is part of the system itself; nobody is asked to own it"));
        }
        if is_over(identity) {
            return Some(String::from("it is not there any more; nobody has to answer for it"));
        }
        if self.may_answer(to) {
            return None;
        }
        let (name, role) = (printable(&to.name, 80), to.role);
        let article = if role == Role::Auditor { "an" } else { "a" };
        Some(format!("{name} is {article} {role} and can answer for no identity: name somebody else"))
    }

    fn unfit(
        &self,
        identity: &IdentityRow,
        (actor, role): (Actor, OwnerRole),
        to: &Person,
    ) -> Option<String> {
        let name = printable(&to.name, 80);
        let cannot = self.cannot_be_offered(identity, to);
        if cannot.is_some() && (identity.built_in || is_over(identity)) {
            return cannot;
        }
        if to.id == actor.person {
            return Some(String::from("nobody hands on to themselves; name somebody else"));
        }
        if identity.charter.owner(role) == Some(to.id) {
            return Some(format!("{name} is its {} already", in_words(role)));
        }
        cannot
    }

    /// Writes an offer down, with its clock where a service level means it and with its entry.
    pub(super) fn write(
        &self,
        tx: &mut Tx<'_>,
        (mint, entries): (&Mint, &mut EntryMaker),
        (actor, new): (Actor, &NewHandoff),
    ) -> Result<HandoffId, StoreFailure> {
        let id = tx.offer_handoff(mint, new)?;
        let (row, identity) = (tx.handoff(id)?, tx.identity(new.identity)?);
        if let Some(rules) = clocks::rules_of_handoff(&self.in_force, &identity) {
            clocks::begin_handoff(tx, &row, &rules)?;
        }
        let named = contents::parsed(&row)?;
        let mut draft = Draft::new("handoff.offered", By::Person(actor, Some(DecisionRight::Own)), id)
            .about(row.identity)
            .about(row.to)
            .text("identity", row.identity)
            .text("role", row.role)
            .text("to", row.to)
            .text("stage", row.stage)
            .text("accept_by", row.accept_by)
            .text("digest", contents::digest(&row, &named)?)
            .body(serde_json::json!({
                "identity": row.identity_name, "runbook": row.runbook, "reason": row.reason, "contents": named,
            }));
        if let Some(request) = row.request {
            draft = draft.about(request).text("request", request);
        }
        entries.write(tx, draft)?;
        Ok(id)
    }
}

impl Engine {
    /// What the access policies are asked when this person wants to offer this: whose it is now, and what would become of
    /// that. A name that is nobody's counts as somebody else's.
    pub async fn handoff_claim(
        &self,
        asker: PersonId,
        wish: &HandoffWish,
    ) -> Result<ApiResource, EngineFailure> {
        let wish = wish.clone();
        let read = move |tx: &mut Tx<'_>| {
            let identity = tx.find_identity(&wish.identity)?;
            let to = tx.person_named(&wish.to)?;
            let held = held(tx, identity.id)?;
            // Whose share is meant is asked again, and told, where the offer is made.
            let role = role_of(&identity.charter, asker, wish.role).unwrap_or(OwnerRole::Business);
            let after = match to {
                Some(to) => identity.charter.owned_by(role, to.id),
                None => identity.charter.clone(),
            };
            Ok(held.claimed(asker, &after))
        };
        Ok(self.store.read("handoff_claim", read).await?)
    }

    /// Offers a share of an identity to somebody. Its owner there offers it; where nobody has it, its other owner or an
    /// operator does.
    pub async fn offer_handoff(
        &self,
        actor: Actor,
        wish: HandoffWish,
    ) -> Result<HandoffShown, EngineFailure> {
        let wanted = wish.identity.clone();
        let id: IdentityId = self.store.read("find_identity", move |tx| tx.find_identity(&wanted)).await?.id;
        let terms = Terms::from(wish).checked()?;
        let (mint, entries) = (self.mint()?, self.entry_maker()?);
        // Its time runs from when it is offered, to the microsecond.
        let handing = Handing { now: mint.now, ..self.handing() };
        let write = move |tx: &mut Tx<'_>| {
            let giver = still_there(tx, actor)?;
            handing.same_programme(tx)?;
            let identity = tx.identity(id)?;
            let new = match handing.prepared(tx, (actor, &giver), (&identity, &terms))? {
                Ok(new) => new,
                Err(why) => return Ok(Err(why)),
            };
            let id = handing.write(tx, (&mint, &mut entries.clone()), (actor, &new))?;
            let row = tx.handoff(id)?;
            shown(tx, &handing, row).map(Ok)
        };
        self.store.write("offer_handoff", write).await?
    }
}
