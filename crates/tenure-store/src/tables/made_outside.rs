//! What was made although it had to be asked for: since when each source is watched for that, and what was found.
//!
//! A principal is written down once, with the two surveys between which it was made; a request that was asked for late is
//! written beside it, and it is never taken out. Whether the programme still asks, the judge says. It must never decide
//! what had to be asked for. Next: `tenure-engine/src/verbs/requests/outside.rs`, which does.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use tenure_model::{Facts, IdentityId, Instant, PrincipalId, RequestId, SourceId};

/// Since when what appears at a source is known not to have been there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestWatch {
    /// What was read and how, as a digest: another one, and what appears may have been there before.
    pub basis: String,
    /// When the last complete survey ended.
    pub absent: Instant,
}

/// A principal that appeared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeared {
    /// Its id.
    pub id: PrincipalId,
    /// Its identity.
    pub identity: IdentityId,
    /// In which extent it was seen.
    pub extent: String,
    /// What is known about it.
    pub facts: Facts,
}

/// A principal that was made where a request was needed, without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeOutsideRow {
    /// Which.
    pub principal: PrincipalId,
    /// Its identity.
    pub identity: IdentityId,
    /// The class it was of when it was first seen.
    pub class: String,
    /// When a complete survey ended that did not see it.
    pub absent: Instant,
    /// When the first complete survey ended that did.
    pub seen: Instant,
    /// The request that was asked for late and approved.
    pub request: Option<RequestId>,
}

/// How many were made outside and are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeOutsideCount {
    /// Of which nobody asked since.
    pub open: i64,
    /// Of which a request was asked for late, and approved.
    pub late: i64,
}

const APPEARED: &str = "SELECT p.principal_id, p.identity_id, p.extent, p.facts FROM principals p \
     WHERE p.principal_id > $2 AND COALESCE(p.source_id, '') = $1 AND p.first_seen_us > $3 AND p.presence = 'present' AND p.built_in = 0 \
     AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.principal_id = p.principal_id AND r.kind = 'create') \
     AND NOT EXISTS (SELECT 1 FROM made_outside m WHERE m.principal_id = p.principal_id) \
     ORDER BY p.principal_id LIMIT $4";

fn made_outside(row: &Row<'_>) -> Result<MadeOutsideRow, StoreFailure> {
    Ok(MadeOutsideRow {
        principal: row.parsed(0)?,
        identity: row.parsed(1)?,
        class: row.text(2)?,
        absent: row.instant(3)?,
        seen: row.instant(4)?,
        request: row.opt_parsed(5)?,
    })
}

