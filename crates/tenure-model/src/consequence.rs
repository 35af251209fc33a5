//! What follows when a control does not hold for long: its stages, and how far one came for an identity.

use crate::noun;

noun! {
    /// A step of what follows, the milder first; none is skipped.
    pub enum ConsequenceStage as "stage" {
        /// It is said that the next stage comes.
        Warn = "warn",
        /// The identity is to be stopped, with a way back.
        Disable = "disable",
    }
}

noun! {
    /// Whether what follows is begun or only recorded.
    pub enum ConsequenceMode as "mode" {
        /// It is recorded what would have followed.
        Observe = "observe",
        /// It follows, while the programme's check passes for the control.
        Enforce = "enforce",
    }
}

noun! {
    /// How far what follows came for one identity, by one control.
    pub enum ConsequenceState as "consequence" {
        /// It was warned.
        Warned = "warned",
        /// It would be disabled, and is not, for the reason that is recorded.
        WouldDisable = "would_disable",
        /// Tenure proposed a plan to disable it; a person decides.
        Proposed = "proposed",
    }
}
