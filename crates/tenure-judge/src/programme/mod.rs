//! The programme: the classes, thresholds and policies an organisation has decided on.
//!
//! Read strictly from TOML: an unknown key, a number out of range or an unknown policy is
//! refused, because a setting that silently does nothing is worse than none. It must never
//! hold the policies themselves; those are Cedar, beside this crate's source.
//! Next: `class.rs`, what is asked of which kind of identity; `control.rs`, what must hold and by whom; `exceptions.rs`,
//! what may be excepted; `files.rs`, a directory of files.

mod approvals;
mod approver;
mod business_time;
mod calendar;
mod class;
mod control;
mod delegations;
mod exceptions;
mod files;
mod framework;
mod handoffs;
mod messages;
mod named;
pub(crate) mod own_policies;
mod partner;
mod playbooks;
mod readiness;
mod requests;
mod retention;
mod reviews;
mod risk;
mod service_levels;
mod stores;
mod unanswered;

pub use approvals::{
    ApprovalRule, ApprovalRules, DecidedKind, Given, NotApproved, PlanAbout, decides_step, may_decide,
    step_in_words, undecided,
};
pub use approver::Approver;
pub use calendar::{Calendar, Day};
pub use class::Class;
pub(crate) use class::{ClassReady, asks_for_requests, asks_for_rights, class_of, class_of_traits};
pub use control::{Accepted, CheckWarning, Consequence, Control, PartnerRole};
pub use delegations::{DelegationRules, NotDelegated};
pub use exceptions::{ExceptionRules, NextTerm, NotExcepted, Term, Wish};
pub use files::{ProgrammeFault, ProgrammeFiles};
pub use handoffs::HandoffRules;
pub use messages::{MessageRules, Tellable, Told};
pub use own_policies::OwnPolicy;
pub use partner::{Partner, PartnerKind};
pub use playbooks::{Drill, Drills, Playbook};
pub use readiness::{
    ACKNOWLEDGED_FOR, Asked, DeliveredBy, Gate, People, Readiness, Warned, gate, people_named, readiness,
    who_revokes,
};

pub use requests::RequestRules;
pub use retention::RetentionRules;
pub use reviews::{REVIEW_CONTROL, ReviewRules};
pub use risk::{DataPoints, EnvironmentPoints, ExposurePoints, ReachPoints, RiskRules, TierDays, TierLines};
pub(crate) use risk::{Exposure, Reach};
pub use service_levels::{ClockRules, ServiceLevel, StepAbout, asked_in_words, passed_on};
pub use stores::{CredentialStore, FEDERATION, StoreKind};
pub use unanswered::{AskedInVain, asked_in_vain};

use crate::{consumer::Pattern, policy};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};
use tenure_model::{ProofLevel, Severity, noun, printable};

/// The version of programme files this build reads.
const VERSION: u32 = 1;
/// Patterns of administrative consumers, and characters of each.
const PATTERNS_MAX: usize = 100;
const PATTERN_CHARS_MAX: usize = 100;
/// One day.
const DAY: Duration = Duration::from_hours(24);

