//! Absence: what a survey did not see, of the extents that it read whole.
//!
//! It is computed against the set of what was seen, and applied only when the whole survey was believed (law 2).
//! What takes a row from an extent forgets what that held, so that an extent is recognised only while its rows are
//! those it was read with. Next: `tenure-engine/src/verbs/ending.rs`, which decides whether to believe it.

use super::{Seen, key};
use crate::{StoreFailure, Tx, value::named};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{CredentialId, IdentityId, Instant, Presence, PrincipalId, SourceId};

impl Tx<'_> {
    /// Counts principals of these extents that are believed present, and lists those not seen there. The
    /// table is read once, however many extents there are.
    pub fn missing_principals(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&str, &Seen>,
    ) -> Result<(i64, Vec<(PrincipalId, IdentityId)>), StoreFailure> {
        let mut present = 0;
        let mut missing = Vec::new();
        if extents.is_empty() {
            return Ok((present, missing));
        }
        self.query(
            "principals",
            "SELECT principal_id, identity_id, native_key, extent FROM principals \
             WHERE source_id = $1 AND presence = 'present'",
            &[named(source)],
            |row| {
                let Some(seen) = extents.get(row.text_ref(3)?) else { return Ok(()) };
                present += 1;
                if !seen.contains(&key(&["p", row.text_ref(2)?])) {
                    missing.push((row.parsed(0)?, row.parsed(1)?));
                }
                Ok(())
            },
        )?;
        Ok((present, missing))
    }

    /// How many principals of each extent are believed present.
    pub fn present_principals(&mut self, source: SourceId) -> Result<BTreeMap<String, i64>, StoreFailure> {
        let counted = self.query(
            "principals",
            "SELECT extent, COUNT(*) FROM principals WHERE source_id = $1 AND presence = 'present' GROUP BY extent",
            &[named(source)],
            |row| Ok((row.text(0)?, row.number(1)?)),
        )?;
        Ok(counted.into_iter().collect())
    }

    /// Marks principals as gone, with their live credentials, and forgets what the extents held that lose rows
    /// by it; returns the names of those.
    pub fn mark_gone(
        &mut self,
        principals: &[(PrincipalId, IdentityId)],
        now: Instant,
    ) -> Result<BTreeSet<String>, StoreFailure> {
        let mut bereft = BTreeSet::new();
        for (principal, identity) in principals {
            bereft.append(&mut self.forget_what_held(*principal)?);
            // A plan of ours may have ended it while the survey was reading: then it did not merely vanish.
            let presence = match self.claimed_dead(*principal)? {
                Some((level, required, _)) if level >= required => Presence::Retired,
                Some(_) => Presence::Unproven,
                None => Presence::Gone,
            };
            self.keep_past_principal(*principal, now)?;
            self.keep_past_live_credentials(*principal, now)?;
            self.keep_past_grants_of(*principal, now)?;
            self.execute(
                "UPDATE principals SET presence = $3, gone_us = COALESCE(gone_us, $2), changed_us = $2 \
                 WHERE principal_id = $1 AND presence = 'present'",
                &[named(*principal), now.into(), named(presence)],
            )?;
            self.execute(
                "UPDATE credentials SET state = 'gone', changed_us = $2 WHERE principal_id = $1 AND state NOT IN ('gone', 'removed')",
                &[named(*principal), now.into()],
            )?;
            self.execute("DELETE FROM grants WHERE principal_id = $1", &[named(*principal)])?;
            self.touch(*identity, now)?;
            self.touch_related(*principal, now)?;
        }
        Ok(bereft)
    }

    /// Forgets what the extents held from which credentials and rights of a principal were read; their names.
    fn forget_what_held(&mut self, principal: PrincipalId) -> Result<BTreeSet<String>, StoreFailure> {
        let found = self.query(
            "extents",
            "SELECT DISTINCT source_id, extent FROM grants WHERE principal_id = $1 UNION \
             SELECT source_id, extent FROM credentials WHERE principal_id = $1 AND state NOT IN ('gone', 'removed')",
            &[named(principal)],
            |row| Ok((row.parsed(0)?, row.text(1)?)),
        )?;
        for (source, extent) in &found {
            self.forget_digest(*source, extent)?;
        }
        Ok(found.into_iter().map(|(_, extent)| extent).collect())
    }

    /// Removes credentials, rights and copies of whole extents that were not seen; returns how many. The tables are
    /// read once, however many extents there are. `rights_seen` has how many rights were seen in an extent, where every
    /// one of them is known to have its row there still: as many rows are then those, and nothing is compared.
    pub fn sweep_extents(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&str, &Seen>,
        rights_seen: &BTreeMap<&str, i64>,
        now: Instant,
    ) -> Result<i64, StoreFailure> {
        if extents.is_empty() {
            return Ok(0);
        }
        let mut removed = self.sweep_credentials(source, extents, now)?;
        let with_rights_missing = self.with_rights_missing(source, extents, rights_seen)?;
        removed += self.sweep_grants(source, &with_rights_missing, now)?;
        for (extent, seen) in extents {
            removed += self.sweep_sightings(&[named(source), (*extent).into()], seen)?;
        }
        Ok(removed)
    }

    fn sweep_credentials(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&str, &Seen>,
        now: Instant,
    ) -> Result<i64, StoreFailure> {
        let mut absent: Vec<(CredentialId, IdentityId)> = Vec::new();
        self.query(
            "credentials",
            "SELECT c.credential_id, p.native_key, c.native_key, p.identity_id, c.extent FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id \
             WHERE c.source_id = $1 AND c.state NOT IN ('gone', 'removed')",
            &[named(source)],
            |row| {
                let Some(seen) = extents.get(row.text_ref(4)?) else { return Ok(()) };
                if !seen.contains(&key(&["c", row.text_ref(1)?, row.text_ref(2)?])) {
                    absent.push((row.parsed(0)?, row.parsed(3)?));
                }
                Ok(())
            },
        )?;
        let removed = i64::try_from(absent.len()).unwrap_or(i64::MAX);
        for (credential, identity) in absent {
            self.keep_past_credential(credential, now)?;
            self.execute(
                "UPDATE credentials SET state = 'gone', changed_us = $2 WHERE credential_id = $1",
                &[named(credential), now.into()],
            )?;
            self.touch(identity, now)?;
        }
        Ok(removed)
    }

    /// Those of the extents that hold other rights than were seen there, or may.
    fn with_rights_missing<'seen>(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&'seen str, &'seen Seen>,
        rights_seen: &BTreeMap<&str, i64>,
    ) -> Result<BTreeMap<&'seen str, &'seen Seen>, StoreFailure> {
        let mut held: BTreeMap<&str, i64> = extents.keys().map(|extent| (*extent, 0)).collect();
        self.query("grants", "SELECT extent FROM grants WHERE source_id = $1", &[named(source)], |row| {
            if let Some(count) = held.get_mut(row.text_ref(0)?) {
                *count += 1;
            }
            Ok(())
        })?;
        let may_lack = |extent: &str| match held.get(extent) {
            None | Some(0) => false,
            Some(count) => rights_seen.get(extent) != Some(count),
        };
        Ok(extents
            .iter()
            .filter(|(extent, _)| may_lack(extent))
            .map(|(extent, seen)| (*extent, *seen))
            .collect())
    }

    fn sweep_grants(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&str, &Seen>,
        now: Instant,
    ) -> Result<i64, StoreFailure> {
        let mut absent: Vec<([String; 4], IdentityId)> = Vec::new();
        if extents.is_empty() {
            return Ok(0);
        }
        // CROSS JOIN keeps SQLite from looking each right's principal up: rights stand in the order of theirs.
        self.query(
            "grants",
            "SELECT g.principal_id, g.resource, g.right_name, g.path, p.native_key, p.identity_id, g.extent \
             FROM principals p CROSS JOIN grants g \
             WHERE p.source_id = $1 AND g.principal_id = p.principal_id AND g.source_id = $1",
            &[named(source)],
            |row| {
                let Some(seen) = extents.get(row.text_ref(6)?) else { return Ok(()) };
                let parts = ["g", row.text_ref(4)?, row.text_ref(1)?, row.text_ref(2)?, row.text_ref(3)?];
                if !seen.contains(&key(&parts)) {
                    let row_key = [row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?];
                    absent.push((row_key, row.parsed(5)?));
                }
                Ok(())
            },
        )?;
        let removed = i64::try_from(absent.len()).unwrap_or(i64::MAX);
        for (row_key, identity) in absent {
            let values: Vec<crate::Value> = row_key.into_iter().map(Into::into).collect();
            self.keep_past_grant(&values, now)?;
            self.execute(
                "DELETE FROM grants WHERE principal_id = $1 AND resource = $2 AND right_name = $3 AND path = $4",
                &values,
            )?;
            self.touch(identity, now)?;
        }
        Ok(removed)
    }

    fn sweep_sightings(&mut self, place: &[crate::Value; 2], seen: &Seen) -> Result<i64, StoreFailure> {
        let sightings = self.query(
            "sightings",
            "SELECT place, principal_name FROM sightings WHERE source_id = $1 AND extent = $2",
            place,
            |row| Ok((row.text(0)?, row.text(1)?)),
        )?;
        let mut removed = 0;
        let [source, extent] = place;
        for (found_at, principal) in sightings {
            if !seen.contains(&key(&["s", &found_at, &principal])) {
                self.execute(
                    "DELETE FROM sightings WHERE source_id = $1 AND extent = $2 AND place = $3 AND principal_name = $4",
                    &[source.clone(), extent.clone(), found_at.into(), principal.into()],
                )?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
