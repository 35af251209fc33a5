//! Handoffs, as the API says them.

use serde::Deserialize;
use tenure_model::{Charter, HandoffStage, HandoffState, Instant, OwnerRole, RequestId, Standing};

/// An offer to answer for an identity.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HandoffLine {
    pub(crate) handle: String,
    pub(crate) identity_name: String,
    pub(crate) role: OwnerRole,
    pub(crate) state: HandoffState,
    pub(crate) from: Option<String>,
    pub(crate) stage: HandoffStage,
    pub(crate) runbook: String,
    pub(crate) reason: String,
    pub(crate) offered: Instant,
    pub(crate) accept_by: Instant,
    pub(crate) ended: Option<Instant>,
    pub(crate) ended_why: Option<String>,
    pub(crate) request: Option<RequestId>,
    pub(crate) from_name: Option<String>,
    pub(crate) to_name: Option<String>,
    pub(crate) offered_by_name: Option<String>,
}

/// One with everything that goes with it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Handoff {
    #[serde(flatten)]
    pub(crate) line: HandoffLine,
    pub(crate) standing: Standing,
    pub(crate) contents: HandoffContents,
    pub(crate) changed: Vec<String>,
    pub(crate) over_because: Option<String>,
    pub(crate) digest: String,
}

/// What goes with one.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HandoffContents {
    pub(crate) charter: Charter,
    pub(crate) consumers: Vec<String>,
    pub(crate) places: Vec<String>,
    pub(crate) findings: Vec<HandoffItem>,
    pub(crate) exceptions: Vec<HandoffItem>,
    pub(crate) requests: Vec<HandoffItem>,
    pub(crate) plans: Vec<HandoffItem>,
    pub(crate) reviews: Vec<HandoffItem>,
    pub(crate) left_out: u64,
}

/// Something that is open.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HandoffItem {
    pub(crate) handle: String,
    pub(crate) what: String,
}

/// What would be offered, or was.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HandoffsForeseen {
    pub(crate) names: Vec<String>,
    pub(crate) offered: Vec<HandoffLine>,
    pub(crate) stays: Vec<HandoffStays>,
    pub(crate) word: String,
}

/// What stays as it is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct HandoffStays {
    pub(crate) name: String,
    pub(crate) why: String,
}
