//! Reviews, as the API says them.

use serde::Deserialize;
use std::collections::BTreeMap;
use tenure_model::{
    CredentialId, HandoffId, Instant, PlanId, ReviewAnswer, ReviewItemState, ReviewState, Severity,
};

/// A review with how far it is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Review {
    pub(crate) handle: String,
    pub(crate) state: ReviewState,
    pub(crate) rule: String,
    pub(crate) reason: String,
    pub(crate) started: Instant,
    pub(crate) until: Instant,
    pub(crate) population: String,
    pub(crate) items: i64,
    pub(crate) ended: Option<Instant>,
    pub(crate) ended_why: Option<String>,
    #[serde(default)]
    pub(crate) started_by: Option<String>,
    pub(crate) started_by_name: Option<String>,
    pub(crate) ended_by_name: Option<String>,
    pub(crate) counts: BTreeMap<ReviewItemState, i64>,
    pub(crate) recommended: BTreeMap<String, i64>,
    pub(crate) waits_for: Option<String>,
}

/// What a review would ask of whom.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewMeant {
    pub(crate) items: i64,
    pub(crate) by_reviewer: Vec<ReviewShare>,
    pub(crate) nobody_named: i64,
    pub(crate) in_another: i64,
    #[serde(default)]
    pub(crate) unclaimed: i64,
    pub(crate) until: Instant,
}

/// How many one person would be asked about.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewShare {
    pub(crate) who: String,
    pub(crate) items: i64,
}

/// One identity of a review. The names of people are there in lists alone.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewItem {
    pub(crate) handle: String,
    pub(crate) identity_name: String,
    pub(crate) state: ReviewItemState,
    pub(crate) turn: String,
    pub(crate) due: Instant,
    pub(crate) missed: Option<Instant>,
    pub(crate) recommends: Option<ReviewAnswer>,
    pub(crate) likeness: Option<String>,
    pub(crate) answer: Option<ReviewAnswer>,
    pub(crate) decided: Option<Instant>,
    pub(crate) reason: Option<String>,
    pub(crate) settled: Option<Instant>,
    pub(crate) outcome: Option<String>,
    #[serde(default)]
    pub(crate) reviewer_name: Option<String>,
    #[serde(default)]
    pub(crate) named: Option<ReviewNamed>,
}

/// What a decision named.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReviewNamed {
    pub(crate) rights: Vec<String>,
    pub(crate) credentials: Vec<CredentialId>,
    pub(crate) plan: Option<PlanId>,
    #[serde(default)]
    pub(crate) handoff: Option<HandoffId>,
}

/// What Tenure recommends.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Recommendation {
    pub(crate) answer: ReviewAnswer,
    pub(crate) reasons: Vec<RecommendedBecause>,
    pub(crate) not_known: Vec<String>,
    pub(crate) rights: Vec<String>,
}

/// One reason.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RecommendedBecause {
    pub(crate) answer: ReviewAnswer,
    pub(crate) code: String,
    pub(crate) says: String,
    pub(crate) severity: Option<Severity>,
}