impl Tx<'_> {
    /// Since when a source is watched; nothing where no complete survey began under a rule that asks for requests.
    pub fn request_watch(&mut self, source: SourceId) -> Result<Option<RequestWatch>, StoreFailure> {
        self.query_one(
            "request_watches",
            "SELECT basis, absent_us FROM request_watches WHERE source_id = $1",
            &[named(source)],
            |row| Ok(RequestWatch { basis: row.text(0)?, absent: row.instant(1)? }),
        )
    }

    /// A complete survey ended: what is first seen after it was not there.
    pub fn set_request_watch(&mut self, source: SourceId, watch: &RequestWatch) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO request_watches (source_id, basis, absent_us) VALUES ($1, $2, $3) \
             ON CONFLICT (source_id) DO UPDATE SET basis = excluded.basis, absent_us = excluded.absent_us",
            &[named(source), watch.basis.as_str().into(), watch.absent.into()],
        )?;
        Ok(())
    }

    /// What has to be asked for is other than it was: each source is watched anew from its next complete survey on.
    pub fn forget_request_watches(&mut self) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM request_watches", &[])?;
        Ok(())
    }

    /// Principals that are there and were first seen after an instant, that no request was used for and nothing is noted
    /// of, by id: at most `most` after `after`. Ids begin with when they were made, so only what is new is read.
    pub fn appeared_since(
        &mut self,
        source: SourceId,
        since: Instant,
        after: Option<PrincipalId>,
        most: i64,
    ) -> Result<Vec<Appeared>, StoreFailure> {
        let from = after.unwrap_or_else(|| PrincipalId::new(since, [0; 10]));
        self.query("principals", APPEARED, &[named(source), named(from), since.into(), most.into()], |row| {
            Ok(Appeared {
                id: row.parsed(0)?,
                identity: row.parsed(1)?,
                extent: row.text(2)?,
                facts: row.json(3)?,
            })
        })
    }

    /// Writes down that something was made outside, and has its identity judged again.
    pub fn add_made_outside(&mut self, new: &MadeOutsideRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO made_outside (principal_id, identity_id, class, absent_us, seen_us, request_id) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                named(new.principal),
                named(new.identity),
                new.class.as_str().into(),
                new.absent.into(),
                new.seen.into(),
                new.request.map(|id| id.to_string()).into(),
            ],
        )?;
        self.touch(new.identity, new.seen)
    }

    /// What of an identity was made outside, asked for late or not, by principal.
    pub fn made_outside_of(&mut self, identity: IdentityId) -> Result<Vec<MadeOutsideRow>, StoreFailure> {
        self.query(
            "made_outside",
            "SELECT m.principal_id, p.identity_id, m.class, m.absent_us, m.seen_us, m.request_id FROM principals p \
             JOIN made_outside m ON m.principal_id = p.principal_id WHERE p.identity_id = $1 ORDER BY m.principal_id",
            &[named(identity)],
            made_outside,
        )
    }

    /// Of one principal; nothing where it was not made outside.
    pub fn made_outside(&mut self, principal: PrincipalId) -> Result<Option<MadeOutsideRow>, StoreFailure> {
        self.query_one(
            "made_outside",
            "SELECT m.principal_id, p.identity_id, m.class, m.absent_us, m.seen_us, m.request_id FROM made_outside m \
             JOIN principals p ON p.principal_id = m.principal_id WHERE m.principal_id = $1",
            &[named(principal)],
            made_outside,
        )
    }

    /// A request that was asked for late was approved: it is not outside any more, and stays late. Of what was not made
    /// outside, or was asked for already, it is a conflict.
    pub fn set_asked_late(
        &mut self,
        principal: PrincipalId,
        request: RequestId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let Some(row) = self.made_outside(principal)?.filter(|row| row.request.is_none()) else {
            let why = String::from("it was not made outside of the process, or was asked for since");
            return Err(StoreFailure::Conflict { why });
        };
        self.execute(
            "UPDATE made_outside SET request_id = $2 WHERE principal_id = $1 AND request_id IS NULL",
            &[named(principal), named(request)],
        )?;
        self.touch(row.identity, now)
    }

    /// How many were made outside and are there.
    pub fn count_made_outside(&mut self) -> Result<MadeOutsideCount, StoreFailure> {
        let counted = self.query_one(
            "made_outside",
            "SELECT COUNT(CASE WHEN m.request_id IS NULL THEN 1 END), COUNT(m.request_id) FROM made_outside m \
             JOIN principals p ON p.principal_id = m.principal_id WHERE p.presence = 'present'",
            &[],
            |row| Ok(MadeOutsideCount { open: row.number(0)?, late: row.number(1)? }),
        )?;
        Ok(counted.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::APPEARED;
    use crate::schema::tests::sqlite_of_today;

    #[test]
    fn only_what_is_new_is_read() {
        let connection = sqlite_of_today();
        let explained = format!("EXPLAIN QUERY PLAN {}", APPEARED.replace('$', "?"));
        let mut asked = connection.prepare(&explained).unwrap();
        let steps: Vec<String> =
            asked.query_map(["s", "p", "0", "1"], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(
            steps.iter().any(|step| step.contains("SEARCH p") && step.contains("principal_id>?")),
            "{steps:?}"
        );
        assert!(!steps.iter().any(|step| step.contains("SCAN") || step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
