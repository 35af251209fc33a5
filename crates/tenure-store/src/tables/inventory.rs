//! Reading the inventory: principals, their credentials, rights, uses and copies.
//!
//! Only the presence of a principal is written here, when a plan of ours settled; everything else is
//! written by `ingest.rs` from observations and must never come from anywhere else.

use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use tenure_model::{
    Charter, CredentialId, CredentialKind, CredentialState, Facts, IdentityId, Instant, Presence,
    PrincipalId, PrincipalKind, SourceId,
};

/// A principal as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalRow {
    /// Its id.
    pub id: PrincipalId,
    /// Where it is.
    pub source: SourceId,
    /// That source's name.
    pub source_name: String,
    /// Which connector reads it.
    pub system: String,
    /// Its key in the system.
    pub native_key: String,
    /// Its name in the system.
    pub name: String,
    /// What kind it is.
    pub kind: PrincipalKind,
    /// Part of the system itself.
    pub built_in: bool,
    /// What is known about it.
    pub facts: Facts,
    /// A comment found beside it.
    pub charter_hint: Option<String>,
    /// Whether it is there.
    pub presence: Presence,
    /// Whose principal it is.
    pub identity: IdentityId,
    /// When it was first seen.
    pub first_seen: Instant,
    /// When it went.
    pub gone: Option<Instant>,
    /// Since when its source is no longer read; what is said of it is of then.
    #[serde(skip)]
    pub unread_since: Option<Instant>,
}

/// A credential as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRow {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub principal: PrincipalId,
    /// That principal's name, with its source.
    pub holder: String,
    /// Its key within the principal.
    pub native_key: String,
    /// What kind it is.
    pub kind: CredentialKind,
    /// Whether it would be accepted.
    pub state: CredentialState,
    /// Keyed hash of the stored value.
    pub fingerprint: Option<String>,
    /// When the system stops accepting it.
    pub valid_until: Option<Instant>,
    /// What is known about it.
    pub facts: Facts,
    /// When it was first seen.
    pub first_seen: Instant,
    /// When a new value was first seen.
    pub value_changed: Option<Instant>,
}

/// A right as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// On what.
    pub resource: String,
    /// Which right.
    pub right: String,
    /// By which chain; empty when direct.
    pub path: Vec<String>,
    /// May pass it on.
    pub grantable: bool,
    /// Since when surveys see it; nothing where that was not asked for.
    #[serde(skip)]
    pub first_seen: Option<Instant>,
}

/// A use as it is kept, summed over its buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseRow {
    /// By whom or from where.
    pub consumer: String,
    /// The last hour it was seen in.
    pub last_seen: Instant,
    /// How many sessions were seen in all.
    pub count: i64,
}

/// Another principal that shares a name or a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Its name, with its source.
    pub name: String,
    /// Whose principal it is.
    pub identity: IdentityId,
    /// That identity's handle.
    pub handle: String,
    /// Whether it is there.
    pub presence: Presence,
}

/// Others that are named beside one, at most.
const RELATED_MAX: usize = 10;

fn related(row: &Row<'_>) -> Result<Related, StoreFailure> {
    Ok(Related {
        name: row.text(0)?,
        identity: row.parsed(1)?,
        handle: row.text(2)?,
        presence: row.parsed(3)?,
    })
}

pub(super) fn principal(row: &Row<'_>) -> Result<PrincipalRow, StoreFailure> {
    Ok(PrincipalRow {
        id: row.parsed(0)?,
        source: row.parsed(1)?,
        source_name: row.text(2)?,
        system: row.text(3)?,
        native_key: row.text(4)?,
        name: row.text(5)?,
        kind: row.parsed(6)?,
        built_in: row.flag(7)?,
        facts: row.json(8)?,
        charter_hint: row.opt_text(9)?,
        presence: row.parsed(10)?,
        identity: row.parsed(11)?,
        first_seen: row.instant(12)?,
        gone: row.opt_instant(13)?,
        unread_since: row.opt_instant(14)?,
    })
}

pub(super) fn credential(row: &Row<'_>) -> Result<CredentialRow, StoreFailure> {
    Ok(CredentialRow {
        id: row.parsed(0)?,
        principal: row.parsed(1)?,
        holder: row.text(2)?,
        native_key: row.text(3)?,
        kind: row.parsed(4)?,
        state: row.parsed(5)?,
        fingerprint: row.opt_text(6)?,
        valid_until: row.opt_instant(7)?,
        facts: row.json(8)?,
        first_seen: row.instant(9)?,
        value_changed: row.opt_instant(10)?,
    })
}

