//! What each person owns: kept beside the charters, so that nobody's own things are looked for among everybody's.
//!
//! It is written with every charter and says nothing that a charter does not; a look is bounded, and what lies beyond it is
//! said to be there. People are known here by id alone. Next: `identities.rs`, the charters.

use super::identities::{IdentityRow, identity};
use crate::{StoreFailure, Tx, value::named};
use std::collections::BTreeSet;
use tenure_model::{Charter, IdentityId, Instant, PersonId, RiskTier, Severity, Standing};

/// Identities of one person that are looked at, at most.
pub const OWNED_LOOKED_AT: i64 = 20_000;

/// A finding that counts, of an identity that somebody owns and that does not stand as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFinding {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// The short form people type.
    pub handle: String,
    /// Its standing: due or lapsed.
    pub standing: Standing,
    /// How much it could cost.
    pub tier: Option<RiskTier>,
    /// How bad the finding is.
    pub severity: Severity,
    /// Since when it is open.
    pub opened: Instant,
}

const OWNED_FINDINGS: &str = "SELECT i.identity_id, i.name, i.handle, i.standing, i.risk_tier, f.severity, f.opened_us \
     FROM (SELECT identity_id FROM owned WHERE person_id = $1 ORDER BY identity_id LIMIT $4) o \
     JOIN identities i ON i.identity_id = o.identity_id JOIN findings f ON f.identity_id = i.identity_id \
     WHERE i.standing IN ('due', 'lapsed') AND f.closed_us IS NULL AND f.excepted_us IS NULL AND f.policy <> $2 \
     AND NOT EXISTS (SELECT 1 FROM dismissals d WHERE d.identity_id = f.identity_id AND d.policy = f.policy \
     AND d.subject = f.subject AND d.withdrawn_us IS NULL) ORDER BY i.identity_id, f.opened_us, f.finding_id LIMIT $3";

const WITH_FINDING: &str = "SELECT i.identity_id, i.name, i.handle, i.charter, i.enrolled, i.built_in, i.standing, i.due_us, i.judged_us, i.class, i.risk_tier \
     FROM (SELECT identity_id FROM owned WHERE person_id = $1 ORDER BY identity_id LIMIT $4) o \
     JOIN findings f ON f.identity_id = o.identity_id AND f.policy = $2 AND f.closed_us IS NULL \
     JOIN identities i ON i.identity_id = o.identity_id ORDER BY i.name, i.identity_id LIMIT $3";

impl Tx<'_> {
    /// Keeps who owns an identity, as its charter says.
    pub(super) fn set_owned(&mut self, id: IdentityId, charter: &Charter) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM owned WHERE identity_id = $1", &[named(id)])?;
        let owners: BTreeSet<PersonId> =
            [charter.business_owner, charter.technical_owner].into_iter().flatten().collect();
        for owner in owners {
            self.execute(
                "INSERT INTO owned (person_id, identity_id) VALUES ($1, $2)",
                &[named(owner), named(id)],
            )?;
        }
        Ok(())
    }

    /// Identities of this person of which a policy fails, by name; of the first [`OWNED_LOOKED_AT`] that are theirs.
    pub fn owned_with_finding(
        &mut self,
        owner: PersonId,
        policy: &str,
        most: i64,
    ) -> Result<Vec<IdentityRow>, StoreFailure> {
        let given = [named(owner), policy.into(), most.into(), OWNED_LOOKED_AT.into()];
        self.query("identities", WITH_FINDING, &given, identity)
    }

    /// Open findings that count, of what is due or lapsed and this person's, by identity; of the first
    /// [`OWNED_LOOKED_AT`] that are theirs. Without those of one policy.
    pub fn owned_findings(
        &mut self,
        owner: PersonId,
        without: &str,
        most: i64,
    ) -> Result<Vec<OwnedFinding>, StoreFailure> {
        let given = [named(owner), without.into(), most.into(), OWNED_LOOKED_AT.into()];
        self.query("findings", OWNED_FINDINGS, &given, |row| {
            Ok(OwnedFinding {
                identity: row.parsed(0)?,
                name: row.text(1)?,
                handle: row.text(2)?,
                standing: row.parsed(3)?,
                tier: row.opt_parsed(4)?,
                severity: row.parsed(5)?,
                opened: row.instant(6)?,
            })
        })
    }

    /// Whether somebody owns more than is looked at.
    pub fn owns_more_than_is_looked_at(&mut self, owner: PersonId) -> Result<bool, StoreFailure> {
        let sql = "SELECT identity_id FROM owned WHERE person_id = $1 ORDER BY identity_id LIMIT 1 OFFSET $2";
        let beyond: Option<IdentityId> =
            self.query_one("owned", sql, &[named(owner), OWNED_LOOKED_AT.into()], |row| row.parsed(0))?;
        Ok(beyond.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::{OWNED_FINDINGS, WITH_FINDING};
    use crate::schema::tests::sqlite_of_today;

    #[test]
    fn what_is_somebodys_own_is_read_off_an_index() {
        let connection = sqlite_of_today();
        for sql in [OWNED_FINDINGS, WITH_FINDING] {
            let explained = format!("EXPLAIN QUERY PLAN {}", sql.replace('$', "?"));
            let mut asked = connection.prepare(&explained).unwrap();
            let steps: Vec<String> = asked
                .query_map(rusqlite::params!["a", "b", 5, 9], |row| row.get(3))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let scans = |step: &&String| step.starts_with("SCAN ") && !step.contains("SCAN o");
            assert_eq!(steps.iter().find(scans), None, "{sql}: {steps:?}");
            assert!(steps.iter().any(|step| step.contains("person_id=?")), "{sql}: {steps:?}");
        }
    }
}
