//! Delegations, as the API says them.

use serde::Deserialize;
use tenure_model::{DelegatedKind, DelegationState, Instant};

/// Somebody lets another decide in their place.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DelegationLine {
    pub(crate) handle: String,
    pub(crate) kinds: Vec<DelegatedKind>,
    pub(crate) reason: String,
    pub(crate) state: DelegationState,
    pub(crate) offered: Instant,
    pub(crate) begins: Instant,
    pub(crate) ends: Instant,
    pub(crate) accepted: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    pub(crate) ended_why: Option<String>,
    pub(crate) from_name: Option<String>,
    pub(crate) to_name: Option<String>,
    pub(crate) counts: bool,
}

/// One with what was decided by it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Delegation {
    #[serde(flatten)]
    pub(crate) line: DelegationLine,
    pub(crate) decided: Vec<DelegatedDecision>,
}

/// Something that was decided by one.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DelegatedDecision {
    pub(crate) kind: DelegatedKind,
    pub(crate) handle: String,
    pub(crate) decided: Instant,
}
