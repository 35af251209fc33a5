//! confirm: an owner says of an identity whether it is still needed, still of this scope, and still theirs.
//!
//! What is confirmed is what was shown: charter, rights and credentials, by their digest, read again in the transaction
//! that writes the answer. It must never end anything: what is not needed any more becomes a plan that somebody decides
//! on. Many at once are not confirmed; each is looked at. Next: `tenure-judge/src/facts/validity.rs`.

use super::{
    own::{held, owns, speaks_for},
    show::{CredentialShown, credential_shown, owners_of},
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tenure_judge::{Confirmed, Dossier, ExplainedJudgement, Validity, Verdict};
use tenure_model::{
    CredentialState, DecisionRight, Facts, IdentityId, Instant, Person, PersonId, Presence, flag, names,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        confirmations::ConfirmationRow,
        findings::FindingRow,
        identities::IdentityRow,
        inventory::{PrincipalRow, UseRow},
    },
};

/// The policy that asks.
const POLICY: &str = "not_confirmed";
/// Rights gained since, by name.
const GAINED_MAX: usize = 20;
/// Rights that are shown by name.
const RIGHTS_SHOWN: usize = 200;

/// What a person answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Whether it is still needed.
    pub needed: bool,
    /// Whether its scope is still this.
    pub same_scope: bool,
    /// Whether its owners are still these.
    pub same_owners: bool,
    /// Names what was shown, as [`Engine::to_confirm`] says. When it is something else by now, nothing is written.
    pub digest: String,
    /// What there is to say about it, kept beside the entry.
    #[serde(default)]
    pub note: Option<String>,
}

/// What was answered last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmedLast {
    /// When.
    pub at: Instant,
    /// Who, by name, while they are there.
    pub by: Option<String>,
    /// They did not own it, and answered for those who do.
    pub for_owners: bool,
    /// What of it they denied; nothing when they confirmed all.
    pub denied: Option<String>,
    /// Why it counts for nothing any more, apart from its age.
    pub ended: Option<String>,
}

/// What is to be confirmed: an identity as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToConfirm {
    /// The identity.
    pub identity: IdentityRow,
    /// Its owners, by name.
    pub owners: Vec<String>,
    /// How many rights it holds.
    pub rights_count: i64,
    /// Those rights in words, at most 200; none where they are too many to be named.
    pub rights: Vec<String>,
    /// Rights that it holds now and did not when it was confirmed last, at most 20.
    pub rights_gained: Vec<String>,
    /// How many rights it lost since.
    pub rights_lost: i64,
    /// Its credentials that are there.
    pub credentials: Vec<CredentialShown>,
    /// Its last use that was seen.
    pub last_use: Option<UseRow>,
    /// Why there may have been a later use; nothing where every use would have been seen.
    pub uses_missed: Option<String>,
    /// What is wrong, dismissed or not.
    pub findings: Vec<FindingRow>,
    /// What was answered last.
    pub last: Option<ConfirmedLast>,
    /// Whether somebody has to confirm it now, in words.
    pub due: String,
    /// When that changes by itself.
    pub due_at: Option<Instant>,
    /// Names what is shown, to be given back by whoever confirms it.
    pub digest: String,
}

/// Whoever answered last, and how.
#[derive(Debug, Clone)]
pub(super) struct ConfirmedBy {
    by: PersonId,
    person: Option<Person>,
    for_owners: bool,
}

/// The rights of an identity, in words, and how many they are.
#[derive(Default)]
pub(super) struct Rights {
    pub(super) named: BTreeSet<String>,
    pub(super) count: i64,
}

impl Rights {
    /// Rights that are compared one by one, of one identity; of more, their number is.
    pub(super) const KEPT_MAX: i64 = 2_000;

    /// They are too many to be named.
    pub(super) const fn are_too_many(&self) -> bool {
        self.count > Self::KEPT_MAX
    }
}

