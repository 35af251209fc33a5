//! Ingest: observations become rows, and rows no longer seen become absent.
//!
//! A page is written in one short transaction, so that a survey never holds the writer. An
//! unchanged row is not written again; rights of one principal that stand together in a page
//! are compared together, so a connector that gives them in that order is read faster. Absence
//! is computed per extent against the set of what was seen, and applied only when the whole
//! survey was believed (law 2). A page written to an extent forgets what the extent held; so does what
//! takes a row from one, so that an extent is recognised only while its rows are those it was read with.

use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};
use tenure_model::{
    CredentialId, Extent, Facts, IdentityId, Instant, Observation, ObservedCredential, ObservedGrant,
    ObservedPrincipal, ObservedSighting, ObservedUse, Presence, PresenceEvent, PrincipalId, PrincipalKey,
    SourceId, lifecycle::Lifecycle as _,
};

/// Whose observations are being written.
#[derive(Clone)]
pub struct IngestContext {
    /// The source.
    pub source: SourceId,
    /// Its name, for naming new identities.
    pub source_name: String,
    /// Ids and the present.
    pub mint: Mint,
}

/// What writing a page did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageOutcome {
    /// Rows that were new or different.
    pub changed: i64,
    /// Observations about a principal that was never seen; they are kept out and counted.
    pub orphans: i64,
}

/// Keys of what a survey saw, per extent, in 16 bytes each.
pub type Seen = HashSet<[u8; 16]>;

/// The key under which an observation is remembered as seen; uses are never absent.
pub fn seen_key(observation: &Observation) -> Option<[u8; 16]> {
    match observation {
        Observation::Principal(principal) => Some(key(&["p", &principal.key.0])),
        Observation::Credential(credential) => Some(key(&["c", &credential.principal.0, &credential.key])),
        Observation::Grant(grant) => {
            Some(key(&["g", &grant.principal.0, &grant.resource, &grant.right, &path_text(&grant.path)]))
        }
        Observation::Sighting(sighting) => Some(key(&["s", &sighting.place, &sighting.principal_name])),
        Observation::Use(_) => None,
    }
}

fn key(parts: &[&str]) -> [u8; 16] {
    let mut text = Vec::with_capacity(128);
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_le_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    let hash = tenure_evidence::leaf_hash(&text);
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    short
}

/// A path as it is kept, in JSON. Nearly all are empty.
fn path_text(path: &[String]) -> Cow<'static, str> {
    if path.is_empty() {
        return Cow::Borrowed("[]");
    }
    Cow::Owned(serde_json::to_string(path).unwrap_or_default())
}

/// Whether facts were kept before. Their JSON has one spelling, so the text is enough nearly always.
fn same_facts(row: &Row<'_>, column: usize, text: &str, facts: &Facts) -> Result<bool, StoreFailure> {
    Ok(row.text_ref(column)? == text || row.json::<Facts>(column)? == *facts)
}

fn facts_text(facts: &Facts) -> Result<String, StoreFailure> {
    serde_json::to_string(facts)
        .map_err(|error| StoreFailure::Shape { table: "json", why: error.to_string() })
}

/// How many observations at the beginning are rights of this principal.
fn run_length(principal: &PrincipalKey, page: &[Observation]) -> usize {
    let same =
        |seen: &&Observation| matches!(seen, Observation::Grant(grant) if grant.principal == *principal);
    page.iter().take_while(same).count()
}

/// Whether a row was last written from the extent being read, or is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Here,
    /// From another, which loses it.
    Elsewhere,
}

impl Place {
    fn of(kept: &str, extent: &Extent) -> Self {
        if kept == extent.0 { Self::Here } else { Self::Elsewhere }
    }
}

/// Rights of one principal that are in the table, in the order of their keys.
struct KnownGrants {
    rows: Vec<KnownGrant>,
    /// There were too many in between to take them all.
    cut: bool,
}

