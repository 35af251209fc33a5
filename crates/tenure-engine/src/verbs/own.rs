//! own: saying whose an identity is and what it is for. The first word enrols it.
//!
//! Who may do so is decided by the access policies, about the identity as it is while it is written. It must
//! never take an owner's share from them on another owner's word. Several at once: `ownership/`. Next:
//! `tenure-judge/policies/api.cedar`.

use super::retire::resolved;
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::{Deserialize, Serialize};
use tenure_judge::{ApiResource, ApiResourceKind, Authoriser, Claim, Verdict};
use tenure_model::{
    Charter, DataClass, DecisionRight, Environment, Fact, Facts, IdentityId, Instant, Person, PersonId, names,
};
use tenure_store::{StoreFailure, Tx, tables::identities::IdentityRow};

/// How often a charter is read again because somebody else changed it meanwhile.
const TRIES_MAX: u32 = 8;

/// What to change in a charter; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterChange {
    /// Who answers for its existence, by name.
    pub business_owner: Option<String>,
    /// Who can change it, by name.
    pub technical_owner: Option<String>,
    /// Why it exists.
    pub purpose: Option<String>,
    /// Where it may be used.
    pub boundary: Option<String>,
    /// Where it runs.
    pub environment: Option<Environment>,
    /// What the data is that it can reach.
    pub data_class: Option<DataClass>,
    /// How old its credentials may get, in days.
    pub rotation_days: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// What ends it earlier.
    pub retirement_trigger: Option<String>,
}

impl Engine {
    /// What the access policies are asked when this person wants this change: whose the identity is now,
    /// and what would become of that. A name that is nobody's counts as somebody else's.
    pub async fn claim(
        &self,
        asker: PersonId,
        identity: IdentityId,
        change: &CharterChange,
    ) -> Result<ApiResource, EngineFailure> {
        let held = self.store.read("held", move |tx| held(tx, identity)).await?;
        let business = self.person_id(change.business_owner.as_deref()).await;
        let technical = self.person_id(change.technical_owner.as_deref()).await;
        let (business, technical) = match (business, technical) {
            (Ok(business), Ok(technical)) => (business, technical),
            (Err(EngineFailure::Store(StoreFailure::Missing { .. })), _)
            | (_, Err(EngineFailure::Store(StoreFailure::Missing { .. }))) => {
                let owned_by_actor = owns(&held.charter, asker);
                return Ok(ApiResource::new(ApiResourceKind::Identity, owned_by_actor));
            }
            (Err(failure), _) | (_, Err(failure)) => return Err(failure),
        };
        let after = merged(held.charter.clone(), change.clone(), business, technical, asker);
        Ok(held.claimed(asker, &after))
    }

    /// Changes the charter of an identity; whoever asks becomes its owner when nobody is named
    /// and nobody was. Whether they may is asked of the access policies about the identity as it is in
    /// the transaction that changes it: of two who claim it at once, one is denied.
    pub async fn own(
        &self,
        actor: Actor,
        given: &str,
        change: CharterChange,
    ) -> Result<IdentityRow, EngineFailure> {
        let wanted = given.to_owned();
        let row = self.store.read("find_identity", move |tx| tx.find_identity(&wanted)).await?;
        let business = self.person_id(change.business_owner.as_deref()).await?;
        let technical = self.person_id(change.technical_owner.as_deref()).await?;
        let now = self.clock.now();
        if change.expires_at.is_some_and(|end| end <= now) {
            let why = String::from("the end lies in the past; to end it now, plan a revocation");
            return Err(EngineFailure::Refused { why });
        }
        let text = change.retirement_trigger.clone();
        let kept = self.store.read("resolved", move |tx| resolved(tx, text.as_deref())).await?;
        let change = CharterChange {
            retirement_trigger: kept.map_err(|why| EngineFailure::Refused { why })?,
            ..change
        };
        let id = row.id;
        for _ in 0..TRIES_MAX {
            let held = self.store.read("held", move |tx| held(tx, id)).await?;
            let charter = merged(held.charter.clone(), change.clone(), business, technical, actor.person);
            self.may_claim(actor, held.claimed(actor.person, &charter))?;
            if let Some(owned) = self.write_charter(actor, &row, held, charter).await? {
                self.judging_woken.notify_one();
                return Ok(owned);
            }
        }
        let why = format!("the charter of {} is being changed by others; try again", row.handle);
        Err(StoreFailure::Conflict { why }.into())
    }

