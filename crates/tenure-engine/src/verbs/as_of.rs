//! as of: the inventory, the standings and the programme as they were at an instant that is past.
//!
//! What was known then is answered, not what was learned since. What a survey saw is of the instant at which that survey began:
//! once those have ended, the answer for one instant is the same whenever it is asked for. It must never answer for a time of which nothing is kept, nor write. Next: `days.rs`, which closes each day with
//! the digest of its population.

use super::days::DayClosed;
use crate::{Engine, EngineFailure};
use serde::Serialize;
use std::time::Duration;
use tenure_evidence::{Entry, PopulationDigest, SAMPLE_MAX, Sampler};
use tenure_model::{IdentityId, Instant, PersonId};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        as_of::{
            CredentialThen, FiguresThen, FindingThen, GrantThen, IdentityThen, PrincipalThen, ThenQuery,
        },
        list_scan::Scanned,
    },
};

/// Rights that are shown of one identity, at most.
const RIGHTS_MAX: i64 = 1_000;
/// Entries that are shown of one identity, at most.
const ENTRIES_MAX: i64 = 200;
/// Identities that are read at once.
const BATCH: i64 = 5_000;

/// How things stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// At which instant.
    pub at: Instant,
    /// Since when what was is kept.
    pub kept_since: Instant,
    /// How many there were.
    pub figures: FiguresThen,
    /// The digest that the log holds of that day, where it is over and was closed.
    pub day: Option<DayClosed>,
}

/// One identity as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityAsOf {
    /// At which instant.
    pub at: Instant,
    /// The identity.
    pub identity: IdentityThen,
    /// Its business owner by name, where they are still there.
    pub business_owner: Option<String>,
    /// Its technical owner by name.
    pub technical_owner: Option<String>,
    /// Its principals.
    pub principals: Vec<PrincipalThen>,
    /// Their credentials.
    pub credentials: Vec<CredentialThen>,
    /// Their rights, at most a thousand.
    pub rights: Vec<GrantThen>,
    /// What was found against it.
    pub findings: Vec<FindingThen>,
    /// The programme that was in force.
    pub programme: Option<i64>,
    /// Entries of the log about it until then, the newest first: index, kind and time. At most two hundred.
    pub entries: Vec<EntryThen>,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryThen {
    /// Its leaf index.
    pub index: u64,
    /// What it records.
    pub kind: String,
    /// When.
    pub time: Instant,
}

/// Identities drawn from a population, so that anybody can draw them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// At which instant.
    pub at: Instant,
    /// How many the population had.
    pub population: u64,
    /// The SHA-256 of its lines.
    pub digest: String,
    /// What the log holds of that day, where it is over and was closed: the same, unless somebody changed what was.
    pub day: Option<DayClosed>,
    /// By what it was drawn.
    pub seed: String,
    /// Those drawn, in the order in which they were.
    pub identities: Vec<IdentityThen>,
}

/// The line of an identity in its population: canonical JSON, of version 1 for ever.
pub fn population_line(one: &IdentityThen) -> Result<String, EngineFailure> {
    let line = serde_json::json!({
        "version": 1,
        "id": one.id,
        "name": one.name,
        "standing": one.standing,
        "class": one.class,
        "risk_tier": one.tier,
        "claimed": one.enrolled,
        "built_in": one.built_in,
        "business_owner": one.charter.business_owner,
        "technical_owner": one.charter.technical_owner,
        "expires_at": one.charter.expires_at,
        "known_since": one.created,
    });
    let bytes = tenure_evidence::canonical_json(&line).map_err(EngineFailure::evidence)?;
    String::from_utf8(bytes).map_err(|error| EngineFailure::Refused { why: error.to_string() })
}