impl Engine {
    /// What whoever is asked looks at before they answer.
    pub async fn to_confirm(&self, given: &str) -> Result<ToConfirm, EngineFailure> {
        Ok(self.to_confirm_explained(given).await?.0)
    }

    /// The same, with everything that was judged of it.
    pub(super) async fn to_confirm_explained(
        &self,
        given: &str,
    ) -> Result<(ToConfirm, Dossier, ExplainedJudgement), EngineFailure> {
        let wanted = given.to_owned();
        let read = move |tx: &mut Tx<'_>| {
            let identity = tx.find_identity(&wanted)?;
            shown_of(tx, identity)
        };
        let mut shown = self.store.read("to_confirm", read).await?;
        let (dossier, explained) = self.explain_now(shown.identity.id).await?;
        if let Some(fact) = explained.explanation.iter().find(|one| one.name == "confirmation_due") {
            shown.due.clone_from(&fact.value);
            shown.due_at = fact.flips_at;
        }
        shown.uses_missed = dossier.principals.iter().find_map(|one| match one.use_watched_since {
            Some(_) => one.use_coverage.clone(),
            None => Some(String::from(
                "uses are what surveys found at their moments; one between two can be missed",
            )),
        });
        if let (Some(last), Some(said)) = (&mut shown.last, &dossier.validity.confirmed) {
            last.denied.clone_from(&said.denied);
            last.ended = said.void.clone().or_else(|| {
                (!said.gained.is_empty())
                    .then(|| format!("it gained {} since", tenure_model::counted(said.gained.len(), "right")))
            });
        }
        Ok((shown, dossier, explained))
    }

    /// Writes an answer down. Whether whoever answers may is asked of the access policies about the identity as it is
    /// in the transaction that writes it. Owners who are not these any more are said by "not mine", not here.
    pub async fn confirm(
        &self,
        actor: Actor,
        given: &str,
        answer: Confirmation,
    ) -> Result<IdentityRow, EngineFailure> {
        if !answer.same_owners {
            let why = String::from(
                "whose it is then is said by its charter: tenure own NAME --owner, or --not-mine",
            );
            return Err(EngineFailure::Refused { why });
        }
        let wanted = given.to_owned();
        let row = self.store.read("find_identity", move |tx| tx.find_identity(&wanted)).await?;
        let id = row.id;
        let asked = self.store.read("held", move |tx| held(tx, id)).await?;
        if asked.built_in {
            return Err(EngineFailure::Refused {
                why: String::from("it is part of the system itself; nobody has to confirm it"),
            });
        }
        if asked.charter.business_owner.is_none() && asked.charter.technical_owner.is_none() {
            let why = String::from("nobody owns it; say first whose it is (tenure own)");
            return Err(EngineFailure::Refused { why });
        }
        self.may_claim(actor, asked.claimed(actor.person, &asked.charter))?;
        let for_owners = !owns(&asked.charter, actor.person);
        let mut draft = Draft::new("identity.confirmed", By::Person(actor, Some(DecisionRight::Own)), id)
            .text("digest", &answer.digest)
            .flag("needed", answer.needed)
            .flag("for_owners", for_owners);
        // Of what is not needed nothing else was asked, so nothing else was said.
        if answer.needed {
            draft = draft.flag("same_scope", answer.same_scope);
        }
        let body = serde_json::json!({ "identity": row.name, "note": answer.note });
        let (entry, now) = (self.entry(draft.body(body))?, self.clock.now());
        let written = self.store.write("confirm", move |tx| {
            let conflict = |why: &str| Err(StoreFailure::Conflict { why: why.to_owned() });
            if tx.person(actor.person)?.map(|person| person.role) != Some(actor.role)
                || held(tx, id)? != asked
            {
                return conflict("who owns it, or who may say so, changed meanwhile: look again");
            }
            let (identity, rights) = (tx.identity(id)?, rights_of(tx, id)?);
            if digest_of(tx, &identity, &rights)? != answer.digest {
                return conflict("its charter, rights or credentials changed since you looked: look again");
            }
            tx.confirm(&ConfirmationRow {
                identity: id,
                at: now,
                by: actor.person,
                needed: answer.needed,
                same_scope: answer.same_scope,
                same_owners: answer.same_owners,
                for_owners,
                digest: answer.digest.clone(),
                rights: rights.named,
                rights_count: rights.count,
            })?;
            tx.entry(entry.clone())?;
            tx.identity(id)
        });
        let written = written.await?;
        self.judging_woken.notify_one();
        Ok(written)
    }

    /// Identities of this person that somebody has to confirm now, by name, at most `most`.
    pub async fn to_confirm_by(
        &self,
        person: PersonId,
        most: i64,
    ) -> Result<Vec<IdentityRow>, EngineFailure> {
        Ok(self.store.read("to_confirm_by", move |tx| tx.owned_with_finding(person, POLICY, most)).await?)
    }

    /// Says of the last answer whether whoever gave it is still there and would still be let give it.
    pub(super) fn heed_who_confirmed(&self, dossier: &mut Dossier, by: Option<&ConfirmedBy>) {
        // What a class enrols at this moment has had the whole of its cadence ahead.
        dossier.validity.enrolled_since.get_or_insert(self.clock.now());
        let owned = by.is_some_and(|said| owns(&dossier.charter, said.by));
        let (Some(by), Some(said)) = (by, &mut dossier.validity.confirmed) else { return };
        let why = match &by.person {
            None => "whoever confirmed it has left",
            Some(_) if !owned && !by.for_owners => "whoever confirmed it does not own it any more",
            Some(person) => {
                let may = speaks_for(&self.authoriser, person, (owned, dossier.built_in));
                if may == Verdict::Allowed {
                    return;
                }
                "whoever confirmed it may not do so any more"
            }
        };
        said.void = Some(why.to_owned());
    }
}