/// What the organisation decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// The version of the file's form; `1`.
    pub version: u32,
    /// Whether what the check warns of is refused.
    #[serde(default)]
    pub check: CheckMode,
    /// Where judging draws its lines.
    #[serde(default)]
    pub thresholds: Thresholds,
    /// What differs from each policy's own annotations, by policy id.
    #[serde(default)]
    pub policies: BTreeMap<String, PolicySetting>,
    /// What may be excepted, for how long, and who grants it.
    #[serde(default)]
    pub exceptions: ExceptionRules,
    /// Who decides which plan.
    #[serde(default)]
    pub approvals: ApprovalRules,
    /// How long what is asked for waits.
    #[serde(default)]
    pub requests: RequestRules,
    /// How long somebody may let others decide in their place.
    #[serde(default)]
    pub delegations: DelegationRules,
    /// How long a handoff waits.
    #[serde(default)]
    pub handoffs: HandoffRules,
    /// When people are told what waits for them.
    #[serde(default)]
    pub messages: MessageRules,
    /// Who reviews, and until when.
    #[serde(default)]
    pub reviews: ReviewRules,
    /// For how long what was is kept.
    #[serde(default)]
    pub retention: RetentionRules,
    /// How identities are put into risk tiers.
    #[serde(default)]
    pub risk: RiskRules,
    /// By when what waits for people is decided; the first that means a step counts.
    #[serde(default, rename = "service_level", skip_serializing_if = "Vec::is_empty")]
    pub service_levels: Vec<ServiceLevel>,
    /// Kinds of identities; the first that means one is its class.
    #[serde(default, rename = "class", skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// Teams and vendors; of a file of their own, as are calendars and controls.
    #[serde(skip)]
    pub partners: Vec<Partner>,
    /// Where credentials may live.
    #[serde(skip)]
    pub stores: Vec<CredentialStore>,
    /// When people are at work.
    #[serde(skip)]
    pub calendars: Vec<Calendar>,
    /// What must hold, by whom, and what follows.
    #[serde(skip)]
    pub controls: Vec<Control>,
    /// What is done when something happens.
    #[serde(skip)]
    pub playbooks: Vec<Playbook>,
    /// Policies of the organisation's own; of files of their own.
    #[serde(skip)]
    pub own_policies: Vec<OwnPolicy>,
}

noun! {
    /// What the check does with what it warns of.
    #[derive(Default)]
    pub enum CheckMode as "check" {
        /// It is as bad as a fault.
        Refuse = "refuse",
        /// Somebody may accept it, for a while.
        #[default]
        Warn = "warn",
    }
}

noun! {
    /// A part of a programme that is told by its id.
    pub enum Part as "part" {
        /// A team or a vendor.
        Partner = "partner",
        /// When people are at work.
        Calendar = "calendar",
        /// What must hold.
        Control = "control",
        /// What is done when something happens.
        Playbook = "playbook",
        /// Where credentials may live.
        Store = "store",
        /// By when a step is decided.
        ServiceLevel = "service_level",
    }
}

/// Where judging draws its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// How old a credential's value may get, in days; a charter may ask for less, never for more.
    pub rotation_days_max: u32,
    /// How long a condition may fail before the identity lapses.
    pub grace_days: GraceDays,
    /// How well a death must be known, unless the plan required more.
    pub required_proof_level: ProofLevel,
    /// For how many days after it was last seen a use by an application counts.
    pub application_use_days: u32,
    /// How many days before its end a certificate or key is said to end soon.
    pub expiring_days: u32,
    /// How long a token may live, in days.
    pub token_days_max: u32,
    /// After how many days without a use an administrator counts as unused.
    pub unused_days: u32,
    /// How often an owner must say of what is enrolled that it is still needed as it is, in days; nobody is asked where
    /// neither this nor the class says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_days_max: Option<u32>,
    /// How many programs may use one identity.
    pub shared_consumers_max: u32,
    /// Programs made for administrators: names or consumers, `*` for any run of characters.
    pub administrative_consumers: Vec<String>,
    /// Consumers behind which a person certainly sits: names or consumers, `*` for any run of characters.
    pub interactive_consumers: Vec<String>,
}

/// How long a condition may fail before the identity lapses, in days, by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraceDays {
    /// Worth knowing.
    pub low: u32,
    /// Mend when convenient.
    pub medium: u32,
    /// Mend soon.
    pub high: u32,
    /// Mend now.
    pub critical: u32,
}

/// What differs from a policy's own annotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySetting {
    /// `false` leaves the policy out.
    pub enabled: Option<bool>,
    /// How bad it is here.
    pub severity: Option<Severity>,
}

