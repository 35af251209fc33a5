//! Telling one stream what comes next in the log. The place is written down after the other side took it: whoever is stopped in
//! between tells it again, with the same ids.

use super::{EventStream, EventWay};
use crate::{Engine, EngineFailure};
use serde_json::Value;
use std::time::Duration;
use tenure_events::{Event, NotTaken};
use tenure_evidence::{Entry, body_digest};
use tenure_model::Instant;
use tenure_store::{StoreFailure, Tx};

/// Entries that are read at once: so many are told twice after a crash, at most.
const ROUND: u64 = 50;
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// What became of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventsTold {
    /// Events that were taken.
    pub taken: u64,
    /// One was not: the stream stands still for a while.
    pub failed: bool,
    /// There may be more to tell right away.
    pub more: bool,
}

fn next_try(now: Instant, attempts: i64) -> Instant {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(20);
    now.plus(FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT))
}

/// What is next in the log for a stream.
struct Next {
    events: Vec<Event>,
    /// Where it goes on once they were taken.
    end: u64,
    attempts: i64,
    more: bool,
}

impl Engine {
    /// Tells a stream what comes next, one round of it. Nothing, while it waits after a failure.
    pub async fn tell_events(&self, stream: &EventStream) -> Result<EventsTold, EngineFailure> {
        let Some(next) = self.next_events(stream).await? else { return Ok(EventsTold::default()) };
        let (taken, failed) = self.send_events(stream, &next.events).await;
        let count = u64::try_from(taken).unwrap_or(u64::MAX);
        let (now, name) = (self.clock.now(), stream.name.clone());
        // Up to what was not taken; past what it does not tell of.
        let end = if failed.is_some() {
            next.events.get(taken).map_or(next.end, |one| one.index)
        } else {
            next.end
        };
        let why = failed.as_ref().map(ToString::to_string);
        if let Some(why) = &why {
            tracing::warn!(stream = %name, index = end, %why, "an event was not taken");
        }
        let attempts = if taken == 0 { next.attempts } else { 0 };
        let write = move |tx: &mut Tx<'_>| {
            tx.events_taken(&name, end, (count > 0).then_some(now))?;
            match &why {
                Some(why) => tx.events_failed(&name, end, why, next_try(now, attempts)),
                None => Ok(()),
            }
        };
        self.store.write("events_taken", write).await?;
        Ok(EventsTold { taken: count, failed: failed.is_some(), more: next.more && failed.is_none() })
    }

    async fn next_events(&self, stream: &EventStream) -> Result<Option<Next>, EngineFailure> {
        let (name, details, now) = (stream.name.clone(), stream.details, self.clock.now());
        let read = move |tx: &mut Tx<'_>| {
            let Some(row) = tx.event_stream(&name)? else { return Ok(None) };
            let (size, origin) = (tx.head()?.size, tx.log_origin()?);
            if row.next > now || row.next_index >= size {
                return Ok(None);
            }
            let end = size.min(row.next_index.saturating_add(ROUND));
            let mut found = Vec::new();
            for (index, bytes) in tx.leaves(row.next_index, end)? {
                let damaged = |error: tenure_evidence::EntryRefused| StoreFailure::LogDamaged {
                    why: error.to_string(),
                };
                let entry = Entry::decode(&bytes).map_err(damaged)?;
                let body = if details { body_of(tx, &entry)? } else { None };
                found.push(Event { origin: origin.clone(), index, entry, body });
            }
            Ok(Some(Next { events: found, end, attempts: row.attempts, more: end < size }))
        };
        let next = self.store.read("next_events", read).await?;
        Ok(next.map(|mut next| {
            next.events.retain(|one| stream.tells_of(&one.entry.kind, &one.entry.subject));
            next
        }))
    }

    /// How many were taken, and why the next one was not.
    async fn send_events(&self, stream: &EventStream, events: &[Event]) -> (usize, Option<NotTaken>) {
        match &stream.way {
            EventWay::Syslog(_) if events.is_empty() => (0, None),
            EventWay::Syslog(channel) => match channel.send(events, stream.format).await {
                Ok(()) => (events.len(), None),
                Err(why) => (0, Some(why)),
            },
            EventWay::Webhook(channel) => {
                for (taken, event) in events.iter().enumerate() {
                    if let Err(why) = channel.send(event, stream.format, self.clock.now()).await {
                        return (taken, Some(why));
                    }
                }
                (events.len(), None)
            }
        }
    }
}

/// What an entry commits to, if it is still there as it was recorded.
fn body_of(tx: &mut Tx<'_>, entry: &Entry) -> Result<Option<Value>, StoreFailure> {
    let kept = tx.body_of(&entry.id)?.filter(|(nonce, body)| body_digest(nonce, body) == entry.body_digest);
    Ok(kept.and_then(|(_, body)| serde_json::from_slice(&body).ok()))
}

#[cfg(test)]
mod tests {
    use super::next_try;
    use tenure_model::Instant;

    #[test]
    fn each_wait_is_twice_as_long_and_none_longer_than_ten_minutes() {
        let now = Instant::from_micros(0);
        let seconds = |attempts: i64| next_try(now, attempts).since(now).as_secs();
        assert_eq!([0, 1, 2, 5, 6, 20, i64::MAX].map(seconds), [10, 20, 40, 320, 600, 600, 600]);
    }
}
