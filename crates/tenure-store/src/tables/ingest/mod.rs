//! Ingest: observations become rows, and rows no longer seen become absent.
//!
//! A page is written in one short transaction, so that a survey never holds the writer. Observations of one kind that
//! stand together in a page are looked up together (`known.rs`), and an unchanged row is not written again. Absence is
//! computed per extent against the set of what was seen (`absent.rs`). A page written to an extent forgets what the
//! extent held, so that an extent is recognised only while its rows are those it was read with. Next: `rights.rs`.

mod absent;
mod known;
mod rights;

use self::known::{Found, KnownCredential, KnownPrincipal, Owner, Owners};
use super::Mint;
use crate::{Row, StoreFailure, Tx, value::named};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
};
use tenure_model::{
    CredentialId, Extent, Facts, IdentityId, Instant, Observation, ObservedCredential, ObservedPrincipal,
    ObservedSighting, ObservedUse, Presence, PresenceEvent, PrincipalId, SourceId, lifecycle::Lifecycle as _,
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

/// How many observations at the beginning are of the same kind.
fn run_length(page: &[Observation]) -> usize {
    let kind = page.first().map(std::mem::discriminant);
    page.iter().take_while(|seen| Some(std::mem::discriminant(*seen)) == kind).count()
}

/// The observations of a run that are of one kind: all of them.
macro_rules! of_kind {
    ($run:expr, $kind:ident) => {
        $run.iter()
            .filter_map(|seen| if let Observation::$kind(seen) = seen { Some(seen) } else { None })
            .collect::<Vec<_>>()
    };
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

/// What a page keeps beside the rows: owners that were looked up, and identities to judge again.
type Beside<'page> = (&'page mut Owners, &'page mut BTreeSet<IdentityId>);

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

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
        while let Some(first) = rest.first() {
            let (run, after) = rest.split_at(run_length(rest));
            let (owners, touched) = (&mut owners, &mut touched);
            let written = match first {
                Observation::Principal(_) => {
                    self.ingest_principals(context, extent, &of_kind!(run, Principal), (owners, touched))?
                }
                Observation::Credential(_) => {
                    self.ingest_credentials(context, extent, &of_kind!(run, Credential), (owners, touched))?
                }
                Observation::Grant(_) => {
                    self.ingest_grants(context, extent, &of_kind!(run, Grant), (owners, touched))?
                }
                Observation::Use(_) => self.ingest_uses(context, &of_kind!(run, Use), (owners, touched))?,
                Observation::Sighting(_) => {
                    self.ingest_sightings(context, extent, &of_kind!(run, Sighting))?
                }
            };
            outcome.changed += written.changed;
            outcome.orphans += written.orphans;
            rest = after;
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

    fn ingest_principals(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        run: &[&ObservedPrincipal],
        (owners, touched): Beside<'_>,
    ) -> Result<PageOutcome, StoreFailure> {
        let mut outcome = PageOutcome::default();
        let mut together = self.known_principals(context, extent, run)?;
        for seen in run {
            let found = match together.take(seen.key.0.as_str()) {
                Found::Unknown => self.known_principals(context, extent, &[seen])?.take(seen.key.0.as_str()),
                found => found,
            };
            let (owner, is_changed) = match found {
                Found::Row(known) => self.update_principal(context, extent, (seen, known), touched)?,
                Found::Nothing | Found::Unknown => {
                    (self.insert_principal(context, extent, seen, touched)?, true)
                }
            };
            owners.insert(seen.key.clone(), Some(owner));
            outcome.changed += i64::from(is_changed);
        }
        Ok(outcome)
    }

    /// Writes a principal that is in the table, if it is not there as it was seen; whether it was not.
    fn update_principal(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        (seen, known): (&ObservedPrincipal, KnownPrincipal),
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<(Owner, bool), StoreFailure> {
        let owner = (known.id, known.identity);
        self.forget_if_moved(context, known.place)?;
        if known.same && known.presence == Presence::Present {
            return Ok((owner, false));
        }
        touched.insert(known.identity);
        let presence = known.presence.on(PresenceEvent::Seen).unwrap_or(Presence::Present);
        if known.presence != Presence::Present || known.name != seen.name {
            self.touch_related(known.id, context.mint.now)?;
        }
        if known.name != seen.name {
            let named_after = |name: &str| format!("{}/{name}", context.source_name);
            let names = (named_after(&known.name), named_after(&seen.name));
            self.rename_identity(known.identity, (&names.0, &names.1), context.mint.now)?;
        }
        self.keep_past_principal(known.id, context.mint.now)?;
        self.execute(
            "UPDATE principals SET name = $2, kind = $3, built_in = $4, facts = $5, charter_hint = $6, presence = $7, \
             extent = $8, changed_us = $9, gone_us = NULL, \
             returned_us = CASE WHEN presence = 'present' THEN returned_us ELSE $9 END WHERE principal_id = $1",
            &[
                named(known.id),
                seen.name.as_str().into(),
                named(seen.kind),
                seen.built_in.into(),
                facts_text(&seen.facts)?.into(),
                seen.charter_hint.clone().into(),
                named(presence),
                extent.0.as_str().into(),
                context.mint.now.into(),
            ],
        )?;
        Ok((owner, true))
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
        seen: &ObservedPrincipal,
        touched: &mut BTreeSet<IdentityId>,
    ) -> Result<Owner, StoreFailure> {
        let (now, randomness) = context.mint.parts();
        let identity = IdentityId::new(now, randomness);
        self.add_identity(identity, &format!("{}/{}", context.source_name, seen.name), seen.built_in, now)?;
        let (now, randomness) = context.mint.parts();
        let principal = PrincipalId::new(now, randomness);
        self.execute(
            "INSERT INTO principals (principal_id, source_id, native_key, name, kind, built_in, facts, charter_hint, presence, \
             identity_id, extent, first_seen_us, changed_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'present', $9, $10, $11, $11)",
            &[
                named(principal),
                named(context.source),
                seen.key.0.as_str().into(),
                seen.name.as_str().into(),
                named(seen.kind),
                seen.built_in.into(),
                facts_text(&seen.facts)?.into(),
                seen.charter_hint.clone().into(),
                named(identity),
                extent.0.as_str().into(),
                now.into(),
            ],
        )?;
        touched.insert(identity);
        Ok((principal, identity))
    }

    fn ingest_credentials(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        run: &[&ObservedCredential],
        (owners, touched): Beside<'_>,
    ) -> Result<PageOutcome, StoreFailure> {
        self.look_up_owners(context, run.iter().map(|seen| &seen.principal), owners)?;
        let held: Vec<(Owner, &ObservedCredential)> =
            run.iter().filter_map(|seen| Some(((*owners.get(&seen.principal)?)?, *seen))).collect();
        let mut outcome = PageOutcome { changed: 0, orphans: count(run.len().saturating_sub(held.len())) };
        let of_principals: Vec<_> = held.iter().map(|((principal, _), seen)| (*principal, *seen)).collect();
        let mut together = self.known_credentials(extent, &of_principals)?;
        for ((principal, identity), seen) in held {
            let key = (principal, seen.key.clone());
            let known = match together.take(&key) {
                Found::Unknown => self.known_credentials(extent, &[(principal, seen)])?.take(&key),
                found => found,
            };
            let known = match known {
                Found::Row(known) => Some(known),
                Found::Nothing | Found::Unknown => None,
            };
            if self.write_credential(context, extent, principal, (seen, known))? {
                outcome.changed += 1;
                touched.insert(identity);
            }
        }
        Ok(outcome)
    }

    /// Writes a credential that is not in the table as it was seen; whether it was not.
    fn write_credential(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        principal: PrincipalId,
        (seen, known): (&ObservedCredential, Option<KnownCredential>),
    ) -> Result<bool, StoreFailure> {
        let now = context.mint.now;
        if let Some(known) = &known {
            self.forget_if_moved(context, known.place)?;
        }
        if let Some(known) = known.as_ref().filter(|known| !known.same) {
            self.keep_past_credential(known.id, now)?;
        }
        let (credential, value_changed, former) = match known {
            Some(known) if known.same => return Ok(false),
            Some(known) if known.same_value => (known.id, known.value_changed, None),
            Some(known) => (known.id, Some(now), known.fingerprint),
            None => {
                let (now, randomness) = context.mint.parts();
                (CredentialId::new(now, randomness), None, None)
            }
        };
        if let Some(fingerprint) = &seen.fingerprint {
            self.touch_sharers(fingerprint, now)?;
        }
        let fingerprint = self.value_to_keep(principal, former, seen)?;
        self.execute(
            "INSERT INTO credentials (credential_id, principal_id, native_key, kind, state, fingerprint, valid_until_us, facts, \
             source_id, extent, first_seen_us, value_changed_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (principal_id, native_key) DO UPDATE SET kind = excluded.kind, state = excluded.state, \
             fingerprint = excluded.fingerprint, valid_until_us = excluded.valid_until_us, facts = excluded.facts, \
             extent = excluded.extent, value_changed_us = excluded.value_changed_us, changed_us = excluded.first_seen_us",
            &[
                named(credential),
                named(principal),
                seen.key.as_str().into(),
                named(seen.kind),
                named(seen.state),
                fingerprint.into(),
                seen.valid_until.into(),
                facts_text(&seen.facts)?.into(),
                named(context.source),
                extent.0.as_str().into(),
                now.into(),
                value_changed.into(),
            ],
        )?;
        Ok(true)
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
        let sharers = self.query(
            "credentials",
            "SELECT p.identity_id FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             WHERE c.fingerprint = $1 LIMIT 1000",
            &[fingerprint.into()],
            |row| row.parsed(0),
        )?;
        for identity in sharers.into_iter().collect::<BTreeSet<IdentityId>>() {
            self.touch(identity, now)?;
        }
        Ok(())
    }

    fn ingest_uses(
        &mut self,
        context: &IngestContext,
        run: &[&ObservedUse],
        (owners, touched): Beside<'_>,
    ) -> Result<PageOutcome, StoreFailure> {
        self.look_up_owners(context, run.iter().map(|seen| &seen.principal), owners)?;
        let mut outcome = PageOutcome::default();
        for seen in run {
            let Some((principal, identity)) = owners.get(&seen.principal).copied().flatten() else {
                outcome.orphans += 1;
                continue;
            };
            if self.write_use(principal, seen)? {
                outcome.changed += 1;
                touched.insert(identity);
            }
        }
        Ok(outcome)
    }

    fn write_use(&mut self, principal: PrincipalId, seen: &ObservedUse) -> Result<bool, StoreFailure> {
        let written = self.execute(
            "INSERT INTO uses (principal_id, consumer, bucket_us, seen_count) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (principal_id, consumer, bucket_us) DO UPDATE SET seen_count = excluded.seen_count \
             WHERE uses.seen_count < excluded.seen_count",
            &[named(principal), seen.consumer.as_str().into(), seen.bucket.into(), seen.count.into()],
        )?;
        Ok(written > 0)
    }

    fn ingest_sightings(
        &mut self,
        context: &IngestContext,
        extent: &Extent,
        run: &[&ObservedSighting],
    ) -> Result<PageOutcome, StoreFailure> {
        let mut outcome = PageOutcome::default();
        for seen in run {
            outcome.changed += i64::from(self.write_sighting(context, extent, seen)?);
        }
        Ok(outcome)
    }

    fn write_sighting(
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
}
