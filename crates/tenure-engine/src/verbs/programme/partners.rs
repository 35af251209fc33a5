//! check: whether the people of the controls in force are there and can be reached, and who said that they can.
//!
//! What Tenure begins by itself asks `may_act_by_itself` first, and again in the transaction that would write it. Nobody
//! says for somebody else that messages reach them. It must never decide; `tenure-judge` does. Next: `../consequences.rs`.

use super::InForce;
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use tenure_judge::{
    ACKNOWLEDGED_FOR, AskedInVain, Gate, People, Programme, ProgrammeFiles, Readiness, asked_in_vain, gate,
    people_named, readiness,
};
use tenure_model::Instant;
use tenure_store::{StoreFailure, Tx};

/// What the check says of the programme in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProgrammeChecked {
    /// The version in force; 0 where none was ever applied.
    pub version: i64,
    /// When it was checked.
    pub at: Instant,
    /// What it says of every control, in their order.
    pub controls: Vec<Readiness>,
    /// Settings that ask somebody who is not there, or who decides nothing.
    pub asked_in_vain: Vec<AskedInVain>,
    /// Everybody whom the controls name, by name.
    pub contacts: Vec<ContactShown>,
}

/// Somebody whom the programme names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactShown {
    /// The name that the programme has.
    pub name: String,
    /// Whether somebody of that name is there.
    pub is_there: bool,
    /// When they said last that messages reach them; nothing where they never did.
    pub acknowledged: Option<Instant>,
    /// Until when that counts.
    pub counts_until: Option<Instant>,
}

/// Who is there, who said that messages reach them, and which playbooks were tried.
pub(crate) fn people(tx: &mut Tx<'_>) -> Result<People, StoreFailure> {
    Ok(People {
        people: tx.people()?,
        acknowledged: tx.acknowledgements()?,
        drills: super::drills::drills(tx)?,
    })
}

/// What the files of a programme alone say of its controls; nothing where they cannot be read. Nobody is looked for.
pub fn check_files(files: &ProgrammeFiles, now: Instant) -> Vec<Readiness> {
    Programme::read(files).map(|programme| readiness(&programme, None, now)).unwrap_or_default()
}

impl InForce {
    /// What may be begun by itself for a control, by who is there now.
    pub(crate) fn gate(&self, control: &str, people: &People, now: Instant) -> Gate {
        gate(&self.programme, control, people, now)
    }
}

impl Engine {
    /// What the check says of the programme in force, now.
    pub async fn check_in_force(&self) -> Result<ProgrammeChecked, EngineFailure> {
        let (in_force, now) = (self.in_force(), self.clock.now());
        let people = self.store.read("people", people).await?;
        let contacts = people_named(&in_force.programme).into_iter().map(|name| {
            let person = people.named(&name);
            let acknowledged = person.and_then(|one| people.acknowledged.get(&one.id)).copied();
            ContactShown {
                is_there: person.is_some(),
                name,
                acknowledged,
                counts_until: acknowledged.map(|at| at.plus(ACKNOWLEDGED_FOR)),
            }
        });
        Ok(ProgrammeChecked {
            version: in_force.version,
            at: now,
            asked_in_vain: asked_in_vain(&in_force.programme, &people),
            contacts: contacts.collect(),
            controls: readiness(&in_force.programme, Some(&people), now),
        })
    }

    /// What Tenure may do by itself for a control, now.
    pub async fn may_act_by_itself(&self, control: &str) -> Result<Gate, EngineFailure> {
        let people = self.store.read("people", people).await?;
        Ok(self.in_force().gate(control, &people, self.clock.now()))
    }

    /// Writes down that messages reach whoever says so. It counts for 92 days. Who is named nowhere in the programme in
    /// force has nothing to say here.
    pub async fn acknowledge(&self, actor: Actor) -> Result<ContactShown, EngineFailure> {
        let in_force = self.in_force();
        let named = people_named(&in_force.programme);
        let now = self.clock.now();
        let by = By::Person(actor, None);
        let entry = self.entry(Draft::new("contact.acknowledged", by, actor.person))?;
        let change = move |tx: &mut Tx<'_>| {
            let Some(person) = tx.person(actor.person)? else { return Ok(None) };
            if !named.contains(&person.name) {
                return Ok(Some((person.name, false)));
            }
            tx.acknowledge(person.id, now)?;
            tx.entry(entry.clone())?;
            Ok(Some((person.name, true)))
        };
        let written = self.store.write("acknowledge", change).await?;
        let gone = || EngineFailure::Denied { why: String::from("whoever asked this was removed meanwhile") };
        let (name, is_named) = written.ok_or_else(gone)?;
        if !is_named {
            let why = String::from(
                "the programme in force names you nowhere, as contact, fallback, accountable or escalation",
            );
            return Err(EngineFailure::Refused { why });
        }
        let counts_until = Some(now.plus(ACKNOWLEDGED_FOR));
        Ok(ContactShown { name, is_there: true, acknowledged: Some(now), counts_until })
    }
}
