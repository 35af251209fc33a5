//! What the inventory was: before a row is written over, it is kept with since when and until when it was so.
//!
//! A row that is there now says since when it is as it is; what it was before stands here, and both never overlap: at
//! every instant a thing was exactly one row, or none. Nothing here is ever changed; it is taken out only by
//! [`Tx::forget_past`], oldest first. It must never decide how long it is kept. Next: `as_of.rs`, which reads it.

use crate::{StoreFailure, Tx, Value, value::named};
use tenure_model::{Charter, CredentialId, EntryId, IdentityId, Instant, PrincipalId, SurveyState};

/// What a former charter and name were.
const CHARTER: &str = "INSERT INTO past_charters (identity_id, until_us, since_us, name, charter, enrolled) \
     SELECT identity_id, CAST($2 AS BIGINT), COALESCE(named_us, created_us), name, charter, enrolled FROM identities \
     WHERE identity_id = $1 AND COALESCE(named_us, created_us) < $2 ON CONFLICT DO NOTHING";
/// What it was judged to be. What was never judged had no standing that anybody could have relied on.
const STANDING: &str = "INSERT INTO past_standings (identity_id, until_us, since_us, standing, class, risk_tier) \
     SELECT identity_id, CAST($2 AS BIGINT), standing_us, standing, class, risk_tier FROM identities \
     WHERE identity_id = $1 AND standing_us < $2 ON CONFLICT DO NOTHING";
const PRINCIPAL: &str = "INSERT INTO past_principals (principal_id, until_us, since_us, name, kind, facts, presence) \
     SELECT principal_id, CAST($2 AS BIGINT), changed_us, name, kind, facts, presence FROM principals \
     WHERE principal_id = $1 AND changed_us < $2 ON CONFLICT DO NOTHING";

/// Credentials of one look.
macro_rules! credentials {
    ($meant:literal) => {
        concat!(
            "INSERT INTO past_credentials (credential_id, until_us, since_us, kind, state, fingerprint, valid_until_us, \
             value_changed_us, facts) SELECT credential_id, CAST($2 AS BIGINT), COALESCE(changed_us, first_seen_us), kind, state, \
             fingerprint, valid_until_us, value_changed_us, facts FROM credentials \
             WHERE COALESCE(changed_us, first_seen_us) < $2 AND ",
            $meant,
            " ON CONFLICT DO NOTHING"
        )
    };
}

/// Rights of one look; `$now` is the number of the instant.
macro_rules! grants {
    ($now:literal, $meant:literal) => {
        concat!(
            "INSERT INTO past_grants (principal_id, resource, right_name, path, until_us, since_us, grantable) \
             SELECT principal_id, resource, right_name, path, CAST(",
            $now,
            " AS BIGINT), COALESCE(changed_us, first_seen_us), grantable FROM grants \
             WHERE COALESCE(changed_us, first_seen_us) < ",
            $now,
            " AND ",
            $meant,
            " ON CONFLICT DO NOTHING"
        )
    };
}

/// How much was taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastForgotten {
    /// Rows of what was.
    pub rows: u64,
    /// Whether more of it is older than was asked for.
    pub more: bool,
}

