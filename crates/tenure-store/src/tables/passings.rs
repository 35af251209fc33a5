//! "Not mine": who said so of an identity, whom they passed it on to, and why.
//!
//! A passing waits until somebody owns the identity; that it was said stays, so that nobody is suggested again who
//! said no. People are known here by id alone. Next: `identities.rs`, the charters.

use super::identities::{IdentityRow, identity};
use crate::{Row, StoreFailure, Tx, value::named};
use serde::Serialize;
use tenure_model::{IdentityId, Instant, PersonId};

/// One "not mine".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassingRow {
    /// Of which identity.
    pub identity: IdentityId,
    /// Who said it.
    pub passed_by: PersonId,
    /// Who is to be asked instead, when they knew.
    pub asked: Option<PersonId>,
    /// Why.
    pub reason: String,
    /// When.
    pub passed: Instant,
    /// Since when somebody owns it; nothing while it waits.
    pub answered: Option<Instant>,
}

fn passing(row: &Row<'_>) -> Result<PassingRow, StoreFailure> {
    Ok(PassingRow {
        identity: row.parsed(0)?,
        passed_by: row.parsed(1)?,
        asked: row.opt_parsed(2)?,
        reason: row.text(3)?,
        passed: row.instant(4)?,
        answered: row.opt_instant(5)?,
    })
}

impl Tx<'_> {
    /// Writes "not mine" down; what the same person said of it before is replaced.
    pub fn pass_on(&mut self, passing: &PassingRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO passings (identity_id, passed_by, asked_id, reason, passed_us, answered_us) \
             VALUES ($1, $2, $3, $4, $5, NULL) ON CONFLICT (identity_id, passed_by) DO UPDATE SET \
             asked_id = excluded.asked_id, reason = excluded.reason, passed_us = excluded.passed_us, answered_us = NULL",
            &[
                named(passing.identity),
                named(passing.passed_by),
                passing.asked.map(|asked| asked.to_string()).into(),
                passing.reason.as_str().into(),
                passing.passed.into(),
            ],
        )?;
        Ok(())
    }

    /// Everything said of an identity, newest first, at most 100.
    pub fn passings_of(&mut self, of: IdentityId) -> Result<Vec<PassingRow>, StoreFailure> {
        self.query(
            "passings",
            "SELECT identity_id, passed_by, asked_id, reason, passed_us, answered_us FROM passings \
             WHERE identity_id = $1 ORDER BY passed_us DESC, passed_by LIMIT 100",
            &[named(of)],
            passing,
        )
    }

    /// Says that somebody owns it now: what was passed on does not wait any more.
    pub fn answer_passings(&mut self, of: IdentityId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE passings SET answered_us = $2 WHERE identity_id = $1 AND answered_us IS NULL",
            &[named(of), now.into()],
        )?;
        Ok(())
    }

    /// Identities that were passed on to this person and wait, by name, after a name and id. What they passed on
    /// themselves since then does not wait for them.
    pub fn passed_to(
        &mut self,
        asked: PersonId,
        after: Option<&(String, IdentityId)>,
        page_size: i64,
    ) -> Result<Vec<IdentityRow>, StoreFailure> {
        let (name, id) = after.map(|(name, id)| (name.clone(), id.to_string())).unwrap_or_default();
        self.query(
            "identities",
            "SELECT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, i.judged_us, i.class, i.risk_tier \
             FROM identities i WHERE i.identity_id IN (SELECT p.identity_id FROM passings p WHERE p.asked_id = $1 \
             AND p.answered_us IS NULL AND NOT EXISTS (SELECT 1 FROM passings mine WHERE mine.identity_id = p.identity_id \
             AND mine.passed_by = $1 AND mine.passed_us > p.passed_us)) AND (i.name, i.identity_id) > ($2, $3) \
             ORDER BY i.name, i.identity_id LIMIT $4",
            &[named(asked), name.into(), id.into(), page_size.into()],
            identity,
        )
    }
}
