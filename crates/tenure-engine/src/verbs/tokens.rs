//! Tokens of people: made with an end, listed, taken away; and who holds one.
//!
//! A token is handed over once and only its hash is kept. None is for ever: 90 days when nothing is said, a year at
//! most. It is replaced without a gap by making a second one before the first is taken away. Next: `people.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    token_hash,
};
use serde::Serialize;
use std::time::Duration;
use tenure_model::{DecisionRight, Instant, Person, PersonId, Secret, TokenId, printable};
use tenure_store::{StoreFailure, Tx, tables::tokens::TokenRow};

/// Days a token lasts when nothing is said, and those that came without an end.
pub const TOKEN_DAYS: u16 = 90;
/// Days a token lasts, at most.
pub const TOKEN_DAYS_MAX: u16 = 365;
/// Tokens of one person that count at the same time, at most: enough to replace each of several.
const TOKENS_MAX: usize = 10;
/// How long before its end a token is spoken of.
const ENDS_SOON: Duration = Duration::from_hours(24 * 14);
/// How long a token that is over is remembered, so that its holder is told so.
const REMEMBERED: Duration = Duration::from_hours(24 * 30);

/// A token, handed over once.
#[derive(Debug)]
pub struct IssuedToken {
    /// Its value.
    pub token: Secret<String>,
    /// What it is listed as.
    pub shown: TokenShown,
}

/// A token as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenShown {
    /// Which.
    pub id: TokenId,
    /// The short form people type.
    pub handle: String,
    /// When it was made.
    pub issued: Instant,
    /// From when on it counts for nothing.
    pub ends: Instant,
    /// It is over.
    pub over: bool,
}

/// Whose a token is that somebody showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenHolder {
    /// A person's, and it counts until then.
    Person(Person, Instant),
    /// It was somebody's, until then.
    Over(Instant),
    /// Nobody's.
    Nobody,
}

fn shown(row: &TokenRow, now: Instant) -> TokenShown {
    let TokenRow { id, issued, ends, .. } = *row;
    TokenShown { id, handle: id.handle(), issued, ends, over: ends <= now }
}

fn days(many: u16) -> Duration {
    Duration::from_hours(24 * u64::from(many))
}