/// A right that is in the table.
struct KnownGrant {
    resource: String,
    right: String,
    path: String,
    grantable: bool,
    place: Place,
    /// It was not written since it was looked up.
    holds: bool,
}

impl KnownGrant {
    fn key(&self) -> [&str; 3] {
        [&self.resource, &self.right, &self.path]
    }
}

type Owners = HashMap<PrincipalKey, Option<(PrincipalId, IdentityId)>>;

impl Tx<'_> {
    /// Writes one page of observations of one extent, which holds something else from then on.
    pub fn ingest_page(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        page: &[Observation],
    ) -> Result<PageOutcome, StoreFailure> {
        let mut outcome = PageOutcome::default();
        let mut owners = Owners::new();
        let mut touched = BTreeSet::new();
        let mut rest = page;
        // Uses are of a moment: they are never absent, and no extent is recognised by them.
        if page.iter().any(|observation| !matches!(observation, Observation::Use(_))) {
            self.forget_digest(context.source, &extent.0)?;
        }
        while let Some((observation, after)) = rest.split_first() {
            if let Observation::Grant(grant) = observation {
                let (run, after) = rest.split_at(run_length(&grant.principal, rest));
                let written = self.ingest_grants(context, extent, run, &mut owners, &mut touched)?;
                outcome.changed += written.changed;
                outcome.orphans += written.orphans;
                rest = after;
                continue;
            }
            rest = after;
            let written = match observation {
                Observation::Principal(seen) => {
                    // What was looked up before it came may have been found missing.
                    owners.remove(&seen.key);
                    Some(self.ingest_principal(context, extent, seen, &mut touched)?)
                }
                Observation::Credential(seen) => {
                    self.ingest_credential(context, extent, seen, &mut owners, &mut touched)?
                }
                Observation::Grant(_) => continue,
                Observation::Use(seen) => self.ingest_use(context, seen, &mut owners, &mut touched)?,
                Observation::Sighting(seen) => Some(self.ingest_sighting(context, extent, seen)?),
            };
            match written {
                Some(true) => outcome.changed += 1,
                Some(false) => {}
                None => outcome.orphans += 1,
            }
        }
        for identity in touched {
            self.touch(identity, context.mint.now)?;
        }
        Ok(outcome)
    }

    /// Marks an identity for judging, because something that feeds its facts changed.
    pub fn touch(&mut self, identity: IdentityId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO touched (identity_id, since_us, times) VALUES ($1, $2, 1) \
             ON CONFLICT (identity_id) DO UPDATE SET times = touched.times + 1",
            &[named(identity), now.into()],
        )?;
        Ok(())
    }

    fn owner(
        &mut self,
        context: &IngestContext,
        principal: &PrincipalKey,
        owners: &mut Owners,
    ) -> Result<Option<(PrincipalId, IdentityId)>, StoreFailure> {
        if let Some(known) = owners.get(principal) {
            return Ok(*known);
        }
        let found = self.query_one(
            "principals",
            "SELECT principal_id, identity_id FROM principals WHERE source_id = $1 AND native_key = $2",
            &[named(context.source), principal.0.as_str().into()],
            |row| Ok((row.parsed(0)?, row.parsed(1)?)),
        )?;
        owners.insert(principal.clone(), found);
        Ok(found)
    }

    fn ingest_principal(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        seen: &ObservedPrincipal,
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<bool, StoreFailure> {
        let facts = facts_text(&seen.facts)?;
        let mut place = Place::Here;
        let known = self.query_one(
            "principals",
            "SELECT principal_id, identity_id, name, kind, built_in, facts, charter_hint, presence, extent FROM principals \
             WHERE source_id = $1 AND native_key = $2",
            &[named(context.source), seen.key.0.as_str().into()],
            |row| {
                let same = row.text_ref(2)? == seen.name
                    && row.text_ref(3)? == seen.kind.as_str()
                    && row.flag(4)? == seen.built_in
                    && same_facts(row, 5, &facts, &seen.facts)?
                    && row.opt_text(6)? == seen.charter_hint
                    && row.text_ref(8)? == extent.0;
                let presence: Presence = row.parsed(7)?;
                place = Place::of(row.text_ref(8)?, extent);
                Ok((row.parsed::<PrincipalId>(0)?, row.parsed::<IdentityId>(1)?, same, presence, row.text(2)?))
            },
        )?;
        self.forget_if_moved(context, place)?;
        match known {
            None => self.insert_principal(context, extent, (seen, facts), touched).map(|()| true),
            Some((_, _, true, Presence::Present, _)) => Ok(false),
            Some((principal, identity, _, presence_before, former_name)) => {
                touched.insert(identity);
                let presence = presence_before.on(PresenceEvent::Seen).unwrap_or(Presence::Present);
                if presence_before != Presence::Present || former_name != seen.name {
                    self.touch_related(principal, context.mint.now)?;
                }
                if former_name != seen.name {
                    let named_after = |name: &str| format!("{}/{name}", context.source_name);
                    self.rename_identity(identity, &named_after(&former_name), &named_after(&seen.name))?;
                }
                self.execute(
                    "UPDATE principals SET name = $2, kind = $3, built_in = $4, facts = $5, charter_hint = $6, presence = $7, \
                     extent = $8, changed_us = $9, gone_us = NULL WHERE principal_id = $1",
                    &[
                        named(principal),
                        seen.name.as_str().into(),
                        named(seen.kind),
                        seen.built_in.into(),
                        facts.into(),
                        seen.charter_hint.clone().into(),
                        named(presence),
                        extent.0.as_str().into(),
                        context.mint.now.into(),
                    ],
                )?;
                Ok(true)
            }
        }
    }

    /// A row that moves to the extent being read is missing in the one it was in, which may have been read already.
    fn forget_if_moved(&mut self, context: &IngestContext, place: Place) -> Result<(), StoreFailure> {
        match place {
            Place::Elsewhere => self.forget_digests(context.source),
            Place::Here => Ok(()),
        }
    }

    fn insert_principal(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        (seen, facts): (&ObservedPrincipal, String),
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<(), StoreFailure> {
        let (now, randomness) = context.mint.parts();
        let identity = IdentityId::new(now, randomness);
        self.add_identity(identity, &format!("{}/{}", context.source_name, seen.name), seen.built_in, now)?;
        let (now, randomness) = context.mint.parts();
        self.execute(
            "INSERT INTO principals (principal_id, source_id, native_key, name, kind, built_in, facts, charter_hint, presence, \
             identity_id, extent, first_seen_us, changed_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'present', $9, $10, $11, $11)",
            &[
                named(PrincipalId::new(now, randomness)),
                named(context.source),
                seen.key.0.as_str().into(),
                seen.name.as_str().into(),
                named(seen.kind),
                seen.built_in.into(),
                facts.into(),
                seen.charter_hint.clone().into(),
                named(identity),
                extent.0.as_str().into(),
                now.into(),
            ],
        )?;
        touched.insert(identity);
        Ok(())
    }

    fn ingest_credential(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        seen: &ObservedCredential,
        owners: &mut Owners,
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<Option<bool>, StoreFailure> {
        let Some((principal, identity)) = self.owner(context, &seen.principal, owners)? else {
            return Ok(None);
        };
        let facts = facts_text(&seen.facts)?;
        let mut place = Place::Here;
        let known = self.query_one(
            "credentials",
            "SELECT credential_id, kind, state, fingerprint, valid_until_us, facts, extent, value_changed_us FROM credentials \
             WHERE principal_id = $1 AND native_key = $2",
            &[named(principal), seen.key.as_str().into()],
            |row| {
                let same_value = row.opt_text(3)? == seen.fingerprint;
                let same = same_value
                    && row.text_ref(1)? == seen.kind.as_str()
                    && row.text_ref(2)? == seen.state.as_str()
                    && row.opt_instant(4)? == seen.valid_until
                    && same_facts(row, 5, &facts, &seen.facts)?
                    && row.text_ref(6)? == extent.0;
                place = Place::of(row.text_ref(6)?, extent);
                Ok((row.parsed::<CredentialId>(0)?, same, (same_value, row.opt_text(3)?), row.opt_instant(7)?))
            },
        )?;
        self.forget_if_moved(context, place)?;
        let now = context.mint.now;
        let (credential, value_changed, former) = match known {
            Some((_, true, ..)) => return Ok(Some(false)),
            Some((credential, _, (true, _), changed)) => (credential, changed, None),
            Some((credential, _, (false, former), _)) => (credential, Some(now), former),
            None => {
                let (now, randomness) = context.mint.parts();
                (CredentialId::new(now, randomness), None, None)
            }
        };
        touched.insert(identity);
        if let Some(fingerprint) = &seen.fingerprint {
            self.touch_sharers(fingerprint, now)?;
        }
        let fingerprint = self.value_to_keep(principal, former, seen)?;
        self.execute(
            "INSERT INTO credentials (credential_id, principal_id, native_key, kind, state, fingerprint, valid_until_us, facts, \
             source_id, extent, first_seen_us, value_changed_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (principal_id, native_key) DO UPDATE SET kind = excluded.kind, state = excluded.state, \
             fingerprint = excluded.fingerprint, valid_until_us = excluded.valid_until_us, facts = excluded.facts, \
             extent = excluded.extent, value_changed_us = excluded.value_changed_us",
            &[
                named(credential),
                named(principal),
                seen.key.as_str().into(),
                named(seen.kind),
                named(seen.state),
                fingerprint.into(),
                seen.valid_until.into(),
                facts.into(),
                named(context.source),
                extent.0.as_str().into(),
                now.into(),
                value_changed.into(),
            ],
        )?;
        Ok(Some(true))
    }

    /// What our own plan sets there on the way is not the value that is being revoked.
    fn value_to_keep(
        &mut self,
        principal: PrincipalId,
        former: Option<String>,
        seen: &ObservedCredential,
    ) -> Result<Option<String>, StoreFailure> {
        match former {
            Some(former) if self.is_being_changed(principal)? => Ok(Some(former)),
            Some(_) | None => Ok(seen.fingerprint.clone()),
        }
    }

    /// Identities that hold the same value are judged again: sharing is a fact about each of them.
    fn touch_sharers(&mut self, fingerprint: &str, now: Instant) -> Result<(), StoreFailure> {
        let sharers: Vec<IdentityId> = self.query(
            "credentials",
            "SELECT DISTINCT p.identity_id FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             WHERE c.fingerprint = $1 LIMIT 1000",
            &[fingerprint.into()],
            |row| row.parsed(0),
        )?;
        for identity in sharers {
            self.touch(identity, now)?;
        }
        Ok(())
    }

    /// Writes rights of one principal that stand together in a page.
    fn ingest_grants(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        run: &[Observation],
        owners: &mut Owners,
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<PageOutcome, StoreFailure> {
        let mut outcome = PageOutcome::default();
        let grants: Vec<&ObservedGrant> = run
            .iter()
            .filter_map(|seen| if let Observation::Grant(grant) = seen { Some(grant) } else { None })
            .collect();
        let Some(first) = grants.first() else { return Ok(outcome) };
        let Some((principal, identity)) = self.owner(context, &first.principal, owners)? else {
            outcome.orphans = i64::try_from(grants.len()).unwrap_or(i64::MAX);
            return Ok(outcome);
        };
        let mut known = self.known_grants(principal, extent, &grants)?;
        for grant in grants {
            let path = path_text(&grant.path);
            let key = [grant.resource.as_str(), grant.right.as_str(), &path];
            let at = known.rows.binary_search_by(|known| known.key().cmp(&key)).ok();
            if let Some(known) = at.and_then(|at| known.rows.get_mut(at)) {
                if known.holds && known.place == Place::Here && known.grantable == grant.grantable {
                    continue;
                }
                // It is written now, and what was looked up is what it was before.
                known.holds = false;
                self.forget_if_moved(context, known.place)?;
            } else if known.cut {
                let place = self.place_of_grant(principal, extent, &key)?;
                self.forget_if_moved(context, place)?;
            }
            if self.write_grant(context, extent, principal, grant)? {
                outcome.changed += 1;
                touched.insert(identity);
            }
        }
        Ok(outcome)
    }

    /// Rights of a principal that are in the table, among them those about to be written as far as they
    /// are there, in the order of their keys. One that is left out is merely written by itself.
    fn known_grants(
        &mut self,
        principal: PrincipalId,
        extent: &Extent,
        grants: &[&ObservedGrant],
    ) -> Result<KnownGrants, StoreFailure> {
        let resources = || grants.iter().map(|grant| grant.resource.as_str());
        let (Some(from), Some(to)) = (resources().min(), resources().max()) else {
            return Ok(KnownGrants { rows: Vec::new(), cut: false });
        };
        // A principal may hold millions of others in between.
        let most = i64::try_from(grants.len().saturating_mul(2)).unwrap_or(i64::MAX).saturating_add(64);
        let mut known = self.query(
            "grants",
            "SELECT resource, right_name, path, grantable, extent FROM grants \
             WHERE principal_id = $1 AND resource >= $2 AND resource <= $3 LIMIT $4",
            &[named(principal), from.into(), to.into(), most.into()],
            |row| {
                Ok(KnownGrant {
                    resource: row.text(0)?,
                    right: row.text(1)?,
                    path: row.text(2)?,
                    grantable: row.flag(3)?,
                    place: Place::of(row.text_ref(4)?, extent),
                    holds: true,
                })
            },
        )?;
        known.sort_unstable_by(|one, other| one.key().cmp(&other.key()));
        let cut = i64::try_from(known.len()).unwrap_or(i64::MAX) >= most;
        Ok(KnownGrants { rows: known, cut })
    }

    /// Where one right stands that was not looked up with the others.
    fn place_of_grant(
        &mut self,
        principal: PrincipalId,
        extent: &Extent,
        [resource, right, path]: &[&str; 3],
    ) -> Result<Place, StoreFailure> {
        let found = self.query_one(
            "grants",
            "SELECT extent FROM grants WHERE principal_id = $1 AND resource = $2 AND right_name = $3 AND path = $4",
            &[named(principal), (*resource).into(), (*right).into(), (*path).into()],
            |row| Ok(Place::of(row.text_ref(0)?, extent)),
        )?;
        Ok(found.unwrap_or(Place::Here))
    }

    fn write_grant(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        principal: PrincipalId,
        seen: &ObservedGrant,
    ) -> Result<bool, StoreFailure> {
        let written = self.execute(
            "INSERT INTO grants (principal_id, resource, right_name, path, grantable, source_id, extent, first_seen_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (principal_id, resource, right_name, path) DO UPDATE SET \
             grantable = excluded.grantable, extent = excluded.extent \
             WHERE grants.grantable <> excluded.grantable OR grants.extent <> excluded.extent",
            &[
                named(principal),
                seen.resource.as_str().into(),
                seen.right.as_str().into(),
                path_text(&seen.path).as_ref().into(),
                seen.grantable.into(),
                named(context.source),
                extent.0.as_str().into(),
                context.mint.now.into(),
            ],
        )?;
        Ok(written > 0)
    }

    fn ingest_use(
        &mut self,
        context: &IngestContext,
        seen: &ObservedUse,
        owners: &mut Owners,
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<Option<bool>, StoreFailure> {
        let Some((principal, identity)) = self.owner(context, &seen.principal, owners)? else {
            return Ok(None);
        };
        let written = self.execute(
            "INSERT INTO uses (principal_id, consumer, bucket_us, seen_count) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (principal_id, consumer, bucket_us) DO UPDATE SET seen_count = excluded.seen_count \
             WHERE uses.seen_count < excluded.seen_count",
            &[named(principal), seen.consumer.as_str().into(), seen.bucket.into(), seen.count.into()],
        )?;
        if written > 0 {
            touched.insert(identity);
        }
        Ok(Some(written > 0))
    }

    fn ingest_sighting(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        seen: &ObservedSighting,
    ) -> Result<bool, StoreFailure> {
        let written = self.execute(
            "INSERT INTO sightings (source_id, extent, place, principal_name, fingerprint, towards, first_seen_us) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source_id, extent, place, principal_name) DO UPDATE SET \
             fingerprint = excluded.fingerprint, towards = excluded.towards \
             WHERE COALESCE(sightings.fingerprint, '') <> COALESCE(excluded.fingerprint, '') \
             OR COALESCE(sightings.towards, '') <> COALESCE(excluded.towards, '')",
            &[
                named(context.source),
                extent.0.as_str().into(),
                seen.place.as_str().into(),
                seen.principal_name.as_str().into(),
                seen.fingerprint.clone().into(),
                seen.towards.clone().into(),
                context.mint.now.into(),
            ],
        )?;
        Ok(written > 0)
    }

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
            self.execute(
                "UPDATE principals SET presence = $3, gone_us = COALESCE(gone_us, $2), changed_us = $2 \
                 WHERE principal_id = $1 AND presence = 'present'",
                &[named(*principal), now.into(), named(presence)],
            )?;
            self.execute(
                "UPDATE credentials SET state = 'gone' WHERE principal_id = $1 AND state <> 'removed'",
                &[named(*principal)],
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

    /// Removes credentials, rights and copies of a whole extent that were not seen; returns how many.
    pub fn sweep_extent(
        &mut self,
        source: SourceId,
        extent: &str,
        seen: &Seen,
        now: Instant,
    ) -> Result<i64, StoreFailure> {
        self.sweep_extents(source, &BTreeMap::from([(extent, seen)]), now)
    }

    /// The same for several extents at once: the tables are read once, however many there are.
    pub fn sweep_extents(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&str, &Seen>,
        now: Instant,
    ) -> Result<i64, StoreFailure> {
        if extents.is_empty() {
            return Ok(0);
        }
        let mut removed = self.sweep_credentials(source, extents, now)?;
        removed += self.sweep_grants(source, extents, now)?;
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
        let mut absent: Vec<(String, IdentityId)> = Vec::new();
        self.query(
            "credentials",
            "SELECT c.credential_id, p.native_key, c.native_key, p.identity_id, c.extent FROM credentials c \
             JOIN principals p ON p.principal_id = c.principal_id \
             WHERE c.source_id = $1 AND c.state NOT IN ('gone', 'removed')",
            &[named(source)],
            |row| {
                let Some(seen) = extents.get(row.text_ref(4)?) else { return Ok(()) };
                if !seen.contains(&key(&["c", row.text_ref(1)?, row.text_ref(2)?])) {
                    absent.push((row.text(0)?, row.parsed(3)?));
                }
                Ok(())
            },
        )?;
        let removed = i64::try_from(absent.len()).unwrap_or(i64::MAX);
        for (credential, identity) in absent {
            self.execute(
                "UPDATE credentials SET state = 'gone' WHERE credential_id = $1",
                &[credential.into()],
            )?;
            self.touch(identity, now)?;
        }
        Ok(removed)
    }

    fn sweep_grants(
        &mut self,
        source: SourceId,
        extents: &BTreeMap<&str, &Seen>,
        now: Instant,
    ) -> Result<i64, StoreFailure> {
        let mut absent: Vec<([String; 4], IdentityId)> = Vec::new();
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
