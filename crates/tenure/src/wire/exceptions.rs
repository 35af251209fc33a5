//! Exceptions, as the API says them.

use serde::Deserialize;
use tenure_model::{ExceptionKind, ExceptionState, Instant};

/// A permission to fail one condition, asked for or granted.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Exception {
    pub(crate) handle: String,
    pub(crate) identity_name: String,
    pub(crate) policy: String,
    pub(crate) kind: ExceptionKind,
    pub(crate) state: ExceptionState,
    pub(crate) reason: String,
    pub(crate) compensation: String,
    #[serde(default)]
    pub(crate) instead: Vec<String>,
    pub(crate) requested_by_name: Option<String>,
    pub(crate) requested: Instant,
    pub(crate) decide_by: Instant,
    pub(crate) ends: Instant,
    pub(crate) replace_by: Option<Instant>,
    pub(crate) decided_by_name: Option<String>,
    #[serde(default)]
    pub(crate) in_place_of_name: Option<String>,
    pub(crate) decided: Option<Instant>,
    pub(crate) decision_reason: Option<String>,
    pub(crate) ended: Option<Instant>,
    pub(crate) ended_why: Option<String>,
    pub(crate) digest: String,
}

/// One, with all that counts when it is decided.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExceptionCase {
    #[serde(flatten)]
    pub(crate) exception: Exception,
    pub(crate) finding_reason: Option<String>,
    pub(crate) used_days: i64,
    #[serde(default)]
    pub(crate) before: Vec<Exception>,
    pub(crate) granted_by: Option<String>,
    pub(crate) not_granted_because: Option<String>,
}

/// Exceptions as figures.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExceptionFigures {
    pub(crate) waiting: i64,
    pub(crate) standing: i64,
    pub(crate) constraints: i64,
    pub(crate) renewed: i64,
    pub(crate) ending: i64,
    pub(crate) oldest: Option<Instant>,
    pub(crate) identities_excepted: i64,
    pub(crate) identities_enrolled: i64,
    #[serde(default)]
    pub(crate) controls: Vec<ControlFigures>,
}

/// How much of what fails of one control is excepted.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ControlFigures {
    pub(crate) control: String,
    pub(crate) failing: i64,
    pub(crate) excepted: i64,
    pub(crate) flagged: bool,
}
