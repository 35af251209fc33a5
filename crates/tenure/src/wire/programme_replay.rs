//! What a programme would have found, as the API says it.

use serde::Deserialize;
use tenure_model::{Instant, Severity};

/// What it would have found, or how far looking is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProgrammeReplay {
    pub(crate) replayed: Option<ProgrammeReplayed>,
    pub(crate) judged: i64,
    pub(crate) of: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProgrammeReplayed {
    pub(crate) since: Instant,
    pub(crate) until: Instant,
    pub(crate) identities: i64,
    pub(crate) not_judged: i64,
    pub(crate) differ: i64,
    pub(crate) lapse: i64,
    pub(crate) days: Vec<DayReplayed>,
    pub(crate) policies: Vec<PolicyReplayed>,
    pub(crate) named: Vec<IdentityReplayed>,
    pub(crate) of_today: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DayReplayed {
    pub(crate) at: Instant,
    pub(crate) programme: i64,
    pub(crate) failed: i64,
    pub(crate) would_fail: i64,
    pub(crate) lapsed: i64,
    pub(crate) would_lapse: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PolicyReplayed {
    pub(crate) policy: String,
    pub(crate) severity: Severity,
    pub(crate) fires: i64,
    pub(crate) spares: i64,
    pub(crate) first: Instant,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityReplayed {
    pub(crate) name: String,
    pub(crate) first: Instant,
    pub(crate) lapses: Option<Instant>,
    pub(crate) fires: Vec<String>,
    pub(crate) spares: Vec<String>,
}
