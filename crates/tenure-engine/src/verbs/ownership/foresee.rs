//! foresee: how an identity would stand under another charter, before anybody writes that down.
//!
//! Both charters are judged over the same facts at the same instant. Writes nothing; what is written afterwards is
//! judged anew. Next: `import.rs`, which compares the fields and writes.

use super::{charters::CharterWritten, import::with_ids};
use crate::{
    Engine, EngineFailure,
    verbs::{
        dossier::{dossier, dossier_under},
        judge::only_in,
        retire::resolved,
    },
};
use serde::Serialize;
use tenure_judge::{FailedCondition, Judgement};
use tenure_model::{Severity, Standing};
use tenure_store::Tx;

/// How an identity stands now and how it would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandingForeseen {
    /// Judged as it is.
    pub before: Standing,
    /// Judged under the other charter.
    pub after: Standing,
    /// What fails now and would not.
    pub ends: Vec<ConditionForeseen>,
    /// What does not fail now and would.
    pub begins: Vec<ConditionForeseen>,
}

/// A condition that would end or begin to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionForeseen {
    /// Its policy.
    pub policy: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in plain words.
    pub reason: String,
}

impl Engine {
    /// Judges an identity as it is and as it would be under this charter. Whoever the charter names must be known.
    pub async fn foresee(
        &self,
        given: &str,
        charter: &CharterWritten,
    ) -> Result<StandingForeseen, EngineFailure> {
        let (wanted, written) = (given.to_owned(), charter.clone());
        let read = move |tx: &mut Tx<'_>| {
            let id = tx.find_identity(&wanted)?.id;
            let text = match resolved(tx, written.retirement_trigger.as_deref())? {
                Ok(text) => text,
                Err(why) => return Ok(Err(EngineFailure::Refused { why })),
            };
            let written = CharterWritten { retirement_trigger: text, ..written.clone() };
            match with_ids(&written, &tx.people()?) {
                Ok(after) => Ok(Ok((dossier(tx, id)?, dossier_under(tx, id, after)?))),
                Err(why) => Ok(Err(EngineFailure::Refused { why })),
            }
        };
        let (before, after) = self.store.read("foresee", read).await??;
        let (now, in_force) = (self.clock.now(), self.in_force());
        let judged = |read| {
            let (dossier, open_since) = self.heeded(read);
            let judged = in_force.judge.judge(&dossier, &open_since, now);
            judged.map_err(|error| EngineFailure::Programme { why: error.to_string() })
        };
        let (before, after) = (judged(before)?, judged(after)?);
        Ok(StandingForeseen {
            before: before.standing,
            after: after.standing,
            ends: told(&before, &after),
            begins: told(&after, &before),
        })
    }
}

/// What counts in one judgement and not in the other, as it is told.
fn told(one: &Judgement, other: &Judgement) -> Vec<ConditionForeseen> {
    let condition = |it: &FailedCondition| ConditionForeseen {
        policy: it.policy.clone(),
        severity: it.severity,
        reason: it.reason.clone(),
    };
    only_in(one, other).into_iter().map(condition).collect()
}
