//! Bearer tokens of people: each with an end, known by the SHA-256 of its value alone.
//!
//! The value itself never comes here. A token that is over stays for a while, so that its holder is told that it
//! ended and not that it is nobody's. Next: `people.rs`.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{Instant, PersonId, TokenId};

/// One token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// Which.
    pub id: TokenId,
    /// Whose.
    pub person: PersonId,
    /// When it was made.
    pub issued: Instant,
    /// From when on it counts for nothing.
    pub ends: Instant,
}

fn token(row: &Row<'_>) -> Result<TokenRow, StoreFailure> {
    Ok(TokenRow {
        id: row.parsed(0)?,
        person: row.parsed(1)?,
        issued: row.instant(2)?,
        ends: row.instant(3)?,
    })
}

impl Tx<'_> {
    /// Writes a token down by the SHA-256 of its value.
    pub fn add_token(&mut self, token: &TokenRow, token_hash: Vec<u8>) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO tokens (token_id, person_id, token_hash, issued_us, ends_us) VALUES ($1, $2, $3, $4, $5)",
            &[
                named(token.id),
                named(token.person),
                token_hash.into(),
                token.issued.into(),
                token.ends.into(),
            ],
        )?;
        Ok(())
    }

    /// The token whose value has this SHA-256, over or not.
    pub fn token_of(&mut self, token_hash: &[u8]) -> Result<Option<TokenRow>, StoreFailure> {
        self.query_one(
            "tokens",
            "SELECT token_id, person_id, issued_us, ends_us FROM tokens WHERE token_hash = $1",
            &[token_hash.to_vec().into()],
            token,
        )
    }

    /// Tokens of a person, those over too, by their end.
    pub fn tokens_of(&mut self, person: PersonId) -> Result<Vec<TokenRow>, StoreFailure> {
        self.query(
            "tokens",
            "SELECT token_id, person_id, issued_us, ends_us FROM tokens WHERE person_id = $1 ORDER BY ends_us, token_id",
            &[named(person)],
            token,
        )
    }

    /// Tokens that count now and not any more at `until`, by their end, at most 1,000.
    pub fn tokens_ending(&mut self, now: Instant, until: Instant) -> Result<Vec<TokenRow>, StoreFailure> {
        self.query(
            "tokens",
            "SELECT token_id, person_id, issued_us, ends_us FROM tokens WHERE ends_us > $1 AND ends_us <= $2 \
             ORDER BY ends_us, token_id LIMIT 1000",
            &[now.into(), until.into()],
            token,
        )
    }

    /// Takes one token away.
    pub fn end_token(&mut self, id: TokenId) -> Result<(), StoreFailure> {
        self.execute_on(("token", id), "DELETE FROM tokens WHERE token_id = $1", &[named(id)])
    }

    /// Takes all tokens of a person away.
    pub fn end_tokens_of(&mut self, person: PersonId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM tokens WHERE person_id = $1", &[named(person)]).map(drop)
    }

    /// Forgets tokens of a person that were over at this time.
    pub fn forget_tokens(&mut self, person: PersonId, over_at: Instant) -> Result<(), StoreFailure> {
        let forget = "DELETE FROM tokens WHERE person_id = $1 AND ends_us <= $2";
        self.execute(forget, &[named(person), over_at.into()]).map(drop)
    }

    /// People with a token of the time when tokens had no end, and its SHA-256.
    pub fn endless_tokens(&mut self) -> Result<Vec<(PersonId, Vec<u8>)>, StoreFailure> {
        self.query(
            "people",
            "SELECT person_id, token_hash FROM people WHERE token_hash IS NOT NULL AND erased_us IS NULL \
             ORDER BY person_id",
            &[],
            |row| Ok((row.parsed(0)?, row.bytes(1)?)),
        )
    }

    /// Gives a token of that time an end.
    pub fn give_end(&mut self, token: &TokenRow, token_hash: Vec<u8>) -> Result<(), StoreFailure> {
        self.add_token(token, token_hash)?;
        self.execute_on(
            ("person", token.person),
            "UPDATE people SET token_hash = NULL WHERE person_id = $1",
            &[named(token.person)],
        )
    }
}
