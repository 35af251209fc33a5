//! What was, as far as this program shows it.

use serde::Deserialize;
use tenure_model::{
    Charter, CredentialKind, CredentialState, Instant, Presence, PrincipalId, PrincipalKind, RiskTier,
    Severity, Standing,
};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AsOf {
    pub(crate) at: Instant,
    pub(crate) figures: FiguresThen,
    pub(crate) day: Option<DayClosed>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FiguresThen {
    pub(crate) standings: Vec<StandingThen>,
    pub(crate) findings: Vec<FindingsThen>,
    pub(crate) exceptions: i64,
    pub(crate) programme: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StandingThen {
    pub(crate) standing: Option<Standing>,
    pub(crate) identities: i64,
    pub(crate) built_in: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FindingsThen {
    pub(crate) severity: Severity,
    pub(crate) count: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DayClosed {
    pub(crate) count: i64,
    pub(crate) digest: String,
    pub(crate) index: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityThen {
    pub(crate) handle: String,
    pub(crate) name: String,
    pub(crate) charter: Charter,
    pub(crate) standing: Option<Standing>,
    pub(crate) class: Option<String>,
    pub(crate) tier: Option<RiskTier>,
    pub(crate) created: Instant,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityAsOf {
    pub(crate) at: Instant,
    pub(crate) identity: IdentityThen,
    pub(crate) business_owner: Option<String>,
    pub(crate) technical_owner: Option<String>,
    pub(crate) principals: Vec<PrincipalThen>,
    pub(crate) credentials: Vec<CredentialThen>,
    pub(crate) rights: Vec<GrantThen>,
    pub(crate) findings: Vec<FindingThen>,
    pub(crate) programme: Option<i64>,
    pub(crate) entries: Vec<EntryThen>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PrincipalThen {
    pub(crate) id: PrincipalId,
    pub(crate) source_name: String,
    pub(crate) name: String,
    pub(crate) kind: PrincipalKind,
    pub(crate) presence: Presence,
    pub(crate) last_use: Option<Instant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CredentialThen {
    pub(crate) principal: PrincipalId,
    pub(crate) kind: CredentialKind,
    pub(crate) state: CredentialState,
    pub(crate) value_since: Instant,
    pub(crate) valid_until: Option<Instant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GrantThen {
    pub(crate) resource: String,
    pub(crate) right: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FindingThen {
    pub(crate) policy: String,
    pub(crate) severity: Severity,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EntryThen {
    pub(crate) index: u64,
    pub(crate) kind: String,
    pub(crate) time: Instant,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    pub(crate) population: u64,
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) day: Option<DayClosed>,
    pub(crate) identities: Vec<IdentityThen>,
}
