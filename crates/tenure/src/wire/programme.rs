//! What the API says about programmes, as far as this program shows it.
//!
//! It must never hold a rule: what is ready, lapsed or worse was decided by the server. Next: `../cli/programme.rs`.

use serde::Deserialize;
use tenure_engine::ProgrammeFiles;
use tenure_model::{ConsequenceMode, ConsequenceState, Instant, Severity, Standing};

pub(crate) use super::Page;

/// The programme in force.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProgrammeShown {
    pub(crate) applied: Option<ProgrammeListed>,
    #[serde(default)]
    pub(crate) classes: Vec<ClassShown>,
    #[serde(default)]
    pub(crate) policies: Vec<PolicyShown>,
    #[serde(default)]
    pub(crate) waiting: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProgrammeListed {
    pub(crate) version: i64,
    pub(crate) digest: String,
    pub(crate) reason: String,
    pub(crate) applied_by: Option<String>,
    pub(crate) applied: Instant,
}

/// One that was applied, with its files.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Programme {
    pub(crate) version: i64,
    pub(crate) files: ProgrammeFiles,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClassShown {
    pub(crate) id: String,
    #[serde(rename = "match")]
    pub(crate) matches: Vec<String>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    pub(crate) lifetime_days_max: Option<u32>,
    pub(crate) rotation_days_max: Option<u32>,
    pub(crate) review_days_max: Option<u32>,
    #[serde(default)]
    pub(crate) credential_kinds: Vec<String>,
    #[serde(default)]
    pub(crate) made_by_request: bool,
    #[serde(default)]
    pub(crate) rights_by_request: bool,
    pub(crate) identities: i64,
}

impl ClassShown {
    /// What is asked of those of it, in words.
    pub(crate) fn asks(&self) -> String {
        let mut asks = Vec::new();
        if !self.required.is_empty() {
            asks.push(self.required.join(", "));
        }
        asks.extend(self.lifetime_days_max.map(|days| format!("an end at most {days} days ahead")));
        asks.extend(self.rotation_days_max.map(|days| format!("rotation in {days} days")));
        asks.extend(self.review_days_max.map(|days| format!("confirmed every {days} days")));
        if !self.credential_kinds.is_empty() {
            asks.push(format!("no credential but {}", self.credential_kinds.join(", ")));
        }
        if self.made_by_request {
            asks.push(String::from("asked for before it is made"));
        }
        if self.rights_by_request {
            asks.push(String::from("its rights asked for before it is given them"));
        }
        if asks.is_empty() { String::from("an owner") } else { asks.join("; ") }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PolicyShown {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) own: bool,
}

/// What a programme would change, or how far looking is.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProgrammePlan {
    pub(crate) foreseen: Option<ProgrammeForeseen>,
    pub(crate) judged: i64,
    pub(crate) of: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProgrammeForeseen {
    pub(crate) base_version: i64,
    pub(crate) identities: i64,
    pub(crate) not_judged: i64,
    pub(crate) changed: i64,
    pub(crate) worse: i64,
    pub(crate) lapses: i64,
    #[serde(default)]
    pub(crate) lapses_soon: i64,
    #[serde(default)]
    pub(crate) better: i64,
    pub(crate) standings: Vec<StandingMoved>,
    pub(crate) policies: Vec<PolicyForeseen>,
    pub(crate) classes: Vec<ClassForeseen>,
    pub(crate) named: Vec<IdentityForeseen>,
    pub(crate) held: Option<String>,
    pub(crate) word: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StandingMoved {
    pub(crate) from: Standing,
    pub(crate) to: Standing,
    pub(crate) count: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PolicyForeseen {
    pub(crate) policy: String,
    pub(crate) severity: Severity,
    pub(crate) begins: i64,
    pub(crate) ends: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClassForeseen {
    pub(crate) class: String,
    pub(crate) before: i64,
    pub(crate) after: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdentityForeseen {
    pub(crate) name: String,
    pub(crate) class: Option<String>,
    pub(crate) from: Standing,
    pub(crate) to: Standing,
    pub(crate) begins: Vec<String>,
    pub(crate) ends: Vec<String>,
}

/// What the check says of the programme in force.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Checked {
    pub(crate) controls: Vec<ControlChecked>,
    #[serde(default)]
    pub(crate) asked_in_vain: Vec<AskedInVain>,
    pub(crate) contacts: Vec<Contact>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AskedInVain {
    pub(crate) setting: String,
    pub(crate) why: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ControlChecked {
    pub(crate) control: String,
    pub(crate) holds: String,
    pub(crate) mode: Option<ConsequenceMode>,
    pub(crate) delivered_by: Vec<DeliveredBy>,
    pub(crate) ready: bool,
    pub(crate) faults: Vec<String>,
    pub(crate) warnings: Vec<Warned>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DeliveredBy {
    pub(crate) role: String,
    pub(crate) partner: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Warned {
    pub(crate) warning: String,
    pub(crate) why: String,
    pub(crate) accepted_until: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) is_there: bool,
    pub(crate) acknowledged: Option<Instant>,
    pub(crate) counts_until: Option<Instant>,
}

/// The playbooks of the programme in force.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PlaybookList {
    pub(crate) playbooks: Vec<Playbook>,
}

/// What is done when something happens, and whether somebody tried that.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Playbook {
    pub(crate) id: String,
    pub(crate) when: String,
    pub(crate) controls: Vec<String>,
    pub(crate) steps: Vec<String>,
    pub(crate) says: String,
    pub(crate) last: Option<Drill>,
    pub(crate) counts_until: Option<Instant>,
    pub(crate) why_not: Option<String>,
}

/// That somebody tried one.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Drill {
    pub(crate) at: Instant,
    pub(crate) held: bool,
    pub(crate) by: Option<String>,
}

/// How far what follows came for an identity.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Consequence {
    pub(crate) identity_name: String,
    pub(crate) control: String,
    pub(crate) state: ConsequenceState,
    pub(crate) why: Option<String>,
    pub(crate) at: Instant,
    pub(crate) plan_handle: Option<String>,
    pub(crate) asked: Option<String>,
    pub(crate) disables_at: Option<Instant>,
}

impl Consequence {
    /// What comes next, or why nothing does.
    pub(crate) fn next(&self) -> String {
        let on = |at: Instant| format!("the next stage comes {}", crate::render::words::instant(at));
        match self.state {
            ConsequenceState::Warned => self.disables_at.map(on).unwrap_or_default(),
            ConsequenceState::WouldDisable => self.why.clone().unwrap_or_default(),
            ConsequenceState::Proposed => {
                let plan = self.plan_handle.as_deref().unwrap_or_default();
                let waits =
                    self.asked.as_ref().map(|name| format!(", which waits for {name}")).unwrap_or_default();
                format!("plan {plan}{waits}")
            }
        }
    }
}

/// Who can be reached now and may stop an identity.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Who {
    pub(crate) people: Vec<Reachable>,
    pub(crate) fault: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Reachable {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) may_stop: bool,
    pub(crate) acknowledged: Option<Instant>,
}
