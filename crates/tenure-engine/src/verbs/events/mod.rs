//! events: other systems are told what the log holds, entry by entry, in order, at least once.
//!
//! What is told is the log: a stream is a place in it and a way out, and nothing is written for a stream that was not decided
//! already. Names and reasons leave only where the stream is configured to have them. A stream that fails stands still and is tried
//! again for ever; nothing is skipped. It decides nothing, and reads nothing of what is answered. `follow.rs` tells, here is what
//! people see of it. Next: `crates/tenure-events`, the forms and the ways.

mod follow;

pub use follow::EventsTold;

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tenure_events::{EventFormat, SyslogChannel, WebhookChannel};
use tenure_model::{DecisionRight, Instant, printable};
use tenure_store::{StoreFailure, Tx, tables::event_streams::EventStreamRow};

/// How long a test waits for its own event to be told.
const TEST_LOOKS: usize = 100;
const TEST_LOOK_EVERY: Duration = Duration::from_millis(50);

/// How events leave.
#[derive(Debug)]
pub enum EventWay {
    /// Each by a signed POST.
    Webhook(Box<WebhookChannel>),
    /// Many over one line of syslog.
    Syslog(SyslogChannel),
}

/// One stream, as it is configured.
#[derive(Debug)]
pub struct EventStream {
    /// Its name.
    pub name: String,
    /// How events leave.
    pub way: EventWay,
    /// The form they have.
    pub format: EventFormat,
    /// With what their kinds begin; all are told where there is none.
    pub kinds: Vec<String>,
    /// Names and reasons leave too.
    pub details: bool,
    /// A new stream begins with the first entry of the log, not with the next.
    pub from_beginning: bool,
}

/// A stream as people read it. Its address is not shown whole: a path may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventStreamShown {
    /// Its name.
    pub name: String,
    /// `webhook` or `syslog`.
    pub way: &'static str,
    /// The machine it goes to.
    pub to: String,
    /// `cloudevents` or `ocsf`.
    pub format: &'static str,
    /// With what kinds begin that it tells of; all where there is none.
    pub kinds: Vec<String>,
    /// Names and reasons leave too.
    pub details: bool,
    /// Since when there is such a stream.
    pub since: Instant,
    /// The place in the log of what is told next.
    pub next: u64,
    /// How many entries it is behind the log.
    pub behind: u64,
    /// When something was taken last.
    pub taken: Option<Instant>,
    /// How often what is next failed.
    pub attempts: i64,
    /// Why it failed last; nothing where it did not.
    pub why: Option<String>,
    /// When it is tried again; nothing where it did not fail.
    pub again: Option<Instant>,
}

impl EventStream {
    /// It tells of entries of this kind; always of those about itself.
    fn tells_of(&self, kind: &str, subject: &str) -> bool {
        let is_its_own = kind.starts_with("events.") && subject == self.name;
        is_its_own || self.kinds.is_empty() || self.kinds.iter().any(|begin| kind.starts_with(begin.as_str()))
    }

    const fn way(&self) -> &'static str {
        match self.way {
            EventWay::Webhook(_) => "webhook",
            EventWay::Syslog(_) => "syslog",
        }
    }

    fn to(&self) -> String {
        match &self.way {
            EventWay::Webhook(channel) => channel.address.authority().to_owned(),
            EventWay::Syslog(channel) => format!("{}:{}", channel.host, channel.port),
        }
    }
}

impl Engine {
    /// The streams that are configured.
    pub fn event_streams(&self) -> &[Arc<EventStream>] {
        &self.events
    }