impl Tx<'_> {
    /// Keeps name and charter of an identity as they are, before they change.
    pub(super) fn keep_past_charter(&mut self, id: IdentityId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(CHARTER, &[named(id), now.into()]).map(|_| ())
    }

    /// Keeps the standing, class and risk tier of an identity as they are, before they change.
    pub(super) fn keep_past_standing(&mut self, id: IdentityId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(STANDING, &[named(id), now.into()]).map(|_| ())
    }

    /// Keeps a principal as it is, before it changes.
    pub(super) fn keep_past_principal(&mut self, id: PrincipalId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(PRINCIPAL, &[named(id), now.into()]).map(|_| ())
    }

    /// Keeps a credential as it is, before it changes.
    pub(super) fn keep_past_credential(
        &mut self,
        id: CredentialId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(credentials!("credential_id = $1"), &[named(id), now.into()]).map(|_| ())
    }

    /// Keeps the credentials of a principal as they are, before those that are there vanish with it.
    pub(super) fn keep_past_live_credentials(
        &mut self,
        id: PrincipalId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let live = credentials!("principal_id = $1 AND state NOT IN ('gone', 'removed')");
        self.execute(live, &[named(id), now.into()]).map(|_| ())
    }

    /// Keeps the credentials of a principal as they are, before a plan of ours is said to have removed all of them.
    pub(super) fn keep_past_credentials(
        &mut self,
        id: PrincipalId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let not_removed = credentials!("principal_id = $1 AND state <> 'removed'");
        self.execute(not_removed, &[named(id), now.into()]).map(|_| ())
    }

    /// Keeps one right as it is, before it goes or changes; `row_key` is principal, resource, right and path.
    pub(super) fn keep_past_grant(&mut self, row_key: &[Value], now: Instant) -> Result<(), StoreFailure> {
        let values: Vec<Value> = row_key.iter().cloned().chain([now.into()]).collect();
        self.execute(
            grants!("$5", "principal_id = $1 AND resource = $2 AND right_name = $3 AND path = $4"),
            &values,
        )
        .map(|_| ())
    }

    /// Keeps the rights of a principal as they are, before all of them go.
    pub(super) fn keep_past_grants_of(&mut self, id: PrincipalId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(grants!("$2", "principal_id = $1"), &[named(id), now.into()]).map(|_| ())
    }

    /// Charters of an identity that were its own at any time since an instant and are not any more, at most a hundred.
    pub fn charters_since(&mut self, id: IdentityId, since: Instant) -> Result<Vec<Charter>, StoreFailure> {
        self.query(
            "past_charters",
            "SELECT charter FROM past_charters WHERE identity_id = $1 AND until_us > $2 ORDER BY until_us DESC LIMIT 100",
            &[named(id), since.into()],
            |row| row.json(0),
        )
    }

    /// Since when what was is kept; from now on, if it was not until now.
    pub fn begin_past(&mut self, now: Instant) -> Result<Instant, StoreFailure> {
        self.execute(
            "INSERT INTO past_kept (only_one, since_us) VALUES (1, $1) ON CONFLICT DO NOTHING",
            &[now.into()],
        )?;
        Ok(self.past_kept_since()?.unwrap_or(now))
    }

    /// Since when what was is kept; nothing where it is not.
    pub fn past_kept_since(&mut self) -> Result<Option<Instant>, StoreFailure> {
        self.query_one("past_kept", "SELECT since_us FROM past_kept WHERE only_one = 1", &[], |row| {
            row.instant(0)
        })
    }

    /// Up to which instant days were closed; nothing before the first one was.
    pub fn days_closed(&mut self) -> Result<Option<Instant>, StoreFailure> {
        let sql = "SELECT closed_us FROM past_kept WHERE only_one = 1";
        Ok(self.query_one("past_kept", sql, &[], |row| row.opt_instant(0))?.flatten())
    }

    /// Whether a survey that began until an instant still runs: what it writes down may be of before.
    pub fn is_survey_running_since(&mut self, until: Instant) -> Result<bool, StoreFailure> {
        let sql = "SELECT 1 FROM surveys WHERE state = $1 AND started_us <= $2 LIMIT 1";
        let found = self
            .query_one("surveys", sql, &[named(SurveyState::Running), until.into()], |row| row.number(0))?;
        Ok(found.is_some())
    }

    /// Says that days are closed up to `until`, if they were up to `from`; false where somebody else closed one meanwhile.
    pub fn close_day(&mut self, from: Option<Instant>, until: Instant) -> Result<bool, StoreFailure> {
        let closed = self.execute(
            "UPDATE past_kept SET closed_us = $1 WHERE only_one = 1 AND COALESCE(closed_us, 0) = $2",
            &[until.into(), from.map_or(0, Instant::as_micros).into()],
        )?;
        Ok(closed > 0)
    }

    /// Takes out bodies of entries that were written before an instant, at most `most`; the entries stay. Ids of entries
    /// begin with their time (UUIDv7).
    pub fn forget_bodies(&mut self, before: Instant, most: i64) -> Result<u64, StoreFailure> {
        let first = EntryId::new(before, [0; 10]);
        self.execute(
            "DELETE FROM bodies WHERE entry_id IN (SELECT entry_id FROM bodies WHERE entry_id < $1 ORDER BY entry_id LIMIT $2)",
            &[named(first), most.into()],
        )
    }

    /// Takes out what was over before an instant, at most `most` rows of each table. From the first row on nothing
    /// before that instant can be asked for.
    pub fn forget_past(&mut self, before: Instant, most: i64) -> Result<PastForgotten, StoreFailure> {
        self.execute(
            "UPDATE past_kept SET since_us = $1 WHERE only_one = 1 AND since_us < $1",
            &[before.into()],
        )?;
        let mut forgotten = PastForgotten::default();
        for statement in FORGET {
            let rows = self.execute(statement, &[before.into(), most.into()])?;
            forgotten.rows += rows;
            forgotten.more |= i64::try_from(rows).is_ok_and(|rows| rows >= most);
        }
        Ok(forgotten)
    }
}

/// What is over before an instant, of each table.
const FORGET: [&str; 5] = [
    "DELETE FROM past_standings WHERE (identity_id, until_us) IN (SELECT identity_id, until_us FROM past_standings \
     WHERE until_us <= $1 LIMIT $2)",
    "DELETE FROM past_charters WHERE (identity_id, until_us) IN (SELECT identity_id, until_us FROM past_charters \
     WHERE until_us <= $1 LIMIT $2)",
    "DELETE FROM past_principals WHERE (principal_id, until_us) IN (SELECT principal_id, until_us FROM past_principals \
     WHERE until_us <= $1 LIMIT $2)",
    "DELETE FROM past_credentials WHERE (credential_id, until_us) IN (SELECT credential_id, until_us FROM past_credentials \
     WHERE until_us <= $1 LIMIT $2)",
    "DELETE FROM past_grants WHERE (principal_id, resource, right_name, path, until_us) IN \
     (SELECT principal_id, resource, right_name, path, until_us FROM past_grants WHERE until_us <= $1 LIMIT $2)",
];
