//! What lies beside an identity: others with the same value, and others whose name begins alike.
//!
//! Names begin with the source and, where a thing has one, its folder. It must never write, nor look through a whole
//! table. Next: `inventory.rs`.

use super::identities::{IdentityRow, identity};
use crate::{StoreFailure, Tx, value::named};
use tenure_model::IdentityId;

/// Others looked at, at most.
const OTHERS_MAX: i64 = 20;

impl Tx<'_> {
    /// Other identities that hold, in force, a value that this one holds, at most twenty.
    pub fn identities_with_value_of(&mut self, of: IdentityId) -> Result<Vec<IdentityRow>, StoreFailure> {
        self.query(
            "identities",
            "SELECT DISTINCT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, \
             i.judged_us, i.class, i.risk_tier FROM principals me JOIN credentials mine ON mine.principal_id = me.principal_id \
             JOIN credentials c ON c.fingerprint = mine.fingerprint JOIN principals p ON p.principal_id = c.principal_id \
             JOIN identities i ON i.identity_id = p.identity_id WHERE me.identity_id = $1 AND i.identity_id <> $1 \
             AND mine.state NOT IN ('gone', 'removed') AND c.state NOT IN ('gone', 'removed') \
             ORDER BY i.name, i.identity_id LIMIT $2",
            &[named(of), OTHERS_MAX.into()],
            identity,
        )
    }

    /// Identities somebody owns whose name begins with this, by name, at most twenty.
    pub fn owned_beside(&mut self, beginning: &str) -> Result<Vec<IdentityRow>, StoreFailure> {
        self.query(
            "identities",
            "SELECT identity_id, name, handle, charter, enrolled, built_in, standing, due_us, judged_us, class, risk_tier FROM identities \
             WHERE name >= $1 AND name < $2 AND charter LIKE '%\\_owner\":\"%' ESCAPE '\\' \
             ORDER BY name, identity_id LIMIT $3",
            &[beginning.into(), format!("{beginning}\u{10ffff}").into(), OTHERS_MAX.into()],
            identity,
        )
    }

    /// Other principals at the source of one, of this name, and whose they are: the account a key opens, say.
    pub fn identity_named_at(
        &mut self,
        source: tenure_model::SourceId,
        principal_name: &str,
    ) -> Result<Option<IdentityRow>, StoreFailure> {
        self.query_one(
            "identities",
            "SELECT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, i.judged_us, i.class, i.risk_tier \
             FROM principals p JOIN identities i ON i.identity_id = p.identity_id \
             WHERE p.name = $2 AND p.source_id = $1 AND p.presence = 'present' ORDER BY p.principal_id LIMIT 1",
            &[named(source), principal_name.into()],
            identity,
        )
    }
}
