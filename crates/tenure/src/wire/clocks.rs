//! Clocks, as the API says them.

use serde::Deserialize;
use tenure_model::{ClockKind, ClockStage, Instant};

/// A step that waits under a service level.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Clock {
    pub(crate) kind: ClockKind,
    pub(crate) handle: String,
    pub(crate) about: String,
    pub(crate) step: i64,
    pub(crate) calendar: Option<String>,
    pub(crate) stage: ClockStage,
    pub(crate) asked: String,
    pub(crate) due: Instant,
    pub(crate) left_seconds: u64,
    pub(crate) late: Option<Instant>,
    pub(crate) over: Option<Instant>,
    pub(crate) paused: Option<ClockPause>,
}

/// Why a clock stands still.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClockPause {
    pub(crate) until: Instant,
    pub(crate) by: Option<String>,
    pub(crate) reason: String,
}
