//! What a verb may answer instead of doing its work.
//!
//! `caller_text` is for whoever asked; the whole chain, for the operator's log, is the
//! error's own source chain.

use tenure_connect::{ConfigRefused, OutsideFailure};
use tenure_govern::PlanRefused;
use tenure_store::StoreFailure;

/// A verb that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum EngineFailure {
    /// Our own database.
    #[error(transparent)]
    Store(#[from] StoreFailure),
    /// The system outside.
    #[error("source `{source_name}` {failure}")]
    Outside {
        /// Which source.
        source_name: String,
        /// What it answered.
        failure: OutsideFailure,
    },
    /// The configuration of a source.
    #[error(transparent)]
    Config(#[from] ConfigRefused),
    /// The plan is dangerous or impossible.
    #[error(transparent)]
    Plan(#[from] PlanRefused),
    /// No connector of this name is built in.
    #[error("there is no connector `{system}`; this Tenure knows: {known}")]
    UnknownSystem {
        /// What was asked for.
        system: String,
        /// What there is.
        known: String,
    },
    /// What was asked for is so already; nothing is done.
    #[error("{why}")]
    AlreadySo {
        /// How it is.
        why: String,
    },
    /// Something was asked for that cannot be as it stands.
    #[error("{why}")]
    Refused {
        /// What is in the way and what to do.
        why: String,
    },
    /// Whoever asked may not.
    #[error("{why}")]
    Denied {
        /// Why, in words for them.
        why: String,
    },
    /// A key could not be used.
    #[error("a key could not be used: {why}")]
    Keys {
        /// What happened, without any value.
        why: String,
    },
    /// A file could not be used.
    #[error("{path}: {why}")]
    File {
        /// Which file.
        path: String,
        /// What happened.
        why: String,
    },
    /// Evidence could not be built.
    #[error("evidence could not be built: {why}")]
    Evidence {
        /// What happened.
        why: String,
    },
    /// The policies or the programme.
    #[error("the programme cannot be used: {why}")]
    Programme {
        /// What happened.
        why: String,
    },
}

impl EngineFailure {
    pub(crate) fn keys(error: impl std::error::Error) -> Self {
        Self::Keys { why: chain(&error) }
    }

    pub(crate) fn evidence(error: impl std::error::Error) -> Self {
        Self::Evidence { why: chain(&error) }
    }

    pub(crate) fn file(path: &std::path::Path, error: impl std::error::Error) -> Self {
        Self::File { path: path.display().to_string(), why: chain(&error) }
    }
}

/// An error with all its sources on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
