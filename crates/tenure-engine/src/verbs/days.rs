//! days: each day that is over is closed with the digest of its population, and what is too old is taken out.
//!
//! A day is closed once, in the log: whoever changes afterwards what the inventory was is found out by anybody who holds the
//! lines. What is taken out by the programme's word is an entry too. It must never close a day that is not over, nor take
//! out what nobody said. Next: `as_of.rs`, the lines.

use super::as_of::end_of_day;
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::time::Duration;
use tenure_evidence::FactValue;
use tenure_model::Instant;
use tenure_store::Tx;

/// Days that are closed in one round, at most.
const DAYS_MAX: u32 = 31;
/// How long after its end a day is closed: what began before it may be written down a little later.
const SETTLED_AFTER: Duration = Duration::from_hours(2);
/// Rows of each table that are taken out in one transaction.
const CHUNK: i64 = 2_000;
/// Transactions of one round, at most: the next goes on.
const CHUNKS_MAX: u32 = 500;
const DAY: Duration = Duration::from_hours(24);

/// What the log holds of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayClosed {
    /// How many identities there were.
    pub count: i64,
    /// The SHA-256 of their lines.
    pub digest: String,
    /// The leaf that holds it.
    pub index: u64,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DaysKept {
    /// Days that were closed.
    pub closed: u32,
    /// Rows of what was that were taken out.
    pub rows: u64,
    /// Bodies of entries that were taken out.
    pub bodies: u64,
}

/// The subject of the entry of a day.
fn subject(end: Instant) -> String {
    format!("day:{}", end.to_string().get(..10).unwrap_or_default())
}

impl Engine {
    /// Closes every day that is over and is not closed yet, then takes out what is older than the programme says.
    pub async fn keep_days(&self) -> Result<DaysKept, EngineFailure> {
        let mut kept = DaysKept::default();
        while kept.closed < DAYS_MAX && self.close_next_day().await? {
            kept.closed += 1;
        }
        let rules = self.in_force().programme.retention.clone();
        let now = self.clock.now();
        if let Some(days) = rules.past_days {
            kept.rows = self.forget_past(now.minus(DAY * days)).await?;
        }
        if let Some(days) = rules.body_days {
            kept.bodies = self.forget_bodies(now.minus(DAY * days)).await?;
        }
        Ok(kept)
    }

    /// Closes the next day that is over; false where there is none.
    async fn close_next_day(&self) -> Result<bool, EngineFailure> {
        let read = |tx: &mut Tx<'_>| Ok((tx.past_kept_since()?, tx.days_closed()?));
        let (Some(since), closed) = self.store.read("days_closed", read).await? else { return Ok(false) };
        // What was taken out meanwhile cannot be closed any more.
        let begins = closed.map_or(since, |closed| closed.plus(Duration::from_micros(1))).max(since);
        let end = end_of_day(begins);
        let reading = move |tx: &mut Tx<'_>| tx.is_survey_running_since(end);
        if end.plus(SETTLED_AFTER) >= self.clock.now() || self.store.read("surveys_running", reading).await? {
            return Ok(false);
        }
        let (count, digest) = self.population_digest(end).await?;
        // The log is believed and not the table: a day that was closed is not closed anew, whatever it says by now.
        if let Some(before) = self.day_closed(end).await? {
            if before.digest != digest {
                let (day, index) = (subject(end), before.index);
                tracing::error!(
                    day,
                    index,
                    "what was on a day that is closed is not what the log says of it"
                );
            }
            let skip = move |tx: &mut Tx<'_>| tx.close_day(closed, end);
            return Ok(self.store.write("skip_day", skip).await?);
        }
        let entry = self.entry(
            Draft::new("day.closed", By::Tenure, subject(end))
                .number("count", i64::try_from(count).unwrap_or(i64::MAX))
                .text("digest", digest),
        )?;
        let write = move |tx: &mut Tx<'_>| {
            let is_ours = tx.close_day(closed, end)?;
            if is_ours {
                tx.entry(entry.clone())?;
            }
            Ok(is_ours)
        };
        Ok(self.store.write("close_day", write).await?)
    }

    /// What the log holds of the day that ends at `end`: its first entry, which no later one replaces.
    pub(super) async fn day_closed(&self, end: Instant) -> Result<Option<DayClosed>, EngineFailure> {
        let first = self.first_entry_about(&subject(end)).await?;
        Ok(first.filter(|(_, entry)| entry.kind == "day.closed").and_then(|(index, entry)| {
            let count = entry.facts.get("count").and_then(|fact| match fact {
                FactValue::Integer(count) => Some(*count),
                _ => None,
            })?;
            let digest = entry.facts.get("digest").and_then(|fact| match fact {
                FactValue::Text(digest) => Some(digest.clone()),
                _ => None,
            })?;
            Some(DayClosed { count, digest, index })
        }))
    }

    /// Takes out what was over before an instant. Whether anything is, is asked first: an entry says only what happened.
    async fn forget_past(&self, before: Instant) -> Result<u64, EngineFailure> {
        let mut rows = 0;
        for _ in 0..CHUNKS_MAX {
            let entry = self.entry(
                Draft::new("past.forgotten", By::Tenure, "inventory").text("before", format!("{before:#}")),
            )?;
            let write = move |tx: &mut Tx<'_>| {
                let forgotten = tx.forget_past(before, CHUNK)?;
                if forgotten.rows > 0 {
                    tx.entry(entry.clone())?;
                }
                Ok(forgotten)
            };
            let forgotten = self.store.write("forget_past", write).await?;
            rows += forgotten.rows;
            if !forgotten.more {
                break;
            }
        }
        Ok(rows)
    }

    /// Takes out bodies of entries that were written before an instant. The entries stay, and the log is whole.
    async fn forget_bodies(&self, before: Instant) -> Result<u64, EngineFailure> {
        let mut bodies = 0;
        for _ in 0..CHUNKS_MAX {
            let entry = self.entry(
                Draft::new("bodies.forgotten", By::Tenure, "inventory").text("before", format!("{before:#}")),
            )?;
            let write = move |tx: &mut Tx<'_>| {
                let taken = tx.forget_bodies(before, CHUNK)?;
                if taken > 0 {
                    tx.entry(entry.clone())?;
                }
                Ok(taken)
            };
            let taken = self.store.write("forget_bodies", write).await?;
            bodies += taken;
            if i64::try_from(taken).is_ok_and(|taken| taken < CHUNK) {
                break;
            }
        }
        Ok(bodies)
    }
}