/// What is known of whether an identity is still needed as it is, and who said so.
pub(super) fn validity(
    tx: &mut Tx<'_>,
    id: IdentityId,
    enrolled_since: Option<Instant>,
) -> Result<(Validity, Option<ConfirmedBy>), StoreFailure> {
    let Some(last) = tx.confirmed_last(id)? else {
        return Ok((Validity { enrolled_since, ..Validity::default() }, None));
    };
    let by =
        ConfirmedBy { by: last.by, person: tx.person_since(last.by, last.at)?, for_owners: last.for_owners };
    let confirmed = confirmed(&last, &rights_of(tx, id)?);
    Ok((Validity { enrolled_since, confirmed: Some(confirmed), ..Validity::default() }, Some(by)))
}

/// What was answered, held against the rights that it holds.
pub(super) fn confirmed(last: &ConfirmationRow, holds: &Rights) -> Confirmed {
    let denied = match (last.needed, last.same_scope) {
        (false, _) => Some("it is not needed any more"),
        (true, false) => Some("its scope is not this any more"),
        (true, true) => None,
    };
    Confirmed { at: last.at, denied: denied.map(str::to_owned), gained: gained(last, holds), void: None }
}

/// The rights it holds now and did not when this was answered, in words. Of so many that they were not kept, only that
/// they are more.
fn gained(then: &ConfirmationRow, now: &Rights) -> Vec<String> {
    if then.rights_count > Rights::KEPT_MAX || now.are_too_many() {
        let more = now.count - then.rights_count;
        return if more > 0 { vec![tenure_model::counted(more, "right more")] } else { Vec::new() };
    }
    now.named.difference(&then.rights).cloned().collect()
}

/// Everything it may do, as far as it was seen: rights, what it owns, and that nothing is asked of it.
pub(super) fn rights_of(tx: &mut Tx<'_>, id: IdentityId) -> Result<Rights, StoreFailure> {
    let principals = tx.principals_of(id)?;
    let mut rights = Rights::default();
    for principal in principals.iter().filter(|one| one.presence == Presence::Present) {
        let at = format!("{}/{}", principal.source_name, principal.name);
        rights.named.extend(power_said(&principal.facts, &at));
        let (held, owned) = tx.count_grants(principal.id)?;
        rights.count += held + owned;
        if !rights.are_too_many() {
            let held = tx.grants_of(principal.id, Rights::KEPT_MAX)?;
            rights.named.extend(held.iter().map(|one| right_said(&one.right, &one.resource, &at)));
        }
    }
    if rights.are_too_many() {
        rights.named.clear();
    }
    Ok(rights)
}

