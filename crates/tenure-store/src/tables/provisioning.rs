//! Provisioning tokens: what a directory shows to change its people and teams here, and nothing else.
//!
//! Known by the SHA-256 of their value alone, in a table of their own: one can never be taken for a person's token.
//! Each has an end. Next: `directory.rs`.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{Instant, TokenId};

/// One provisioning token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProvisioningTokenRow {
    /// Which.
    pub id: TokenId,
    /// When it was made.
    pub issued: Instant,
    /// From when on it counts for nothing.
    pub ends: Instant,
}

fn token(row: &Row<'_>) -> Result<ProvisioningTokenRow, StoreFailure> {
    Ok(ProvisioningTokenRow { id: row.parsed(0)?, issued: row.instant(1)?, ends: row.instant(2)? })
}

impl Tx<'_> {
    /// Writes a provisioning token down by the SHA-256 of its value.
    pub fn add_provisioning_token(
        &mut self,
        token: &ProvisioningTokenRow,
        hash: Vec<u8>,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO provisioning_tokens (token_id, token_hash, issued_us, ends_us) VALUES ($1, $2, $3, $4)",
            &[named(token.id), hash.into(), token.issued.into(), token.ends.into()],
        )?;
        Ok(())
    }

    /// The provisioning token whose value has this SHA-256, over or not.
    pub fn provisioning_token_of(
        &mut self,
        hash: &[u8],
    ) -> Result<Option<ProvisioningTokenRow>, StoreFailure> {
        self.query_one(
            "provisioning_tokens",
            "SELECT token_id, issued_us, ends_us FROM provisioning_tokens WHERE token_hash = $1",
            &[hash.to_vec().into()],
            token,
        )
    }

    /// All provisioning tokens, those over too, by their end.
    pub fn provisioning_tokens(&mut self) -> Result<Vec<ProvisioningTokenRow>, StoreFailure> {
        self.query(
            "provisioning_tokens",
            "SELECT token_id, issued_us, ends_us FROM provisioning_tokens ORDER BY ends_us, token_id",
            &[],
            token,
        )
    }

    /// Takes a provisioning token away.
    pub fn end_provisioning_token(&mut self, id: TokenId) -> Result<(), StoreFailure> {
        self.execute_on(
            ("provisioning token", id),
            "DELETE FROM provisioning_tokens WHERE token_id = $1",
            &[named(id)],
        )
    }
}