impl Tx<'_> {
    /// The principals of an identity.
    pub fn principals_of(&mut self, identity: IdentityId) -> Result<Vec<PrincipalRow>, StoreFailure> {
        self.query(
            "principals",
            "SELECT p.principal_id, p.source_id, s.name, s.system, p.native_key, p.name, p.kind, p.built_in, p.facts, \
             p.charter_hint, p.presence, p.identity_id, p.first_seen_us, p.gone_us, \
             COALESCE(s.removed_us, CASE WHEN s.back_us IS NULL THEN s.left_us END) FROM principals p \
             JOIN sources s ON s.source_id = p.source_id WHERE p.identity_id = $1 ORDER BY p.name, p.principal_id",
            &[named(identity)],
            principal,
        )
    }

    /// One principal.
    pub fn principal(&mut self, id: PrincipalId) -> Result<PrincipalRow, StoreFailure> {
        self.query_one(
            "principals",
            "SELECT p.principal_id, p.source_id, s.name, s.system, p.native_key, p.name, p.kind, p.built_in, p.facts, \
             p.charter_hint, p.presence, p.identity_id, p.first_seen_us, p.gone_us, \
             COALESCE(s.removed_us, CASE WHEN s.back_us IS NULL THEN s.left_us END) FROM principals p \
             JOIN sources s ON s.source_id = p.source_id WHERE p.principal_id = $1",
            &[named(id)],
            principal,
        )?
        .ok_or_else(|| StoreFailure::Missing { noun: "principal", given: id.to_string() })
    }

    /// True when a principal of this name was seen at a source and is there.
    pub fn is_present(&mut self, source: SourceId, name: &str) -> Result<bool, StoreFailure> {
        let found = self.query_one(
            "principals",
            "SELECT COUNT(*) FROM principals WHERE source_id = $1 AND name = $2 AND presence = 'present'",
            &[named(source), name.into()],
            |row| row.number(0),
        )?;
        Ok(found.unwrap_or(0) > 0)
    }

    /// One page of principals after an id, for lists.
    pub fn principals_page(
        &mut self,
        after: Option<PrincipalId>,
        page_size: i64,
    ) -> Result<Vec<PrincipalRow>, StoreFailure> {
        self.query(
            "principals",
            "SELECT p.principal_id, p.source_id, s.name, s.system, p.native_key, p.name, p.kind, p.built_in, p.facts, \
             p.charter_hint, p.presence, p.identity_id, p.first_seen_us, p.gone_us, \
             COALESCE(s.removed_us, CASE WHEN s.back_us IS NULL THEN s.left_us END) FROM principals p \
             JOIN sources s ON s.source_id = p.source_id WHERE p.principal_id > $1 ORDER BY p.principal_id LIMIT $2",
            &[after.map(|id| id.to_string()).unwrap_or_default().into(), page_size.into()],
            principal,
        )
    }

    /// The credentials of a principal.
    pub fn credentials_of(&mut self, principal: PrincipalId) -> Result<Vec<CredentialRow>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT c.credential_id, c.principal_id, s.name || '/' || p.name, c.native_key, c.kind, c.state, c.fingerprint, \
             c.valid_until_us, c.facts, c.first_seen_us, c.value_changed_us FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = c.source_id \
             WHERE c.principal_id = $1 ORDER BY c.native_key",
            &[named(principal)],
            credential,
        )
    }

    /// One page of credentials after an id, for lists.
    pub fn credentials_page(
        &mut self,
        after: Option<CredentialId>,
        page_size: i64,
    ) -> Result<Vec<CredentialRow>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT c.credential_id, c.principal_id, s.name || '/' || p.name, c.native_key, c.kind, c.state, c.fingerprint, \
             c.valid_until_us, c.facts, c.first_seen_us, c.value_changed_us FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = c.source_id \
             WHERE c.credential_id > $1 ORDER BY c.credential_id LIMIT $2",
            &[after.map(|id| id.to_string()).unwrap_or_default().into(), page_size.into()],
            credential,
        )
    }

    /// Holders of other live credentials with the same value, at sources that are read, at most 200.
    pub fn same_value_as(
        &mut self,
        credential: CredentialId,
        fingerprint: &str,
    ) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT s.name || '/' || p.name FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             JOIN sources s ON s.source_id = c.source_id WHERE c.fingerprint = $1 AND c.credential_id <> $2 \
             AND c.state NOT IN ('gone', 'removed') AND s.removed_us IS NULL ORDER BY 1 LIMIT 200",
            &[fingerprint.into(), named(credential)],
            |row| row.text(0),
        )
    }

    /// Of an authorised key, the others with an equal fingerprint, at any source that is read, by name; at most 200.
    /// Of anything else nothing: a private half beside its lock opens no second door.
    pub fn same_key_of_keys(
        &mut self,
        credential: CredentialId,
        fingerprint: &str,
    ) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT s.name || '/' || p.name FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             JOIN sources s ON s.source_id = c.source_id JOIN credentials mine ON mine.credential_id = $2 \
             JOIN principals me ON me.principal_id = mine.principal_id AND me.kind = 'key' \
             WHERE c.fingerprint = $1 AND c.credential_id <> $2 AND p.kind = 'key' AND p.presence = 'present' AND c.state NOT IN ('gone', 'removed') \
             AND s.removed_us IS NULL ORDER BY 1 LIMIT 200",
            &[fingerprint.into(), named(credential)],
            |row| row.text(0),
        )
    }

    /// Identities with an equal fingerprint and the charter of each, by name; at most 200.
    pub fn charters_with_value(
        &mut self,
        credential: CredentialId,
        fingerprint: &str,
    ) -> Result<Vec<(String, Charter)>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT DISTINCT s.name || '/' || p.name, i.charter FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = c.source_id \
             JOIN identities i ON i.identity_id = p.identity_id WHERE c.fingerprint = $1 AND c.credential_id <> $2 \
             AND c.state NOT IN ('gone', 'removed') AND p.presence = 'present' AND s.removed_us IS NULL ORDER BY 1 LIMIT 200",
            &[fingerprint.into(), named(credential)],
            |row| Ok((row.text(0)?, row.json(1)?)),
        )
    }

    /// Others of the same name at the same source whose presence is one of these, at most ten, newest first.
    pub fn namesakes(
        &mut self,
        principal: PrincipalId,
        presences: [Presence; 2],
    ) -> Result<Vec<Related>, StoreFailure> {
        self.query(
            "principals",
            "SELECT s.name || '/' || p.name, i.identity_id, i.handle, p.presence FROM principals me \
             JOIN principals p ON p.name = me.name AND p.source_id = me.source_id \
             JOIN sources s ON s.source_id = p.source_id JOIN identities i ON i.identity_id = p.identity_id \
             WHERE me.principal_id = $1 AND p.principal_id <> $1 AND p.presence IN ($2, $3) \
             ORDER BY p.principal_id DESC LIMIT 10",
            &[named(principal), named(presences[0]), named(presences[1])],
            related,
        )
    }

    /// Principals that were ended and held another credential with this value, at most ten, newest first; but for those
    /// whose plan said that this one goes on.
    pub fn ended_with_value(
        &mut self,
        credential: CredentialId,
        fingerprint: &str,
    ) -> Result<Vec<Related>, StoreFailure> {
        let ended = self.query(
            "credentials",
            "SELECT s.name || '/' || p.name, i.identity_id, i.handle, p.presence, p.principal_id, mine.principal_id FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = p.source_id \
             JOIN identities i ON i.identity_id = p.identity_id JOIN credentials mine ON mine.credential_id = $2 \
             WHERE c.fingerprint = $1 AND c.credential_id <> $2 \
             AND p.presence IN ('retired', 'unproven') ORDER BY p.principal_id DESC LIMIT 200",
            &[fingerprint.into(), named(credential)],
            |row| Ok((related(row)?, row.parsed(4)?, row.parsed(5)?)),
        )?;
        self.without_those_foretold(ended)
    }

    /// Principals that are there and hold, in force, a value that this one held, at most ten; but for those of which the
    /// plan that ended it said that they go on.
    pub fn alive_with_value_of(&mut self, principal: PrincipalId) -> Result<Vec<Related>, StoreFailure> {
        let alive = self.query(
            "credentials",
            "SELECT DISTINCT s.name || '/' || p.name, i.identity_id, i.handle, p.presence, p.principal_id FROM credentials mine \
             JOIN credentials c ON c.fingerprint = mine.fingerprint \
             JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = p.source_id \
             JOIN identities i ON i.identity_id = p.identity_id WHERE mine.principal_id = $1 AND p.principal_id <> $1 \
             AND p.presence = 'present' AND c.state NOT IN ('gone', 'removed') AND s.removed_us IS NULL \
             ORDER BY 1, 2 LIMIT 200",
            &[named(principal)],
            |row| Ok((related(row)?, principal, row.parsed(4)?)),
        )?;
        self.without_those_foretold(alive)
    }

    /// Of pairs of one that was ended and one that holds its value, those where nobody said that the holder goes on; at
    /// most ten.
    fn without_those_foretold(
        &mut self,
        pairs: Vec<(Related, PrincipalId, PrincipalId)>,
    ) -> Result<Vec<Related>, StoreFailure> {
        let mut kept = Vec::new();
        for (related, ended, holder) in pairs {
            if kept.len() < RELATED_MAX && !self.was_foretold(ended, holder)? {
                kept.push(related);
            }
        }
        Ok(kept)
    }

    /// Whether the plan that ended one principal named this holder of its value as one that goes on, and the holder has
    /// been there ever since.
    ///
    /// t0 the plan is made and names the holder; t1 it is carried out; t2 the holder goes; t3 it is there again: from t3 on
    /// it is a return, because what the plan named ended at t2.
    fn was_foretold(&mut self, ended: PrincipalId, holder: PrincipalId) -> Result<bool, StoreFailure> {
        let told: Option<(serde_json::Value, Instant)> = self.query_one(
            "plans",
            "SELECT blast_radius, created_us FROM plans WHERE principal_id = $1 AND kind = 'revoke' \
             AND state IN ('proved', 'short') ORDER BY plan_id DESC LIMIT 1",
            &[named(ended)],
            |row| Ok((row.json(0)?, row.instant(1)?)),
        )?;
        let Some((blast_radius, made)) = told else { return Ok(false) };
        let holder: Option<(String, Instant)> = self.query_one(
            "principals",
            "SELECT holder.native_key, COALESCE(holder.returned_us, holder.first_seen_us) FROM principals holder \
             JOIN principals ended ON ended.principal_id = $2 AND ended.source_id = holder.source_id \
             WHERE holder.principal_id = $1",
            &[named(holder), named(ended)],
            |row| Ok((row.text(0)?, row.instant(1)?)),
        )?;
        let Some((key, there_since)) = holder else { return Ok(false) };
        let names = |named: &serde_json::Value| {
            named.as_array().is_some_and(|keys| keys.iter().any(|one| *one == *key))
        };
        Ok(there_since <= made && blast_radius.get("goes_on").is_some_and(names))
    }

    /// True while a plan of ours is changing a principal.
    pub(crate) fn is_being_changed(&mut self, principal: PrincipalId) -> Result<bool, StoreFailure> {
        let found = self.query_one(
            "plans",
            "SELECT COUNT(*) FROM plans WHERE principal_id = $1 AND state IN ('running', 'undoing')",
            &[named(principal)],
            |row| row.number(0),
        )?;
        Ok(found.unwrap_or(0) > 0)
    }

    /// Marks for judging those whose facts speak of this principal's end: its namesakes, and whoever holds a
    /// value that it held. To be called whenever it is ended, or is there again.
    pub(crate) fn touch_related(&mut self, principal: PrincipalId, now: Instant) -> Result<(), StoreFailure> {
        let related: Vec<IdentityId> = self.query(
            "principals",
            "SELECT p.identity_id FROM principals me JOIN principals p ON p.name = me.name AND p.source_id = me.source_id \
             WHERE me.principal_id = $1 AND p.principal_id <> $1 UNION \
             SELECT p.identity_id FROM credentials mine JOIN credentials c ON c.fingerprint = mine.fingerprint \
             JOIN principals p ON p.principal_id = c.principal_id \
             WHERE mine.principal_id = $1 AND p.principal_id <> $1 LIMIT 1000",
            &[named(principal)],
            |row| row.parsed(0),
        )?;
        for identity in related {
            self.touch(identity, now)?;
        }
        Ok(())
    }

    /// Rights of a principal, at most `most`, by resource.
    pub fn grants_of(&mut self, principal: PrincipalId, most: i64) -> Result<Vec<GrantRow>, StoreFailure> {
        self.query(
            "grants",
            "SELECT resource, right_name, path, grantable, first_seen_us FROM grants WHERE principal_id = $1 \
             ORDER BY resource, right_name, path LIMIT $2",
            &[named(principal), most.into()],
            |row| {
                Ok(GrantRow {
                    resource: row.text(0)?,
                    right: row.text(1)?,
                    path: row.json(2)?,
                    grantable: row.flag(3)?,
                    first_seen: Some(row.instant(4)?),
                })
            },
        )
    }

    /// How many rights a principal holds, and how many things it owns.
    pub fn count_grants(&mut self, principal: PrincipalId) -> Result<(i64, i64), StoreFailure> {
        let counted = self.query_one(
            "grants",
            "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN right_name = 'owner' THEN 1 ELSE 0 END), 0) AS BIGINT) \
             FROM grants WHERE principal_id = $1",
            &[named(principal)],
            |row| Ok((row.number(0)?, row.number(1)?)),
        )?;
        let (all, owned) = counted.unwrap_or((0, 0));
        Ok((all - owned, owned))
    }

    /// Uses of a principal, newest first, at most `most` consumers.
    pub fn uses_of(&mut self, principal: PrincipalId, most: i64) -> Result<Vec<UseRow>, StoreFailure> {
        self.uses_then(principal, Instant::MAX, most)
    }

    /// Who had been seen using a principal until an instant, as far as that is still kept.
    pub fn uses_then(
        &mut self,
        principal: PrincipalId,
        at: Instant,
        most: i64,
    ) -> Result<Vec<UseRow>, StoreFailure> {
        self.query(
            "uses",
            "SELECT consumer, MAX(bucket_us), CAST(SUM(seen_count) AS BIGINT) FROM uses WHERE principal_id = $1 AND bucket_us <= $3 \
             GROUP BY consumer ORDER BY 2 DESC, consumer LIMIT $2",
            &[named(principal), most.into(), at.into()],
            |row| Ok(UseRow { consumer: row.text(0)?, last_seen: row.instant(1)?, count: row.number(2)? }),
        )
    }

    /// Places where copies of a principal's credential were seen.
    pub fn copies_of(&mut self, principal_name: &str) -> Result<Vec<(String, Instant)>, StoreFailure> {
        self.query(
            "sightings",
            "SELECT place, first_seen_us FROM sightings WHERE principal_name = $1 ORDER BY place LIMIT 100",
            &[principal_name.into()],
            |row| Ok((row.text(0)?, row.instant(1)?)),
        )
    }

    /// How many principals, credentials and rights a source holds now.
    pub fn count_inventory(&mut self, source: SourceId) -> Result<(i64, i64, i64), StoreFailure> {
        let mut count = |sql: &'static str| -> Result<i64, StoreFailure> {
            Ok(self.query_one("counts", sql, &[named(source)], |row| row.number(0))?.unwrap_or(0))
        };
        Ok((
            count("SELECT COUNT(*) FROM principals WHERE source_id = $1 AND presence = 'present'")?,
            count(
                "SELECT COUNT(*) FROM credentials WHERE source_id = $1 AND state NOT IN ('gone', 'removed')",
            )?,
            count("SELECT COUNT(*) FROM grants WHERE source_id = $1")?,
        ))
    }

    /// Says where a principal is after a plan of ours settled. Unless it is there again, its credentials
    /// are removed.
    pub fn set_presence(
        &mut self,
        id: PrincipalId,
        presence: Presence,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let source = self.query_one(
            "principals",
            "SELECT source_id FROM principals WHERE principal_id = $1",
            &[named(id)],
            |row| row.parsed(0),
        )?;
        // The row says now what no reading said: the next survey must look again, whatever it recognises.
        source.map_or(Ok(()), |source| self.forget_digests(source))?;
        self.touch_related(id, now)?;
        self.keep_past_principal(id, now)?;
        if presence == Presence::Present {
            return self.execute_on(
                ("principal", id),
                "UPDATE principals SET presence = 'present', changed_us = $2, gone_us = NULL WHERE principal_id = $1",
                &[named(id), now.into()],
            );
        }
        self.execute_on(
            ("principal", id),
            "UPDATE principals SET presence = $2, changed_us = $3, gone_us = COALESCE(gone_us, $3) WHERE principal_id = $1",
            &[named(id), named(presence), now.into()],
        )?;
        self.keep_past_credentials(id, now)?;
        self.execute(
            "UPDATE credentials SET state = 'removed', changed_us = $2 WHERE principal_id = $1 AND state <> 'removed'",
            &[named(id), now.into()],
        )?;
        Ok(())
    }
}