    pub(super) fn may_claim(&self, actor: Actor, claimed: ApiResource) -> Result<(), EngineFailure> {
        let asker = tenure_judge::Actor { person: Some(actor.person), role: actor.role, local: actor.local };
        match self.authoriser.holds(&asker, DecisionRight::Own, &claimed) {
            Verdict::Allowed => Ok(()),
            Verdict::Denied { why } => Err(EngineFailure::Denied { why }),
        }
    }

    /// Writes the charter if what was asked of the access policies still holds; `None` when it does not.
    async fn write_charter(
        &self,
        actor: Actor,
        row: &IdentityRow,
        asked: Held,
        charter: Charter,
    ) -> Result<Option<IdentityRow>, EngineFailure> {
        let (id, now) = (row.id, self.clock.now());
        let entry = self.entry(
            Draft::new("identity.owned", By::Person(actor, Some(DecisionRight::Own)), id)
                .body(serde_json::json!({ "identity": row.name, "charter": charter })),
        )?;
        let written = self.store.write("own", move |tx| {
            if held(tx, id)? != asked {
                return Ok(None);
            }
            refuse_who_left(tx, &asked.charter, &charter)?;
            tx.set_charter(id, &charter, now)?;
            tx.answer_passings(id, now)?;
            tx.entry(entry.clone())?;
            tx.identity(id).map(Some)
        });
        Ok(written.await?)
    }

    async fn person_id(&self, name: Option<&str>) -> Result<Option<PersonId>, EngineFailure> {
        let Some(name) = name else { return Ok(None) };
        let wanted = name.to_owned();
        let found = self.store.read("person_named", move |tx| tx.person_named(&wanted)).await?;
        match found {
            Some(person) => Ok(Some(person.id)),
            None => {
                Err(StoreFailure::Missing { noun: "person", given: tenure_model::printable(name, 60) }.into())
            }
        }
    }
}

/// What is known of an identity when somebody says whose it is, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) charter: Charter,
    pub(super) built_in: bool,
    privileged: bool,
}

impl Held {
    pub(super) fn claimed(&self, asker: PersonId, after: &Charter) -> ApiResource {
        let slots = [
            (self.charter.business_owner, after.business_owner),
            (self.charter.technical_owner, after.technical_owner),
        ];
        let anothers = |owner: Option<PersonId>| owner.is_some_and(|owner| owner != asker);
        let claim = Claim {
            owned: slots.iter().any(|(was, _)| was.is_some()),
            built_in: self.built_in,
            privileged: self.privileged,
            names_another: slots.iter().any(|(was, becomes)| was != becomes && anothers(*becomes)),
            ends_anothers: slots.iter().any(|(was, becomes)| was != becomes && anothers(*was)),
        };
        let owned_by_actor = owns(&self.charter, asker);
        ApiResource { claim, ..ApiResource::new(ApiResourceKind::Identity, owned_by_actor) }
    }
}

pub(super) fn held(tx: &mut Tx<'_>, id: IdentityId) -> Result<Held, StoreFailure> {
    let row = tx.identity(id)?;
    let mut privileged = false;
    for principal in tx.principals_of(id)? {
        let ours =
            tx.source(principal.source)?.points.iter().any(|point| is_user_of(&point.url, &principal.name));
        privileged |= ours || administers(&principal.facts);
    }
    Ok(Held { charter: row.charter, built_in: row.built_in, privileged })
}

/// Whoever becomes an owner must still be there when it is written: one who is removed at the same time would
/// answer for it in name only.
pub(super) fn refuse_who_left(
    tx: &mut Tx<'_>,
    before: &Charter,
    after: &Charter,
) -> Result<(), StoreFailure> {
    let slots =
        [(before.business_owner, after.business_owner), (before.technical_owner, after.technical_owner)];
    for (was, becomes) in slots {
        if was != becomes
            && let Some(owner) = becomes
            && tx.person(owner)?.is_none()
        {
            return Err(StoreFailure::Missing { noun: "person", given: owner.to_string() });
        }
    }
    Ok(())
}

