//! Answers kept for a while, so that a call that is repeated is carried out once.
//!
//! The caller names its call with a key of its own choosing. What was asked is kept as a keyed
//! fingerprint, because it may hold a secret; an answer that holds one is never kept, only the
//! fact that it was given. Next: `tenure-store/src/tables/answers.rs`.

use crate::{Engine, EngineFailure};
use std::time::Duration;
use tenure_model::PersonId;
use tenure_store::tables::answers::AnswerRow;

/// How long an answer is kept.
const KEPT_FOR: Duration = Duration::from_hours(24);

/// What is known about a call that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recalled {
    /// It was not made before.
    New,
    /// It was made and answered with this status; the body, unless it held a secret.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Option<String>,
    },
    /// The key was used for another call.
    OtherCall,
}

impl Engine {
    /// Looks for the answer to a call.
    pub async fn recall_answer(
        &self,
        person: PersonId,
        key: &str,
        call: &[u8],
    ) -> Result<Recalled, EngineFailure> {
        let digest = self.fingerprint().fingerprint("repeated-call", call);
        let (wanted, oldest) = (key.to_owned(), self.clock.now().minus(KEPT_FOR));
        let kept = self.store.read("answer", move |tx| tx.answer(person, &wanted)).await?;
        Ok(match kept {
            Some(row) if row.at <= oldest => Recalled::New,
            Some(row) if row.request_digest != digest => Recalled::OtherCall,
            Some(row) => Recalled::Answered {
                status: row.status,
                body: Some(row.body).filter(|body| !body.is_empty()),
            },
            None => Recalled::New,
        })
    }

    /// Keeps the answer to a call for a day. Answers that are older go.
    pub async fn keep_answer(
        &self,
        person: PersonId,
        key: &str,
        call: &[u8],
        status: u16,
        body: Option<String>,
    ) -> Result<(), EngineFailure> {
        let now = self.clock.now();
        let row = AnswerRow {
            key: key.to_owned(),
            request_digest: self.fingerprint().fingerprint("repeated-call", call),
            status,
            body: body.unwrap_or_default(),
            at: now,
        };
        self.store
            .write("keep_answer", move |tx| {
                tx.forget_answers(now.minus(KEPT_FOR))?;
                tx.keep_answer(person, &row)
            })
            .await?;
        Ok(())
    }
}
