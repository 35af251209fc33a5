//! The durable record before an act.
//!
//! A connector can only act when it is handed a `RecordedIntent`, and only the store
//! makes one, inside the transaction that wrote it and its evidence entry. `cargo xtask
//! tidy` allows exactly one call of `RecordedIntent::recorded` in the whole workspace.

use crate::{ActionId, FileTarget, Instant, IntentId, PlanId, PrincipalKey, SourceId};

/// What an intent says, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentRecord {
    /// Its id; names of things an act creates derive from it.
    pub id: IntentId,
    /// Which plan it belongs to.
    pub plan: PlanId,
    /// Which step of the plan.
    pub action: ActionId,
    /// How often this step has been intended, beginning with 1.
    pub attempt: u32,
    /// Which source it acts on.
    pub source: SourceId,
    /// The one principal it may touch.
    pub principal: PrincipalKey,
    /// That principal's name when the plan was made; a different one stops the act.
    pub principal_name: String,
    /// The one file it may touch, for a change of who may read it; nothing else of the principal is touched then.
    pub file: Option<FileTarget>,
    /// The call must have ended by then; a later answer is unknown.
    pub deadline: Instant,
}

/// Proof that an intent is durable. There is no other way to act on an outside system.
#[derive(Debug)]
pub struct RecordedIntent(IntentRecord);

impl RecordedIntent {
    /// Called by the store alone, after the transaction that wrote the record committed.
    pub const fn recorded(record: IntentRecord) -> Self {
        Self(record)
    }

    /// For the connector conformance suite, which acts on servers it started itself.
    #[cfg(feature = "conformance")]
    pub const fn for_conformance(record: IntentRecord) -> Self {
        Self(record)
    }

    /// What was recorded.
    pub const fn record(&self) -> &IntentRecord {
        &self.0
    }
}