impl Engine {
    /// Gives a person a further token that lasts `days_asked` days. It is handed over once.
    pub async fn issue_token(
        &self,
        actor: Actor,
        name: &str,
        days_asked: Option<u16>,
    ) -> Result<IssuedToken, EngineFailure> {
        let lasts = days_asked.unwrap_or(TOKEN_DAYS);
        if !(1..=TOKEN_DAYS_MAX).contains(&lasts) {
            let why = format!("a token lasts from 1 to {TOKEN_DAYS_MAX} days");
            return Err(EngineFailure::Refused { why });
        }
        let person = self.person_called(name).await?.id;
        let token = self.draw_token()?;
        let hash = token_hash(&token).to_vec();
        let now = self.clock.now();
        let id = TokenId::new(now, self.random()?);
        let row = TokenRow { id, person, issued: now, ends: now.plus(days(lasts)) };
        let issued = shown(&row, now);
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let draft = Draft::new("person.token_issued", by, person).about(id);
        let entry = self.entry(draft.text("token", id).text("ends", row.ends))?;
        let change = move |tx: &mut Tx<'_>| {
            tx.forget_tokens(person, now.minus(REMEMBERED))?;
            let live = tx.tokens_of(person)?.iter().filter(|token| token.ends > now).count();
            if live >= TOKENS_MAX {
                let why = format!("they have {TOKENS_MAX} tokens already; take one away first");
                return Err(StoreFailure::Conflict { why });
            }
            tx.add_token(&row, hash.clone())?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "issue_token", change).await?;
        Ok(IssuedToken { token, shown: issued })
    }

    /// Takes one of a person's tokens away, or all of them. One who has none is missing it.
    pub async fn revoke_token(
        &self,
        actor: Actor,
        name: &str,
        which: Option<&str>,
    ) -> Result<PersonId, EngineFailure> {
        let person = self.person_called(name).await?.id;
        let now = self.clock.now();
        let tokens = self.store.read("tokens_of", move |tx| tx.tokens_of(person)).await?;
        let meant = |token: &&TokenRow| match which {
            Some(which) => token.id.handle() == which || token.id.to_string() == which,
            None => token.ends > now,
        };
        let meant: Vec<TokenRow> = tokens.iter().filter(meant).cloned().collect();
        let (noun, given) = match which {
            Some(which) => ("token", printable(which, 60)),
            None => ("token for", printable(name, 60)),
        };
        let mut entries = Vec::new();
        for token in &meant {
            let by = By::Person(actor, Some(DecisionRight::Configure));
            let draft = Draft::new("person.token_revoked", by, person).about(token.id);
            entries.push(self.entry(draft.text("token", token.id))?);
        }
        let change = move |tx: &mut Tx<'_>| {
            if meant.is_empty() {
                return Err(StoreFailure::Missing { noun, given: given.clone() });
            }
            for (token, entry) in meant.iter().zip(&entries) {
                tx.end_token(token.id)?;
                tx.entry(entry.clone())?;
            }
            Ok(())
        };
        self.write_as(actor, "revoke_token", change).await?;
        Ok(person)
    }

    /// A person's tokens, those over for less than a month too, by their end.
    pub async fn tokens_of(&self, person: PersonId) -> Result<Vec<TokenShown>, EngineFailure> {
        let now = self.clock.now();
        let rows = self.store.read("tokens_of", move |tx| tx.tokens_of(person)).await?;
        Ok(rows.iter().filter(|row| row.ends.plus(REMEMBERED) > now).map(|row| shown(row, now)).collect())
    }

    /// Whose a bearer token is.
    pub async fn holder_of_token(&self, token: &Secret<String>) -> Result<TokenHolder, EngineFailure> {
        let (hash, now) = (token_hash(token), self.clock.now());
        let found = self.store.read("holder_of_token", move |tx| {
            let Some(token) = tx.token_of(&hash)? else { return Ok(TokenHolder::Nobody) };
            if token.ends <= now {
                return Ok(TokenHolder::Over(token.ends));
            }
            let person = tx.person(token.person)?;
            Ok(person.map_or(TokenHolder::Nobody, |person| TokenHolder::Person(person, token.ends)))
        });
        Ok(found.await?)
    }

    /// Tokens that end within two weeks, each with the name of its holder, by their end.
    pub async fn tokens_ending_soon(&self) -> Result<Vec<(String, TokenShown)>, EngineFailure> {
        let now = self.clock.now();
        let read = move |tx: &mut Tx<'_>| {
            let mut ending = Vec::new();
            for token in tx.tokens_ending(now, now.plus(ENDS_SOON))? {
                if let Some(person) = tx.person(token.person)? {
                    ending.push((person.name, shown(&token, now)));
                }
            }
            Ok(ending)
        };
        Ok(self.store.read("tokens_ending", read).await?)
    }

    /// Gives tokens from before tokens had ends one: 90 days from the first opening that finds them.
    pub(crate) async fn end_endless_tokens(&self) -> Result<(), EngineFailure> {
        for (person, hash) in self.store.read("endless_tokens", |tx| tx.endless_tokens()).await? {
            let now = self.clock.now();
            let id = TokenId::new(now, self.random()?);
            let row = TokenRow { id, person, issued: now, ends: now.plus(days(TOKEN_DAYS)) };
            let draft = Draft::new("person.token_given_end", By::Tenure, person).about(id);
            let entry = self.entry(draft.text("token", id).text("ends", row.ends))?;
            let change = move |tx: &mut Tx<'_>| {
                tx.give_end(&row, hash.clone())?;
                tx.entry(entry.clone())
            };
            self.store.write("give_end", change).await?;
        }
        Ok(())
    }
}