/// Why a programme cannot be judged by.
#[derive(Debug, thiserror::Error)]
pub enum ProgrammeRefused {
    /// It is not TOML, or not this form.
    #[error("the programme cannot be read")]
    Unreadable(#[source] toml::de::Error),
    /// It was written for another build.
    #[error("the programme has version {given}; this build reads version {VERSION}")]
    VersionUnknown {
        /// The version it says.
        given: u32,
    },
    /// A number is outside what makes sense.
    #[error("`{setting}` is {given}; it must be from {min} to {max}")]
    OutOfRange {
        /// Which setting.
        setting: &'static str,
        /// What it says.
        given: u32,
        /// The least it may be.
        min: u32,
        /// The most it may be.
        max: u32,
    },
    /// There are more patterns than anybody reviews.
    #[error("`{setting}` has {given} patterns; at most {PATTERNS_MAX} are read")]
    TooManyPatterns {
        /// Which setting.
        setting: &'static str,
        /// How many there are.
        given: usize,
    },
    /// A pattern is empty, too long, or would excuse everything.
    #[error("`{given}` in `{setting}` {why}")]
    PatternUnfit {
        /// Which setting.
        setting: &'static str,
        /// The pattern, made printable.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A setting for a policy that does not exist.
    #[error("`{given}` is not a policy; the policies are: {known}")]
    PolicyUnknown {
        /// What was given, made printable.
        given: String,
        /// The ids there are.
        known: String,
    },
    /// A class cannot be used as it stands.
    #[error("{why}")]
    ClassUnfit {
        /// Which one, from 0.
        index: usize,
        /// Which of its fields.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A partner, a calendar or a control cannot be used as it stands.
    #[error("{why}")]
    PartUnfit {
        /// Of which kind.
        part: Part,
        /// Which one, from 0.
        index: usize,
        /// Which of its fields.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A setting does not go with another.
    #[error("{why}")]
    SettingUnfit {
        /// Which setting.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A policy in this build is itself wrong.
    #[error("policy `{policy}` is faulty: {why}")]
    PolicyFaulty {
        /// Which policy.
        policy: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Default for Programme {
    fn default() -> Self {
        Self {
            version: VERSION,
            check: CheckMode::default(),
            thresholds: Thresholds::default(),
            policies: BTreeMap::new(),
            exceptions: ExceptionRules::default(),
            approvals: ApprovalRules::default(),
            requests: RequestRules::default(),
            delegations: DelegationRules::default(),
            handoffs: HandoffRules::default(),
            messages: MessageRules::default(),
            reviews: ReviewRules::default(),
            retention: RetentionRules::default(),
            risk: RiskRules::default(),
            service_levels: Vec::new(),
            classes: Vec::new(),
            partners: Vec::new(),
            stores: Vec::new(),
            calendars: Vec::new(),
            controls: Vec::new(),
            playbooks: Vec::new(),
            own_policies: Vec::new(),
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            rotation_days_max: 90,
            grace_days: GraceDays::default(),
            required_proof_level: ProofLevel::P4,
            application_use_days: 30,
            expiring_days: 30,
            token_days_max: 90,
            unused_days: 90,
            review_days_max: None,
            shared_consumers_max: 3,
            administrative_consumers: [
                "psql",
                "pgAdmin*",
                "pg_dump*",
                "pg_restore",
                "pg_basebackup",
                "pg_receivewal",
                "pg_upgrade",
                "vacuumdb",
                "reindexdb",
                "DBeaver*",
                "DataGrip*",
                "pgbackrest*",
                "barman*",
                "tenure*",
            ]
            .map(str::to_owned)
            .to_vec(),
            // Not `psql`: scripts run it as often as people do.
            interactive_consumers: ["pgAdmin*", "DBeaver*", "DataGrip*", "TablePlus*", "pts/*", "tty*"]
                .map(str::to_owned)
                .to_vec(),
        }
    }
}

impl Default for GraceDays {
    fn default() -> Self {
        Self { low: 90, medium: 30, high: 7, critical: 1 }
    }
}

impl GraceDays {
    /// How long a condition of this severity may fail.
    pub fn of(&self, severity: Severity) -> Duration {
        let days = match severity {
            Severity::Low => self.low,
            Severity::Medium => self.medium,
            Severity::High => self.high,
            Severity::Critical => self.critical,
        };
        days_long(days)
    }
}

impl Programme {
    /// Reads a programme file.
    pub fn parse(text: &str) -> Result<Self, ProgrammeRefused> {
        let programme: Self = toml::from_str(text).map_err(ProgrammeRefused::Unreadable)?;
        programme.check()?;
        Ok(programme)
    }

    /// Refuses what the form alone cannot.
    pub(crate) fn check(&self) -> Result<(), ProgrammeRefused> {
        self.faults().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that the form alone cannot refuse.
    fn faults(&self) -> Vec<ProgrammeRefused> {
        if self.version != VERSION {
            return vec![ProgrammeRefused::VersionUnknown { given: self.version }];
        }
        let mut faults = self.numbers();
        let thresholds = &self.thresholds;
        faults.extend(pattern_faults("administrative_consumers", &thresholds.administrative_consumers));
        faults.extend(pattern_faults("interactive_consumers", &thresholds.interactive_consumers));
        let mut known: Vec<&str> = policy::ids().collect();
        known.extend(self.own_policies.iter().map(|own| own.id.as_str()));
        let unknown = self.policies.keys().filter(|id| !known.contains(&id.as_str()));
        faults.extend(unknown.map(|given| ProgrammeRefused::PolicyUnknown {
            given: printable(given, 60),
            known: known.join(", "),
        }));
        faults.extend(exceptions::faults(&self.exceptions));
        faults.extend(approvals::faults(&self.approvals, &self.classes));
        faults.extend(requests::faults(&self.requests));
        faults.extend(delegations::faults(&self.delegations));
        faults.extend(handoffs::faults(&self.handoffs));
        faults.extend(messages::faults(&self.messages, &self.calendars));
        faults.extend(reviews::faults(&self.reviews));
        faults.extend(retention::faults(&self.retention));
        faults.extend(risk::faults(&self.risk));
        faults.extend(class::faults(&self.classes));
        faults.extend(service_levels::faults(&self.service_levels, &self.calendars, &self.classes));
        faults.extend(stores::faults(&self.stores, &self.classes));
        faults.extend(partner::faults(&self.partners, &self.calendars));
        faults.extend(calendar::faults(&self.calendars));
        faults.extend(control::faults(&self.controls, &self.partners, self.check));
        faults.extend(playbooks::faults(&self.playbooks, &self.controls));
        faults
    }

    fn numbers(&self) -> Vec<ProgrammeRefused> {
        let thresholds = &self.thresholds;
        let grace = &thresholds.grace_days;
        let rows: [(&'static str, u32, RangeInclusive<u32>); 11] = [
            ("thresholds.rotation_days_max", thresholds.rotation_days_max, 1..=3_650),
            ("thresholds.application_use_days", thresholds.application_use_days, 1..=365),
            ("thresholds.expiring_days", thresholds.expiring_days, 1..=365),
            ("thresholds.token_days_max", thresholds.token_days_max, 1..=3_650),
            ("thresholds.unused_days", thresholds.unused_days, 1..=3_650),
            ("thresholds.review_days_max", thresholds.review_days_max.unwrap_or(1), 1..=3_650),
            ("thresholds.shared_consumers_max", thresholds.shared_consumers_max, 1..=1_000),
            ("thresholds.grace_days.low", grace.low, 0..=365),
            ("thresholds.grace_days.medium", grace.medium, 0..=365),
            ("thresholds.grace_days.high", grace.high, 0..=365),
            ("thresholds.grace_days.critical", grace.critical, 0..=365),
        ];
        let outside = rows.into_iter().filter(|(_, given, allowed)| !allowed.contains(given));
        let refused = outside.map(|(setting, given, allowed)| {
            let (min, max) = allowed.into_inner();
            ProgrammeRefused::OutOfRange { setting, given, min, max }
        });
        refused.collect()
    }
}

/// Patterns that nobody can have meant.
fn pattern_faults(setting: &'static str, patterns: &[String]) -> Vec<ProgrammeRefused> {
    if patterns.len() > PATTERNS_MAX {
        return vec![ProgrammeRefused::TooManyPatterns { setting, given: patterns.len() }];
    }
    let unfit = |pattern: &String| {
        let why = if pattern.trim().is_empty() {
            "is empty"
        } else if pattern.chars().count() > PATTERN_CHARS_MAX {
            "is longer than 100 characters"
        } else if Pattern::new(pattern).matches_everything() {
            "would match every consumer"
        } else {
            return None;
        };
        Some(ProgrammeRefused::PatternUnfit { setting, given: printable(pattern, 60), why })
    };
    patterns.iter().filter_map(unfit).collect()
}

/// So many days.
pub(crate) fn days_long(days: u32) -> Duration {
    DAY * days
}
