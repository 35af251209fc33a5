//! Making evidence entries: ids and digests in the entry, everything that could name a person
//! or a thing of theirs in the body, which is a row that can be deleted.

use crate::{Actor, EngineFailure};
use std::collections::BTreeMap;
use tenure_evidence::{Entry, FactValue, body_digest, canonical_json};
use tenure_model::{DecisionRight, EntryId, IdRandomness, Instant};
use tenure_store::NewEntry;

/// SHA-256 of something in hexadecimal digits, as of a leaf of RFC 6962: a zero byte goes before it.
pub(crate) fn digest_hex(bytes: &[u8]) -> String {
    let hash = tenure_evidence::leaf_hash(bytes);
    let digits = hash.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    /// A person, by a decision right when it was a decision.
    Person(Actor, Option<DecisionRight>),
    /// Tenure itself, carrying out what was decided.
    Tenure,
}

/// An entry in the making.
pub(crate) struct Draft {
    pub(crate) kind: &'static str,
    pub(crate) by: By,
    pub(crate) subject: String,
    pub(crate) about: Vec<String>,
    pub(crate) facts: BTreeMap<String, FactValue>,
    pub(crate) body: serde_json::Value,
}

impl Draft {
    pub(crate) fn new(kind: &'static str, by: By, subject: impl ToString) -> Self {
        let subject = subject.to_string();
        Self {
            kind,
            by,
            about: vec![subject.clone()],
            subject,
            facts: BTreeMap::new(),
            body: serde_json::json!({}),
        }
    }

    /// Also found under this id.
    pub(crate) fn about(mut self, id: impl ToString) -> Self {
        self.about.push(id.to_string());
        self
    }

    pub(crate) fn text(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), FactValue::Text(value.to_string()));
        self
    }

    pub(crate) fn number(mut self, name: &str, value: i64) -> Self {
        self.facts.insert(name.to_owned(), FactValue::Integer(value));
        self
    }

    pub(crate) fn flag(mut self, name: &str, value: bool) -> Self {
        self.facts.insert(name.to_owned(), FactValue::Flag(value));
        self
    }

    pub(crate) fn body(mut self, body: serde_json::Value) -> Self {
        self.body = body;
        self
    }

    /// Finishes the entry with an id, a time and a nonce.
    pub(crate) fn finish(
        self,
        now: Instant,
        id: IdRandomness,
        nonce: [u8; 32],
    ) -> Result<NewEntry, EngineFailure> {
        let body = canonical_json(&self.body).map_err(EngineFailure::evidence)?;
        let (actor, right) = match self.by {
            By::Person(actor, right) => (actor.person.to_string(), right.map(|right| right.to_string())),
            By::Tenure => (String::from("tenure"), None),
        };
        let entry = Entry {
            version: 1,
            id: EntryId::new(now, id).to_string(),
            time_us: now.as_micros(),
            kind: self.kind.to_owned(),
            actor,
            subject: self.subject,
            right,
            body_digest: body_digest(&nonce, &body),
            facts: self.facts,
        };
        Ok(NewEntry { entry, about: self.about, body: Some((nonce, body)) })
    }
}
