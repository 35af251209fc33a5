//! What waits for a person, as the API says it.

use serde::Deserialize;
use tenure_model::{Instant, RiskTier, WaitingKind};

/// What waits for one person.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Inbox {
    pub(crate) person: String,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) overdue: u32,
    pub(crate) more: Vec<MoreWaiting>,
    pub(crate) answered: Vec<Waiting>,
    pub(crate) note: Option<String>,
}

/// One line of it. What was answered is never overdue.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) kind: WaitingKind,
    pub(crate) name: String,
    pub(crate) since: Instant,
    pub(crate) due: Option<Instant>,
    pub(crate) why: String,
    pub(crate) what: String,
    pub(crate) command: String,
    pub(crate) risk: Option<RiskTier>,
    #[serde(default)]
    pub(crate) overdue: bool,
}

/// Of which kind there is more.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MoreWaiting {
    pub(crate) kind: WaitingKind,
    pub(crate) at_least: u32,
    pub(crate) command: String,
}
