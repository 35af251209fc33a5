//! "Not mine": whoever says so is no owner any more, and is not suggested again; who to ask is kept.
//!
//! It must never leave an owned identity unnoticed: without an owner it is judged anew, found to have none, and waits
//! for whoever was named. Next: `suggest.rs`, where it waits.

use super::{Names, claim::person_named, owners};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    verbs::{
        own::{Held, held, owns},
        reason,
    },
};
use serde::{Deserialize, Serialize};
use tenure_judge::{ApiResource, ApiResourceKind, Claim};
use tenure_model::{Charter, DecisionRight, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{identities::IdentityRow, passings::PassingRow},
};

/// How often it is decided again because somebody else changed the charter meanwhile.
const TRIES_MAX: u32 = 8;

/// "Not mine".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotMine {
    /// Who is to be asked instead, by name. Needed where nobody would own it any more.
    pub ask: Option<String>,
    /// Why it is not theirs.
    pub reason: String,
}

impl Engine {
    /// Takes whoever asks out of the owners of an identity, or declines that it might be theirs. What is owned by
    /// somebody else alone is not theirs to pass on. One who leaves it without an owner says whom to ask.
    pub async fn pass_on(
        &self,
        actor: Actor,
        given: &str,
        said: NotMine,
    ) -> Result<IdentityRow, EngineFailure> {
        let reason = said.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(EngineFailure::Refused { why: String::from("a reason is needed") });
        }
        reason::kept(&reason)?;
        for _ in 0..TRIES_MAX {
            let wanted = given.to_owned();
            let read = move |tx: &mut Tx<'_>| {
                let row = tx.find_identity(&wanted)?;
                Ok((held(tx, row.id)?, row, tx.people()?))
            };
            let (asked_of, row, people) = self.store.read("pass_on", read).await?;
            let asked = person_named(&people, said.ask.as_deref())?;
            let after = decided(&row, &asked_of, actor.person, asked, &Names::of(&people))?;
            self.may_claim(actor, declined(&asked_of, actor.person, after.as_ref()))?;
            if let Some(row) = self.write_passing(actor, &row, asked_of, after, (asked, &reason)).await? {
                self.judging_woken.notify_one();
                return Ok(row);
            }
        }
        let why = String::from("the charter is being changed by others; try again");
        Err(StoreFailure::Conflict { why }.into())
    }

    /// Writes it if nothing changed meanwhile; `None` when something did.
    async fn write_passing(
        &self,
        actor: Actor,
        row: &IdentityRow,
        before: Held,
        after: Option<Charter>,
        (asked, reason): (Option<PersonId>, &str),
    ) -> Result<Option<IdentityRow>, EngineFailure> {
        let (id, now) = (row.id, self.clock.now());
        let unowned = after.as_ref().is_some_and(|after| owners(after).is_empty());
        let mut draft = Draft::new("identity.passed_on", By::Person(actor, Some(DecisionRight::Own)), id)
            .flag("was_owner", after.is_some())
            .flag("unowned", unowned)
            .body(
                serde_json::json!({ "identity": row.name, "ask": asked, "reason": reason, "charter": after }),
            );
        if let Some(asked) = asked {
            draft = draft.about(asked);
        }
        let entry = self.entry(draft)?;
        let passing = PassingRow {
            identity: id,
            passed_by: actor.person,
            asked,
            reason: reason.to_owned(),
            passed: now,
            answered: None,
        };
        let write = move |tx: &mut Tx<'_>| {
            if held(tx, id)? != before {
                return Ok(None);
            }
            if let Some(asked) = asked
                && tx.person(asked)?.is_none()
            {
                return Err(StoreFailure::Missing { noun: "person", given: asked.to_string() });
            }
            if let Some(after) = &after {
                // Judged anew because of it: without an owner it is found to have none.
                tx.set_charter(id, after, now)?;
            }
            tx.pass_on(&passing)?;
            if !unowned && after.is_some() {
                tx.answer_passings(id, now)?;
            }
            tx.entry(entry.clone())?;
            tx.identity(id).map(Some)
        };
        Ok(self.store.write("pass_on", write).await?)
    }
}

/// The charter without this person, nothing when they are no owner; or why it cannot be.
fn decided(
    row: &IdentityRow,
    before: &Held,
    person: PersonId,
    asked: Option<PersonId>,
    names: &Names,
) -> Result<Option<Charter>, EngineFailure> {
    let refused = |why: String| Err(EngineFailure::Refused { why });
    if asked == Some(person) {
        return refused(String::from("whoever is to be asked must be somebody else"));
    }
    if row.built_in {
        return refused(String::from("it is part of the system itself; nobody is asked to own it"));
    }
    let charter = &before.charter;
    if !owns(charter, person) {
        let others = names.owners(charter);
        if others.is_empty() {
            return Ok(None);
        }
        let others: Vec<String> = others.iter().map(|name| printable(name, 80)).collect();
        return refused(format!("it is not yours already: {} owns it", others.join(" and ")));
    }
    let other = |owner: Option<PersonId>| owner.filter(|owner| *owner != person);
    let after = Charter {
        business_owner: other(charter.business_owner),
        technical_owner: other(charter.technical_owner),
        ..charter.clone()
    };
    if owners(&after).is_empty() && asked.is_none() {
        return refused(String::from("without you nobody owns it; say whom to ask instead"));
    }
    Ok(Some(after))
}

/// What the access policies are asked. Declining gives no right to anything, so it does not count that an identity
/// is an administrator; giving up a share is asked about as any other change of owners.
fn declined(before: &Held, person: PersonId, after: Option<&Charter>) -> ApiResource {
    match after {
        Some(after) => before.claimed(person, after),
        None => ApiResource {
            kind: ApiResourceKind::Identity,
            owned_by_actor: false,
            in_place_of_owner: false,
            claim: Claim {
                owned: false,
                built_in: before.built_in,
                privileged: false,
                names_another: false,
                ends_anothers: false,
            },
        },
    }
}
