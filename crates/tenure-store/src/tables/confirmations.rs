//! Confirmations: what a person answered when asked whether an identity is still needed as it is.
//!
//! Every answer stays; the last one says where the identity stands. People are known here by id alone. It must never
//! say whether an answer still counts: what was held then is kept, and the engine compares. Next: `identities.rs`.

use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tenure_model::{IdentityId, Instant, PersonId};

/// What a person answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "three answers, and for whom they were given")]
pub struct ConfirmationRow {
    /// About which identity.
    pub identity: IdentityId,
    /// When.
    pub at: Instant,
    /// Who.
    pub by: PersonId,
    /// Whether it is still needed.
    pub needed: bool,
    /// Whether its scope is still this.
    pub same_scope: bool,
    /// Whether its owners are still these.
    pub same_owners: bool,
    /// Whoever answered did not own it, and answered for those who do.
    pub for_owners: bool,
    /// Names what was shown: charter, rights and credentials.
    pub digest: String,
    /// The rights that it held, in words; none where there were too many to keep.
    pub rights: BTreeSet<String>,
    /// How many rights it held.
    pub rights_count: i64,
}

fn confirmation(row: &Row<'_>) -> Result<ConfirmationRow, StoreFailure> {
    Ok(ConfirmationRow {
        identity: row.parsed(0)?,
        at: row.instant(1)?,
        by: row.parsed(2)?,
        needed: row.flag(3)?,
        same_scope: row.flag(4)?,
        same_owners: row.flag(5)?,
        for_owners: row.flag(6)?,
        digest: row.text(7)?,
        rights: row.json(8)?,
        rights_count: row.number(9)?,
    })
}

impl Tx<'_> {
    /// Writes an answer down, and has the identity judged again. Two of one person at one instant are a conflict.
    pub fn confirm(&mut self, new: &ConfirmationRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO confirmations (identity_id, confirmed_us, person_id, needed, same_scope, same_owners, for_owners, \
             digest, rights, rights_count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                named(new.identity),
                new.at.into(),
                named(new.by),
                new.needed.into(),
                new.same_scope.into(),
                new.same_owners.into(),
                new.for_owners.into(),
                new.digest.as_str().into(),
                json(&new.rights)?,
                new.rights_count.into(),
            ],
        )?;
        self.touch(new.identity, new.at)
    }

    /// What was answered about an identity last.
    pub fn confirmed_last(&mut self, of: IdentityId) -> Result<Option<ConfirmationRow>, StoreFailure> {
        self.confirmed_last_then(of, Instant::MAX)
    }

    /// What had been answered about an identity last, at an instant.
    pub fn confirmed_last_then(
        &mut self,
        of: IdentityId,
        at: Instant,
    ) -> Result<Option<ConfirmationRow>, StoreFailure> {
        self.query_one(
            "confirmations",
            "SELECT identity_id, confirmed_us, person_id, needed, same_scope, same_owners, for_owners, digest, \
             rights, rights_count FROM confirmations WHERE identity_id = $1 AND confirmed_us <= $2 \
             ORDER BY confirmed_us DESC, person_id DESC LIMIT 1",
            &[named(of), at.into()],
            confirmation,
        )
    }

    /// Has everything judged again about which this person answered.
    pub(super) fn touch_confirmed_by(&mut self, person: PersonId, now: Instant) -> Result<(), StoreFailure> {
        let touched: Vec<IdentityId> = self.query(
            "confirmations",
            "SELECT DISTINCT identity_id FROM confirmations WHERE person_id = $1",
            &[named(person)],
            |row| row.parsed(0),
        )?;
        for identity in touched {
            self.touch(identity, now)?;
        }
        Ok(())
    }
}
