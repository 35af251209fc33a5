//! Leavings that are held: a person lets them happen, or does not.
//!
//! A directory that suddenly loses most of its people is more often broken than right. What is held is not carried out
//! and not forgotten. Next: ADR 0020.

use super::people::{erase, leave};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use tenure_model::{DecisionRight, PersonId};
use tenure_store::{StoreFailure, Tx, tables::directory::HeldRow};

impl Engine {
    /// Whose leaving is held, by name.
    pub async fn held_leavings(&self) -> Result<Vec<HeldRow>, EngineFailure> {
        Ok(self.store.read("held_leavings", |tx| tx.held_leavings()).await?)
    }

    /// How many leavings are held.
    pub async fn held_leavings_count(&self) -> Result<i64, EngineFailure> {
        Ok(self.store.read("held_leavings_count", |tx| tx.held_leavings_count()).await?)
    }

    /// A person decides what becomes of the leavings that are held; there must be as many as they saw. Returns whose
    /// leaving was carried out: all of them, or nobody's.
    pub async fn decide_leavings(
        &self,
        actor: Actor,
        accept: bool,
        seen: i64,
    ) -> Result<Vec<PersonId>, EngineFailure> {
        let held = self.held_leavings().await?;
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let asks = self.asks(by)?;
        let kind = if accept { "leavings.accepted" } else { "leavings.discarded" };
        let all: Vec<PersonId> = held.iter().map(|row| row.person).collect();
        let decided = all.clone();
        let decide = move |tx: &mut Tx<'_>| {
            let now: Vec<PersonId> = tx.held_leavings()?.iter().map(|row| row.person).collect();
            if now.is_empty() {
                let why = String::from("no leaving is held");
                return Err(StoreFailure::Conflict { why });
            }
            if now != decided || i64::try_from(now.len()) != Ok(seen) {
                let why = format!("{} leavings are held now, not {seen}; look again", now.len());
                return Err(StoreFailure::Conflict { why });
            }
            let mut draft = Draft::new(kind, by, actor.person).number("leavings", seen);
            for person in &now {
                draft = draft.about(person);
                if !accept {
                    tx.unhold_leaving(*person)?;
                }
            }
            asks.clone().write(tx, draft)
        };
        self.write_as(actor, "decide_leavings", decide).await?;
        if !accept {
            return Ok(Vec::new());
        }
        for row in held {
            self.carry_out_leaving(by, row.person).await?;
        }
        let now = self.clock.now();
        self.store.write("release_leavings", move |tx| tx.release_leavings(now)).await?;
        self.judging_woken.notify_one();
        Ok(all)
    }

    async fn carry_out_leaving(&self, by: By, id: PersonId) -> Result<(), EngineFailure> {
        let asks = self.asks(by)?;
        let carry_out = move |tx: &mut Tx<'_>| {
            let Some(erases) = tx.held_leaving(id)? else { return Ok(()) };
            let (mut asks, leaving) = (asks.clone(), tx.leaving(id)?);
            if erases { erase(tx, &mut asks, &leaving) } else { leave(tx, &mut asks, &leaving) }
        };
        Ok(self.store.write("carry_out_leaving", carry_out).await?)
    }
}
