//! What can go wrong outside, sorted by what the engine must do about it.
//!
//! A connector sorts every failure it meets into one of these; it never guesses that
//! something "probably" worked. No variant may carry a secret value, and `why` is text
//! for an operator, bounded by the connector to 300 characters.

use std::time::Duration;
use tenure_model::noun;

noun! {
    /// What to do about a failure.
    pub enum FailureClass as "failure class" {
        /// Try again later; nothing happened.
        Retry = "retry",
        /// A person must change something outside; nothing happened.
        AskOperator = "ask_operator",
        /// The connector met something it does not understand; nothing happened.
        Bug = "bug",
        /// It may have happened: observe.
        Unknown = "unknown",
    }
}

/// A failure of an outside system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutsideFailure {
    /// No connection was made, so nothing was asked.
    #[error("could not be reached: {why}")]
    Unreachable {
        /// The operating system's or driver's words.
        why: String,
    },
    /// The system asks us to slow down; nothing was done.
    #[error("asks us to wait: {why}")]
    Throttled {
        /// The system's words.
        why: String,
        /// How long, when it says so.
        retry_after: Option<Duration>,
    },
    /// The system answered no; nothing was done.
    #[error("refused ({code}): {why}")]
    Refused {
        /// The system's own code, such as a SQLSTATE.
        code: String,
        /// The system's words.
        why: String,
        /// What an operator can do about it.
        remedy: String,
    },
    /// What is there is not what was planned (law 6); nothing was done.
    #[error("is not what was planned: {why}")]
    TargetChanged {
        /// What differs.
        why: String,
    },
    /// The connector will not do this, on principle (acting on itself, on a built-in, …).
    #[error("will not be done: {why}")]
    NotOurs {
        /// The principle.
        why: String,
    },
    /// The request was sent and the answer was lost: it may have happened.
    #[error("answer lost: {why}")]
    Lost {
        /// How it was lost.
        why: String,
    },
    /// The system answered something this connector does not understand; nothing was done.
    #[error("answered something not understood: {why}")]
    Puzzling {
        /// What was seen.
        why: String,
    },
}

impl OutsideFailure {
    /// What to do about it.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Unreachable { .. } | Self::Throttled { .. } => FailureClass::Retry,
            Self::Refused { .. } | Self::TargetChanged { .. } | Self::NotOurs { .. } => {
                FailureClass::AskOperator
            }
            Self::Lost { .. } => FailureClass::Unknown,
            Self::Puzzling { .. } => FailureClass::Bug,
        }
    }
}