/// Whether somebody may speak for an identity that is owned already, whatever it may do; they own it themselves or not.
pub(super) fn speaks_for(
    authoriser: &Authoriser,
    person: &Person,
    (owned_by_actor, built_in): (bool, bool),
) -> Verdict {
    let about = ApiResource::new(ApiResourceKind::Identity, owned_by_actor);
    speaks(authoriser, person, about, built_in)
}

/// As [`speaks_for`], in the place of somebody who owns it or does not.
pub(super) fn speaks_in_place(
    authoriser: &Authoriser,
    person: &Person,
    (is_theirs, built_in): (bool, bool),
) -> Verdict {
    let about = ApiResource::in_place_of_owner(ApiResourceKind::Identity, is_theirs);
    speaks(authoriser, person, about, built_in)
}

fn speaks(authoriser: &Authoriser, person: &Person, about: ApiResource, built_in: bool) -> Verdict {
    let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
    let claim = Claim { owned: true, built_in, privileged: true, names_another: false, ends_anothers: false };
    authoriser.holds(&asker, DecisionRight::Own, &ApiResource { claim, ..about })
}

pub(super) fn owns(charter: &Charter, person: PersonId) -> bool {
    [charter.business_owner, charter.technical_owner].contains(&Some(person))
}

/// No permission check applies to it, it may make others, or whether that is so could not be read.
fn administers(facts: &Facts) -> bool {
    [names::SUPERUSER, names::CREATE_PRINCIPALS]
        .iter()
        .any(|name| matches!(facts.get(*name), Some(Fact::Flag(true) | Fact::Unknown(_))))
}

/// True when an address says that Tenure comes as this account.
fn is_user_of(url: &str, account: &str) -> bool {
    let Some((_, after)) = url.split_once("://") else { return false };
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = host.rsplit_once('@') else { return false };
    let user = user.split(':').next().unwrap_or_default();
    decoded(user) == account.as_bytes()
}

/// Takes `%41` for `A`; what is no such escape stays.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, rest @ ..]) => {
                let digit =
                    |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(high).zip(digit(low)).map(|(high, low)| (high * 16 + low, rest))
            }
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

/// The charter with what was asked for.
fn merged(
    before: Charter,
    change: CharterChange,
    business: Option<PersonId>,
    technical: Option<PersonId>,
    asker: PersonId,
) -> Charter {
    let business_owner = business.or(before.business_owner);
    let technical_owner = technical.or(before.technical_owner);
    let nobody = business_owner.is_none() && technical_owner.is_none();
    Charter {
        business_owner,
        technical_owner: if nobody { Some(asker) } else { technical_owner },
        purpose: change.purpose.or(before.purpose),
        boundary: change.boundary.or(before.boundary),
        environment: change.environment.or(before.environment),
        data_class: change.data_class.or(before.data_class),
        allowed_scope: before.allowed_scope,
        rotation_days: change.rotation_days.or(before.rotation_days),
        expires_at: change.expires_at.or(before.expires_at),
        retirement_trigger: change.retirement_trigger.or(before.retirement_trigger),
    }
}

#[cfg(test)]
mod tests {
    use super::is_user_of;

    #[test]
    fn our_own_account_is_the_one_in_an_address_however_it_is_written() {
        for (url, account, ours) in [
            ("postgresql://tenure@db:5432/shop", "tenure", true),
            ("postgresql://t%65nure@db/shop?sslmode=require", "tenure", true),
            ("postgresql://caf%C3%A9@db/shop", "caf\u{e9}", true),
            ("postgresql://a%40b@db", "a@b", true),
            ("postgresql://tenure:x@db/shop", "tenure", true),
            ("postgresql://tenure@db/shop", "app", false),
            ("postgresql://db/tenure@shop", "tenure", false),
            ("postgresql://db/shop", "", false),
            ("postgresql://100%@db", "100%", true),
            ("chaos:primary", "primary", false),
        ] {
            assert_eq!(is_user_of(url, account), ours, "{url} {account}");
        }
    }
}
