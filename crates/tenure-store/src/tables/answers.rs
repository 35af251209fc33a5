//! Answers to calls that named themselves with a key, kept so that a repeated call is answered
//! and not carried out again. Never holds a secret: whoever keeps one leaves the body empty.

use crate::{Row, StoreFailure, Tx, value::named};
use tenure_model::{Instant, PersonId};

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// The key the caller chose.
    pub key: String,
    /// Keyed fingerprint of what was asked.
    pub request_digest: String,
    /// The HTTP status.
    pub status: u16,
    /// The body; empty when it held a secret.
    pub body: String,
    /// When.
    pub at: Instant,
}

fn answer(row: &Row<'_>) -> Result<AnswerRow, StoreFailure> {
    let status = u16::try_from(row.number(2)?)
        .map_err(|error| StoreFailure::Shape { table: "answers", why: error.to_string() })?;
    Ok(AnswerRow {
        key: row.text(0)?,
        request_digest: row.text(1)?,
        status,
        body: row.text(3)?,
        at: row.instant(4)?,
    })
}

impl Tx<'_> {
    /// The answer a person was given under a key.
    pub fn answer(&mut self, person: PersonId, key: &str) -> Result<Option<AnswerRow>, StoreFailure> {
        self.query_one(
            "answers",
            "SELECT idempotency_key, request_digest, status, body, at_us FROM answers \
             WHERE person_id = $1 AND idempotency_key = $2",
            &[named(person), key.into()],
            answer,
        )
    }

    /// Keeps an answer; the first one given under a key stays.
    pub fn keep_answer(&mut self, person: PersonId, row: &AnswerRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO answers (idempotency_key, person_id, request_digest, status, body, at_us) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person_id, idempotency_key) DO NOTHING",
            &[
                row.key.as_str().into(),
                named(person),
                row.request_digest.as_str().into(),
                i64::from(row.status).into(),
                row.body.as_str().into(),
                row.at.into(),
            ],
        )?;
        Ok(())
    }

    /// Forgets answers given before `before`.
    pub fn forget_answers(&mut self, before: Instant) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM answers WHERE at_us <= $1", &[before.into()])?;
        Ok(())
    }
}
