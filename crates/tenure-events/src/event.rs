//! One entry of the log on its way out, and why it was not taken.
//!
//! An event says what the entry says, and what its body says where that goes with it. It must never hold more than that, nor anything
//! of what the other side answered. Next: `cloud_event.rs`, `ocsf.rs`, how it reads.

use crate::{cloud_event, ocsf};
use serde_json::{Map, Value, json};
use tenure_call::CallFailed;
use tenure_evidence::{Entry, FactValue, canonical_json};
use tenure_model::Instant;

/// The form that events have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventFormat {
    /// CloudEvents 1.0 in its structured JSON form.
    CloudEvents,
    /// The Open Cybersecurity Schema Framework, 1.5.
    Ocsf,
}

impl EventFormat {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CloudEvents => "cloudevents",
            Self::Ocsf => "ocsf",
        }
    }

    /// What the header `content-type` says of it.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::CloudEvents => "application/cloudevents+json; charset=utf-8",
            Self::Ocsf => "application/json; charset=utf-8",
        }
    }
}

/// One entry of the log, as others are told of it.
#[derive(Debug, Clone)]
pub struct Event {
    /// The log's name.
    pub origin: String,
    /// Where in the log it is, from 0.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// What it commits to: names and reasons. Nothing where those are not to leave, or were forgotten.
    pub body: Option<Value>,
}

/// Why an event was not taken. No text holds what the other side said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It could not be called.
    #[error("{0}")]
    Call(#[from] CallFailed),
    /// It answered, and not with 2xx.
    #[error("it answered {status}: {hint}")]
    Status {
        /// The status.
        status: u16,
        /// What that mostly means.
        hint: &'static str,
    },
    /// The line ended before everything was read.
    #[error("the line ended before it was known to have read everything")]
    CutOff,
    /// It cannot be written in this form.
    #[error("the entry cannot be written as an event; a defect")]
    Unwritable,
}

impl Event {
    /// What it is, without the version of its form: `plan.approved`.
    pub fn kind(&self) -> &str {
        self.entry.kind.split('/').next().unwrap_or_default()
    }

    /// When it was recorded.
    pub fn time(&self) -> Instant {
        Instant::from_micros(self.entry.time_us)
    }

    /// It in a form: one line of JSON in ASCII, so that no way on has to know another alphabet.
    pub fn text(&self, format: EventFormat) -> Result<String, NotTaken> {
        let value = match format {
            EventFormat::CloudEvents => cloud_event::of(self),
            EventFormat::Ocsf => ocsf::of(self),
        };
        // One spelling (RFC 8785), whatever order a map happens to have.
        let text = canonical_json(&value).map_err(|_| NotTaken::Unwritable)?;
        Ok(ascii(&String::from_utf8(text).map_err(|_| NotTaken::Unwritable)?))
    }

    /// The facts of the entry.
    pub(crate) fn facts(&self) -> Map<String, Value> {
        let value = |fact: &FactValue| match fact {
            FactValue::Text(text) => json!(text),
            FactValue::Integer(number) => json!(number),
            FactValue::Flag(flag) => json!(flag),
        };
        self.entry.facts.iter().map(|(name, fact)| (name.clone(), value(fact))).collect()
    }
}

/// JSON whose letters beyond ASCII are written as escapes.
fn ascii(json: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Event, EventFormat, ascii};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use tenure_evidence::{Entry, FactValue, body_digest};

    pub(crate) fn event(kind: &str, facts: &[(&str, FactValue)]) -> Event {
        Event {
            origin: String::from("tenure/q4x7hd"),
            index: 7,
            entry: Entry {
                version: 1,
                id: String::from("01990a2e-7c11-7d5e-8000-000000000007"),
                time_us: 1_795_000_000_000_000,
                kind: format!("{kind}/1"),
                actor: String::from("person:01990a2e"),
                subject: String::from("plan:01990a2f"),
                right: Some(String::from("approve")),
                body_digest: body_digest(&[0; 32], b"{}"),
                facts: facts
                    .iter()
                    .map(|(name, fact)| ((*name).to_owned(), fact.clone()))
                    .collect::<BTreeMap<_, _>>(),
            },
            body: None,
        }
    }

    /// An event as it is written, with a line for each field.
    pub(crate) fn written(event: &Event, format: EventFormat) -> String {
        let read: Value = serde_json::from_str(&event.text(format).unwrap()).unwrap();
        serde_json::to_string_pretty(&read).unwrap()
    }

    #[test]
    fn an_event_is_one_line_of_ascii_that_reads_back_as_it_was() {
        let mut event = event("plan.approved", &[("step", FactValue::Integer(1))]);
        event.body = Some(json!({ "reason": "größer\n\u{1f511}\u{202e}" }));
        for format in [EventFormat::CloudEvents, EventFormat::Ocsf] {
            let text = event.text(format).unwrap();
            assert!(text.is_ascii() && !text.contains('\n'), "{text}");
            let read: Value = serde_json::from_str(&text).unwrap();
            assert!(read.to_string().contains("größer\\n\u{1f511}\u{202e}"), "{read}");
        }
        assert_eq!(ascii("\"\u{1f511}é\""), "\"\\ud83d\\udd11\\u00e9\"");
    }
}
