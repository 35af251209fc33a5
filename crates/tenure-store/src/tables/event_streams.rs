//! Event streams: how far each has been told of the log, and what went wrong last.
//!
//! What is told is the log itself, so a place in it is all there is to keep: nothing waits here, nothing is lost, and a stream that
//! stood still for a week goes on where it stood. This file must never decide what is told. Next: `verbs/events/` of the engine.

use crate::{Row, StoreFailure, Tx};
use tenure_model::Instant;

/// A stream as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStreamRow {
    /// Its name.
    pub stream: String,
    /// The log it is a place in: a restored deployment has another.
    pub origin: String,
    /// The place in the log of what is told next.
    pub next_index: u64,
    /// How often that failed.
    pub attempts: i64,
    /// When it is tried next.
    pub next: Instant,
    /// When something was taken last.
    pub taken: Option<Instant>,
    /// Why the last try failed; nothing once something was taken.
    pub why: Option<String>,
    /// Since when there is such a stream.
    pub since: Instant,
}

macro_rules! select_streams {
    ($rest:literal) => {
        concat!(
            "SELECT stream, origin, next_index, attempts, next_us, taken_us, why, since_us FROM event_streams ",
            $rest
        )
    };
}

fn stream(row: &Row<'_>) -> Result<EventStreamRow, StoreFailure> {
    let damaged = |_| StoreFailure::Shape { table: "event_streams", why: String::from("a place below 0") };
    Ok(EventStreamRow {
        stream: row.text(0)?,
        origin: row.text(1)?,
        next_index: row.number(2)?.try_into().map_err(damaged)?,
        attempts: row.number(3)?,
        next: row.instant(4)?,
        taken: row.opt_instant(5)?,
        why: row.opt_text(6)?,
        since: row.instant(7)?,
    })
}

fn place(index: u64) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

impl Tx<'_> {
    /// Begins a stream at a place in the log.
    pub fn begin_event_stream(
        &mut self,
        (stream, origin): (&str, &str),
        next_index: u64,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO event_streams (stream, origin, next_index, attempts, next_us, since_us) VALUES ($1, $2, $3, 0, $4, $4)",
            &[stream.into(), origin.into(), place(next_index).into(), now.into()],
        )?;
        Ok(())
    }

    /// One stream.
    pub fn event_stream(&mut self, name: &str) -> Result<Option<EventStreamRow>, StoreFailure> {
        self.query_one("event_streams", select_streams!("WHERE stream = $1"), &[name.into()], stream)
    }

    /// All streams, by name.
    pub fn event_streams(&mut self) -> Result<Vec<EventStreamRow>, StoreFailure> {
        self.query("event_streams", select_streams!("ORDER BY stream"), &[], stream)
    }

    /// Writes down that everything before `next_index` was taken. Never takes a stream back.
    pub fn events_taken(
        &mut self,
        stream: &str,
        next_index: u64,
        taken: Option<Instant>,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE event_streams SET next_index = $2, attempts = 0, why = NULL, taken_us = COALESCE($3, taken_us) \
             WHERE stream = $1 AND next_index < $2",
            &[stream.into(), place(next_index).into(), taken.into()],
        )?;
        Ok(())
    }

    /// Writes down why what is at its place was not taken, and when that is tried again.
    pub fn events_failed(
        &mut self,
        stream: &str,
        at: u64,
        why: &str,
        next: Instant,
    ) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE event_streams SET attempts = attempts + 1, why = $3, next_us = $4 WHERE stream = $1 AND next_index = $2",
            &[stream.into(), place(at).into(), why.into(), next.into()],
        )?;
        Ok(())
    }

    /// Tries a stream at once, however often it failed.
    pub fn try_events_now(&mut self, stream: &str, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "UPDATE event_streams SET next_us = $2 WHERE stream = $1",
            &[stream.into(), now.into()],
        )?;
        Ok(())
    }

    /// Forgets a stream that is not configured any more.
    pub fn end_event_stream(&mut self, stream: &str) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM event_streams WHERE stream = $1", &[stream.into()])?;
        Ok(())
    }
}
