//! Provisioning tokens: made with an end, listed, taken away; and whether one that is shown counts.
//!
//! Handed over once, kept as a hash. One may change people and teams of a directory and do nothing else. Next: `people.rs`.

use super::Provisioner;
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    token_hash,
    verbs::tokens::{IssuedToken, TOKEN_DAYS, TOKEN_DAYS_MAX, TokenShown},
};
use std::time::Duration;
use tenure_model::{DecisionRight, Instant, Secret, TokenId, printable};
use tenure_store::{StoreFailure, Tx, tables::provisioning::ProvisioningTokenRow};

/// Provisioning tokens that count at the same time, at most.
const TOKENS_MAX: usize = 10;

/// Whether a provisioning token counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvisioningHolder {
    /// It counts.
    Directory(Provisioner),
    /// It did, until then.
    Over(Instant),
    /// It is none.
    Nobody,
}

fn shown(row: &ProvisioningTokenRow, now: Instant) -> TokenShown {
    TokenShown {
        id: row.id,
        handle: row.id.handle(),
        issued: row.issued,
        ends: row.ends,
        over: row.ends <= now,
    }
}

impl Engine {
    /// Makes a provisioning token. It is handed over once.
    pub async fn issue_provisioning_token(
        &self,
        actor: Actor,
        days: Option<u16>,
    ) -> Result<IssuedToken, EngineFailure> {
        let lasts = days.unwrap_or(TOKEN_DAYS);
        if !(1..=TOKEN_DAYS_MAX).contains(&lasts) {
            let why = format!("a provisioning token lasts from 1 to {TOKEN_DAYS_MAX} days");
            return Err(EngineFailure::Refused { why });
        }
        let token = self.draw_token()?;
        let (hash, now) = (token_hash(&token).to_vec(), self.clock.now());
        let id = TokenId::new(now, self.random()?);
        let ends = now.plus(Duration::from_hours(24 * u64::from(lasts)));
        let row = ProvisioningTokenRow { id, issued: now, ends };
        let issued = shown(&row, now);
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let entry = self.entry(Draft::new("provisioning.token_issued", by, id).text("ends", ends))?;
        let change = move |tx: &mut Tx<'_>| {
            if tx.provisioning_tokens()?.iter().filter(|token| token.ends > now).count() >= TOKENS_MAX {
                let why = format!("there are {TOKENS_MAX} provisioning tokens already; take one away first");
                return Err(StoreFailure::Conflict { why });
            }
            tx.add_provisioning_token(&row, hash.clone())?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "issue_provisioning_token", change).await?;
        Ok(IssuedToken { token, shown: issued })
    }

    /// Takes a provisioning token away, by its handle.
    pub async fn revoke_provisioning_token(&self, actor: Actor, which: &str) -> Result<(), EngineFailure> {
        let rows = self.store.read("provisioning_tokens", |tx| tx.provisioning_tokens()).await?;
        let found = rows.iter().find(|row| row.id.handle() == which || row.id.to_string() == which);
        let missing = || StoreFailure::Missing { noun: "provisioning token", given: printable(which, 60) };
        let id = found.ok_or_else(missing)?.id;
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let entry = self.entry(Draft::new("provisioning.token_revoked", by, id))?;
        let change = move |tx: &mut Tx<'_>| {
            tx.end_provisioning_token(id)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "revoke_provisioning_token", change).await
    }

    /// All provisioning tokens, by their end.
    pub async fn provisioning_tokens(&self) -> Result<Vec<TokenShown>, EngineFailure> {
        let now = self.clock.now();
        let rows = self.store.read("provisioning_tokens", |tx| tx.provisioning_tokens()).await?;
        Ok(rows.iter().map(|row| shown(row, now)).collect())
    }

    /// Whether somebody shows a provisioning token that counts.
    pub async fn provisioner_of(&self, token: &Secret<String>) -> Result<ProvisioningHolder, EngineFailure> {
        let (hash, now) = (token_hash(token), self.clock.now());
        let found = self.store.read("provisioner_of", move |tx| tx.provisioning_token_of(&hash)).await?;
        Ok(match found {
            Some(row) if row.ends > now => ProvisioningHolder::Directory(Provisioner { token: row.id }),
            Some(row) => ProvisioningHolder::Over(row.ends),
            None => ProvisioningHolder::Nobody,
        })
    }
}