    /// Begins streams that are new, each with an entry, and forgets those that are not configured any more. A log that a restore
    /// opened is told from its beginning.
    pub(crate) async fn keep_event_streams(&self) -> Result<(), EngineFailure> {
        let read = |tx: &mut Tx<'_>| Ok((tx.event_streams()?, tx.log_origin()?));
        let (kept, origin) = self.store.read("event_streams", read).await?;
        let is_kept = |row: &EventStreamRow| {
            row.origin == origin && self.events.iter().any(|one| one.name == row.stream)
        };
        let (kept, gone): (Vec<_>, Vec<_>) = kept.into_iter().partition(is_kept);
        for row in &gone {
            let next = i64::try_from(row.next_index).unwrap_or(i64::MAX);
            let entry =
                self.entry(Draft::new("events.ended", By::Tenure, &row.stream).number("next", next))?;
            let name = row.stream.clone();
            let end = move |tx: &mut Tx<'_>| {
                tx.end_event_stream(&name)?;
                tx.entry(entry.clone())
            };
            self.store.write("end_event_stream", end).await?;
        }
        for stream in self.events.iter().filter(|one| !kept.iter().any(|row| row.stream == one.name)) {
            let draft = Draft::new("events.begun", By::Tenure, &stream.name)
                .text("way", stream.way())
                .text("format", stream.format.as_str())
                .flag("details", stream.details);
            let (entry, now) = (self.entry(draft)?, self.clock.now());
            let (name, origin) = (stream.name.clone(), origin.clone());
            let whole = stream.from_beginning || gone.iter().any(|row| row.stream == stream.name);
            let begin = move |tx: &mut Tx<'_>| {
                let next = if whole { 0 } else { tx.count_entries()? };
                tx.begin_event_stream((&name, &origin), next, now)?;
                tx.entry(entry.clone())
            };
            self.store.write("begin_event_stream", begin).await?;
        }
        Ok(())
    }

    /// All streams, as people read them.
    pub async fn event_streams_shown(&self) -> Result<Vec<EventStreamShown>, EngineFailure> {
        let read = |tx: &mut Tx<'_>| Ok((tx.event_streams()?, tx.head()?.size));
        let (rows, size) = self.store.read("event_streams", read).await?;
        let of = |stream: &Arc<EventStream>| {
            let row = rows.iter().find(|row| row.stream == stream.name)?;
            Some(shown(stream, row, size))
        };
        Ok(self.events.iter().filter_map(of).collect())
    }

    /// Writes an entry for a stream to tell, and tries at once: what became of it is in the answer.
    pub async fn test_events(&self, actor: Actor, name: &str) -> Result<EventStreamShown, EngineFailure> {
        let found = self.events.iter().find(|one| one.name == name).cloned();
        let missing = || StoreFailure::Missing { noun: "event stream", given: printable(name, 60) };
        let stream = found.ok_or_else(missing)?;
        let by = By::Person(actor, Some(DecisionRight::Configure));
        let entry = self.entry(Draft::new("events.tested", by, &stream.name))?;
        let (now, wanted) = (self.clock.now(), stream.name.clone());
        let change = move |tx: &mut Tx<'_>| {
            tx.try_events_now(&wanted, now)?;
            tx.entry(entry.clone())?;
            tx.count_entries()
        };
        let end = self.write_as(actor, "test_events", change).await?;
        for _ in 0..TEST_LOOKS {
            self.tell_events(&stream).await?;
            let wanted = stream.name.clone();
            let row = self.store.read("event_stream", move |tx| tx.event_stream(&wanted)).await?;
            let row = row.ok_or_else(missing)?;
            if row.next_index >= end || row.why.is_some() {
                let size = self.store.read("head", |tx| tx.head()).await?.size;
                return Ok(shown(&stream, &row, size));
            }
            tokio::time::sleep(TEST_LOOK_EVERY).await;
        }
        let why = String::from("it was not told within a few seconds; `tenure events` says how far it is");
        Err(EngineFailure::Refused { why })
    }
}

fn shown(stream: &EventStream, row: &EventStreamRow, size: u64) -> EventStreamShown {
    EventStreamShown {
        name: stream.name.clone(),
        way: stream.way(),
        to: stream.to(),
        format: stream.format.as_str(),
        kinds: stream.kinds.clone(),
        details: stream.details,
        since: row.since,
        next: row.next_index,
        behind: size.saturating_sub(row.next_index),
        taken: row.taken,
        attempts: row.attempts,
        why: row.why.clone(),
        again: row.why.is_some().then_some(row.next),
    }
}

#[cfg(test)]
mod tests {
    use super::{EventStream, EventWay};
    use tenure_events::PrivateAddresses;
    use tenure_events::{EventFormat, SyslogChannel};

    #[test]
    fn a_stream_tells_of_the_kinds_it_was_told_and_always_of_itself() {
        let stream = |kinds: &[&str]| EventStream {
            name: String::from("siem"),
            way: EventWay::Syslog(SyslogChannel {
                host: String::from("localhost"),
                port: 6514,
                private: PrivateAddresses::Refused,
                authorities: Vec::new(),
            }),
            format: EventFormat::Ocsf,
            kinds: kinds.iter().map(|kind| String::from(*kind)).collect(),
            details: false,
            from_beginning: false,
        };
        let some = stream(&["plan.", "identity.made_outside"]);
        for kind in ["plan.settled", "identity.made_outside"] {
            assert!(some.tells_of(kind, "x"), "{kind}");
        }
        for kind in ["planet.seen", "identity.owned", "events.tested"] {
            assert!(!some.tells_of(kind, "x"), "{kind}");
        }
        assert!(some.tells_of("events.tested", "siem") && stream(&[]).tells_of("identity.owned", "x"));
    }
}