/// The end of the day in which an instant lies, in UTC: the last instant of it.
pub(super) fn end_of_day(at: Instant) -> Instant {
    let day = i64::try_from(Duration::from_hours(24).as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(at.as_micros().div_euclid(day).saturating_add(1).saturating_mul(day) - 1)
}

fn name_of(tx: &mut Tx<'_>, person: Option<PersonId>) -> Result<Option<String>, StoreFailure> {
    let found = person.map(|person| tx.person(person)).transpose()?.flatten();
    Ok(found.map(|person| person.name))
}

impl Engine {
    /// The instant that is meant: a day is its last instant in UTC, or now where it is today. One that is to come, or of
    /// which nothing is kept, is refused.
    pub async fn past_instant(&self, given: &str) -> Result<Instant, EngineFailure> {
        let refused = |why: String| EngineFailure::Refused { why };
        let now = self.clock.now();
        let at = Instant::parse_end(given).map_err(|_| {
            let given = tenure_model::printable(given, 40);
            refused(format!(
                "`{given}` is neither a day (2026-11-01) nor an instant in UTC (2026-11-01T12:00:00Z)"
            ))
        })?;
        let is_today = given.len() == 10 && end_of_day(at) == end_of_day(now);
        let at = if given.len() == 10 { end_of_day(at) } else { at };
        let at = if is_today { now } else { at };
        if at > now {
            return Err(refused(format!("{at:#} is to come: ask for a day that is past, or for today")));
        }
        let kept = self.kept_since().await?;
        if at < kept {
            return Err(refused(format!(
                "what was before {kept:#} is not kept here; the first day that can be asked for is {}",
                kept.to_string().get(..10).unwrap_or_default()
            )));
        }
        Ok(at)
    }

    /// Since when what was is kept.
    pub async fn kept_since(&self) -> Result<Instant, EngineFailure> {
        let kept = self.store.read("past_kept", |tx| tx.past_kept_since()).await?;
        Ok(kept.unwrap_or_else(|| self.clock.now()))
    }

    /// How things stood at an instant that [`Engine::past_instant`] answered. It reads whole tables.
    pub async fn as_of(&self, at: Instant) -> Result<AsOf, EngineFailure> {
        let figures = self.store.read("figures_then", move |tx| tx.figures_then(at)).await?;
        let day = if end_of_day(at) == at { self.day_closed(at).await? } else { None };
        Ok(AsOf { at, kept_since: self.kept_since().await?, figures, day })
    }

    /// Identities that Tenure knew at an instant, by id, one page after `after`.
    pub async fn identities_as_of(
        &self,
        at: Instant,
        wanted: ThenQuery,
        after: Option<IdentityId>,
        page_size: i64,
    ) -> Result<Scanned<IdentityThen, IdentityId>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| tx.identities_then(at, &wanted, after, page_size);
        Ok(self.store.read("identities_then", read).await?)
    }

    /// One identity as it was; it is found by what it is called now, by its handle or its id.
    pub async fn identity_as_of(&self, given: &str, at: Instant) -> Result<IdentityAsOf, EngineFailure> {
        let wanted = given.to_owned();
        let read = move |tx: &mut Tx<'_>| {
            let now = tx.find_identity(&wanted)?;
            let Some(identity) = tx.identity_then(now.id, at)? else { return Ok(Err(now.name)) };
            let business_owner = name_of(tx, identity.charter.business_owner)?;
            let technical_owner = name_of(tx, identity.charter.technical_owner)?;
            Ok(Ok(IdentityAsOf {
                at,
                business_owner,
                technical_owner,
                principals: tx.principals_then(now.id, at)?,
                credentials: tx.credentials_then(now.id, at)?,
                rights: tx.grants_then(now.id, at, RIGHTS_MAX)?,
                findings: tx.findings_then(now.id, at)?,
                programme: tx.programme_then(at)?,
                identity,
                entries: Vec::new(),
            }))
        };
        let found = self.store.read("identity_as_of", read).await?;
        let mut found = found.map_err(|name| EngineFailure::Refused {
            why: format!(
                "`{}` was not known at {at:#}: Tenure saw it later",
                tenure_model::printable(&name, 80)
            ),
        })?;
        found.entries = self.entries_until(found.identity.id, at).await?;
        Ok(found)
    }

    async fn entries_until(&self, id: IdentityId, at: Instant) -> Result<Vec<EntryThen>, EngineFailure> {
        let entries: Vec<(u64, Entry)> = self.entries_about_until(&id.to_string(), at, ENTRIES_MAX).await?;
        let then = entries.into_iter().map(|(index, entry)| EntryThen {
            index,
            kind: entry.kind,
            time: Instant::from_micros(entry.time_us),
        });
        Ok(then.collect())
    }

    /// Lines of the population at an instant, one page after `after`; with the id that each ends with.
    pub async fn population_page(
        &self,
        at: Instant,
        after: Option<IdentityId>,
        page_size: i64,
    ) -> Result<Vec<(IdentityId, String)>, EngineFailure> {
        let wanted = ThenQuery { built_in: true, ..ThenQuery::default() };
        let page = self.identities_as_of(at, wanted, after, page_size).await?.rows;
        page.iter().map(|one| Ok((one.id, population_line(one)?))).collect()
    }

    /// Goes through the whole population of an instant.
    async fn whole_population(
        &self,
        at: Instant,
        mut each: impl FnMut(IdentityThen),
    ) -> Result<PopulationDigest, EngineFailure> {
        let (mut digest, mut after) = (PopulationDigest::default(), None);
        loop {
            let wanted = ThenQuery { built_in: true, ..ThenQuery::default() };
            let page = self.identities_as_of(at, wanted, after, BATCH).await?.rows;
            let Some(last) = page.last() else { return Ok(digest) };
            after = Some(last.id);
            for one in page {
                digest.line(&population_line(&one)?);
                each(one);
            }
        }
    }

    /// How many there were at an instant, and the digest of their lines.
    pub async fn population_digest(&self, at: Instant) -> Result<(u64, String), EngineFailure> {
        let digest = self.whole_population(at, drop).await?;
        Ok((digest.lines(), digest.finish()))
    }

    /// Draws some of those that Tenure knew at an instant, built-in ones apart; by a seed that others should choose.
    pub async fn sample(&self, at: Instant, seed: String, size: usize) -> Result<Sample, EngineFailure> {
        let refused = |why: String| EngineFailure::Refused { why };
        if seed.trim().is_empty() || seed.chars().count() > 200 {
            return Err(refused(String::from(
                "the seed is one to 200 characters that whoever checks chooses: others could choose what is drawn",
            )));
        }
        if size == 0 || size > SAMPLE_MAX {
            return Err(refused(format!("a sample has 1 to {SAMPLE_MAX} identities")));
        }
        let mut sampler = Sampler::new(&seed, size);
        let look = |one: IdentityThen| {
            if !one.built_in {
                sampler.look(&one.id.to_string(), || one.clone());
            }
        };
        let digest = self.whole_population(at, look).await?;
        let population = digest.lines();
        let day = if end_of_day(at) == at { self.day_closed(at).await? } else { None };
        Ok(Sample { at, population, digest: digest.finish(), day, seed, identities: sampler.finish() })
    }
}
