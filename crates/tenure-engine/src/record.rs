//! Making evidence entries: ids and digests in the entry, everything that could name a person
//! or a thing of theirs in the body, which is a row that can be deleted.

use crate::{Actor, EngineFailure};
use std::collections::BTreeMap;
use tenure_evidence::{Entry, FactValue, body_digest, canonical_json};
use tenure_model::{DecisionRight, EntryId, IdRandomness, Instant, TokenId};
use tenure_store::{NewEntry, StoreFailure, Tx};

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
    /// A directory, by its provisioning token.
    Directory(TokenId),
    /// Tenure itself, carrying out what was decided.
    Tenure,
}

/// Finishes entries inside a transaction, whose number is known only there. A body that runs again begins with a
/// copy and makes the same entries.
#[derive(Clone)]
pub(crate) struct EntryMaker {
    seed: [u8; 32],
    made: u64,
    now: Instant,
    programme: i64,
}

impl EntryMaker {
    pub(crate) fn new(seed: [u8; 32], now: Instant, programme: i64) -> Self {
        Self { seed, made: 0, now, programme }
    }

    /// Writes an entry into the transaction.
    pub(crate) fn write(&mut self, tx: &mut Tx<'_>, draft: Draft) -> Result<(), StoreFailure> {
        let (id, nonce) = (self.drawn(b"id"), self.drawn(b"nonce"));
        self.made += 1;
        let mut randomness = IdRandomness::default();
        for (to, from) in randomness.iter_mut().zip(id) {
            *to = from;
        }
        let draft = if self.programme > 0 { draft.number("programme", self.programme) } else { draft };
        let failed =
            |failure: EngineFailure| StoreFailure::Shape { table: "entries", why: failure.to_string() };
        tx.entry(draft.finish(self.now, randomness, nonce).map_err(failed)?)
    }

    /// Bytes that nobody can guess who does not hold the seed, which is kept nowhere.
    fn drawn(&self, what: &[u8]) -> [u8; 32] {
        let bytes = [self.seed.as_slice(), what, &self.made.to_be_bytes()].concat();
        *tenure_evidence::leaf_hash(&bytes).as_bytes()
    }
}

/// An entry in the making.
#[derive(Clone)]
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
            By::Directory(token) => (format!("directory {token}"), None),
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
