//! own: saying whose an identity is and what it is for. The first word enrols it.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::{Deserialize, Serialize};
use tenure_model::{Charter, DecisionRight, Environment, Instant, PersonId};
use tenure_store::tables::identities::IdentityRow;

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
    /// How old its credentials may get, in days.
    pub rotation_days: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// What ends it earlier.
    pub retirement_trigger: Option<String>,
}

impl Engine {
    /// Changes the charter of an identity; whoever asks becomes its owner when nobody is named
    /// and nobody was.
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
        let charter = merged(row.charter.clone(), change, business, technical, actor.person);
        let entry = self.entry(
            Draft::new("identity.owned", By::Person(actor, Some(DecisionRight::Own)), row.id)
                .body(serde_json::json!({ "identity": row.name, "charter": charter })),
        )?;
        let id = row.id;
        let owned = self
            .store
            .write("own", move |tx| {
                tx.set_charter(id, &charter, now)?;
                tx.entry(entry.clone())?;
                tx.identity(id)
            })
            .await?;
        self.judging_woken.notify_one();
        Ok(owned)
    }

    async fn person_id(&self, name: Option<&str>) -> Result<Option<PersonId>, EngineFailure> {
        let Some(name) = name else { return Ok(None) };
        let wanted = name.to_owned();
        let found = self.store.read("person_named", move |tx| tx.person_named(&wanted)).await?;
        match found {
            Some(person) => Ok(Some(person.id)),
            None => Err(tenure_store::StoreFailure::Missing {
                noun: "person",
                given: tenure_model::printable(name, 60),
            }
            .into()),
        }
    }
}

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
        allowed_scope: before.allowed_scope,
        rotation_days: change.rotation_days.or(before.rotation_days),
        expires_at: change.expires_at.or(before.expires_at),
        retirement_trigger: change.retirement_trigger.or(before.retirement_trigger),
    }
}