/// What its own attributes let it do, in words; `at` is the principal with its source.
pub(super) fn power_said(facts: &Facts, at: &str) -> Vec<String> {
    let powers = [(names::SUPERUSER, "everything"), (names::CREATE_PRINCIPALS, "creating accounts")];
    let held = powers.into_iter().filter(|(fact, _)| flag(facts, fact) == Some(true));
    held.map(|(_, says)| format!("{says} as {at}")).collect()
}

/// One right, in words.
pub(super) fn right_said(right: &str, resource: &str, at: &str) -> String {
    format!("{right} on {resource} as {at}")
}

/// Names what is confirmed: charter, rights, and which credentials with their values' ages.
pub(super) fn digest_of(
    tx: &mut Tx<'_>,
    identity: &IdentityRow,
    rights: &Rights,
) -> Result<String, StoreFailure> {
    let mut credentials = Vec::new();
    for principal in tx.principals_of(identity.id)? {
        for one in tx.credentials_of(principal.id)?.into_iter().filter(|one| is_there(one.state)) {
            credentials.push((
                one.id,
                one.state,
                one.value_changed.unwrap_or(one.first_seen),
                one.valid_until,
            ));
        }
    }
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "confirmations", why: why.to_string() };
    let shown = (&identity.charter, &rights.named, rights.count, credentials);
    Ok(digest_hex(&serde_json::to_vec(&shown).map_err(shape)?))
}

pub(super) fn is_there(state: CredentialState) -> bool {
    !matches!(state, CredentialState::Gone | CredentialState::Removed)
}

fn shown_of(tx: &mut Tx<'_>, identity: IdentityRow) -> Result<ToConfirm, StoreFailure> {
    let rights = rights_of(tx, identity.id)?;
    let last = tx.confirmed_last(identity.id)?;
    let mut gained = last.as_ref().map(|last| gained(last, &rights)).unwrap_or_default();
    let lost = last.as_ref().map_or(0, |last| last.rights.difference(&rights.named).count());
    gained.truncate(GAINED_MAX);
    let (mut credentials, mut uses) = (Vec::new(), Vec::new());
    for principal in tx.principals_of(identity.id)? {
        credentials.extend(credentials_of(tx, &principal)?);
        uses.extend(tx.uses_of(principal.id, 1)?);
    }
    let last = match last {
        None => None,
        Some(last) => Some(ConfirmedLast {
            at: last.at,
            by: tx.person(last.by)?.map(|person| person.name),
            for_owners: last.for_owners,
            denied: None,
            ended: None,
        }),
    };
    Ok(ToConfirm {
        owners: owners_of(tx, &identity.charter)?,
        rights_count: rights.count,
        rights: rights.named.iter().take(RIGHTS_SHOWN).cloned().collect(),
        rights_gained: gained,
        rights_lost: i64::try_from(lost).unwrap_or(i64::MAX),
        credentials,
        last_use: uses.into_iter().max_by_key(|one| one.last_seen),
        uses_missed: None,
        findings: tx.open_findings_of(identity.id)?,
        last,
        due: String::new(),
        due_at: None,
        digest: digest_of(tx, &identity, &rights)?,
        identity,
    })
}

fn credentials_of(tx: &mut Tx<'_>, principal: &PrincipalRow) -> Result<Vec<CredentialShown>, StoreFailure> {
    let (grants, owned) = tx.count_grants(principal.id)?;
    let there = tx.credentials_of(principal.id)?.into_iter().filter(|one| is_there(one.state));
    Ok(there.map(|one| credential_shown(one, principal, grants, owned)).collect())
}
