//! Requests, as the API says them.

use serde::Deserialize;
use tenure_model::{Instant, RequestState, Wanted};

/// Something that was asked for and others decide.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Request {
    pub(crate) handle: String,
    pub(crate) state: RequestState,
    pub(crate) source_name: String,
    #[serde(flatten)]
    pub(crate) wanted: Wanted,
    pub(crate) reason: String,
    pub(crate) asked_by_name: Option<String>,
    pub(crate) asked: Instant,
    pub(crate) decide_by: Instant,
    pub(crate) use_by: Instant,
    pub(crate) ended: Option<Instant>,
    pub(crate) ended_why: Option<String>,
    pub(crate) business_owner_name: Option<String>,
    pub(crate) technical_owner_name: Option<String>,
    pub(crate) identity_name: Option<String>,
    pub(crate) to_name: Option<String>,
    pub(crate) handoff: Option<String>,
    #[serde(default)]
    pub(crate) rights: Vec<RightShown>,
    pub(crate) decisions: Vec<RequestStep>,
    pub(crate) decided_next_by: Option<String>,
    pub(crate) federation_preferred: bool,
    pub(crate) usable: bool,
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) not_yours: Option<String>,
}

/// A right that is asked for, and what was seen of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RightShown {
    pub(crate) says: String,
    pub(crate) seen: Option<Instant>,
    pub(crate) gone: Option<Instant>,
}

/// One of the decisions it needs.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RequestStep {
    pub(crate) who: String,
    pub(crate) person_name: Option<String>,
    #[serde(default)]
    pub(crate) in_place_of_name: Option<String>,
    pub(crate) decided: Option<Instant>,
    pub(crate) reason: Option<String>,
    pub(crate) counts: bool,
}
