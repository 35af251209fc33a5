//! What was asked of a chaos world, what it did, and which rules its caller broke.
//!
//! Entries hold keys, steps and eras, never a value. Which principals a call touched is
//! measured where the change is made, not believed from what the call said.

use super::fault::{Call, FaultKind};
use tenure_model::{ActionId, Instant, IntentId, PrincipalKey, StepKind};

/// How a call ended for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With an answer, true or not.
    Answered,
    /// With a failure.
    Failed,
    /// Never: the caller had to give up.
    Never,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// When.
    pub at: Instant,
    /// How many crashes had happened before: which life of the process asked.
    pub life: u64,
    /// What was asked.
    pub call: Call,
    /// Whom it was about.
    pub principal: Option<PrincipalKey>,
    /// At which point, for a probe.
    pub point: Option<String>,
    /// On which intent, for an act.
    pub intent: Option<IntentId>,
    /// For which step of a plan, for an act.
    pub action: Option<ActionId>,
    /// The attempt the intent names, for an act.
    pub attempt: Option<u32>,
    /// What went wrong.
    pub fault: Option<FaultKind>,
    /// Principals that this call really changed.
    pub touched: Vec<PrincipalKey>,
    /// How it ended.
    pub ended: Ended,
}

impl Journal {
    /// The step this call carried out, when it really changed something.
    pub fn effect(&self) -> Option<StepKind> {
        match self.call {
            Call::Act(step) if !self.touched.is_empty() => Some(step),
            Call::Act(_)
            | Call::Check
            | Call::Observe
            | Call::BlastRadius
            | Call::Keepsake
            | Call::Effect(_)
            | Call::ControlPlane
            | Call::Probe
            | Call::Derived => None,
        }
    }
}

/// A rule of the port that a caller broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreachKind {
    /// An act arrived after the deadline of its intent.
    ActAfterDeadline {
        /// The intent.
        intent: IntentId,
    },
    /// A second act on a principal began while one was under way.
    TwoActsAtOnce,
    /// One intent was used for two different steps or principals.
    IntentReused {
        /// The intent.
        intent: IntentId,
    },
    /// The intent names another source than the one asked.
    ForeignIntent {
        /// The intent.
        intent: IntentId,
    },
    /// More failed attempts within the window than the manifest allows.
    LockOutExceeded {
        /// How many failures the window holds now.
        failures: u32,
    },
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// When.
    pub at: Instant,
    /// On whom.
    pub principal: PrincipalKey,
    /// Which rule.
    pub what: BreachKind,
}
