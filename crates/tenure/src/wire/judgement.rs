//! What is judged of an identity, as far as this program shows it.

use serde::Deserialize;
use tenure_model::{Instant, RiskTier, Severity, Standing};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Explained {
    pub(crate) dossier: DossierNamed,
    pub(crate) judgement: Judgement,
    #[serde(default)]
    pub(crate) changes_to: Option<Standing>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DossierNamed {
    pub(crate) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Judgement {
    pub(crate) standing: Standing,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) changes_at: Option<Instant>,
    #[serde(default)]
    pub(crate) risk: Option<Risk>,
    pub(crate) explanation: Vec<ExplainedFact>,
}

/// How much an identity could cost, term by term.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Risk {
    pub(crate) tier: RiskTier,
    pub(crate) points: u32,
    pub(crate) from: u32,
    pub(crate) terms: Vec<RiskTerm>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RiskTerm {
    pub(crate) term: String,
    pub(crate) points: u32,
    pub(crate) says: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Condition {
    pub(crate) policy: String,
    pub(crate) control: String,
    pub(crate) severity: Severity,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) rests_on: Vec<String>,
    pub(crate) lapses_at: Instant,
    pub(crate) lapsed: bool,
    #[serde(default)]
    pub(crate) dismissed_until: Option<Instant>,
    #[serde(default)]
    pub(crate) excepted_until: Option<Instant>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExplainedFact {
    #[serde(default)]
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) flips_at: Option<Instant>,
}
