//! An identity: the governed thing, its charter and its standing.
//!
//! Charter, standing and decisions hang here; what a system holds hangs on principals.
//! Next: `plan.rs`, what should change.

use crate::{FindingId, IdentityId, Instant, PersonId, noun};
use serde::{Deserialize, Serialize};

noun! {
    /// The judged state of an identity.
    pub enum Standing as "standing" {
        /// Nobody has said yet whose it is.
        Unclaimed = "unclaimed",
        /// Every condition holds.
        Sound = "sound",
        /// A condition fails under a time-bound exception.
        Excepted = "excepted",
        /// A condition fails, inside its grace.
        Due = "due",
        /// A condition fails, past its grace.
        Lapsed = "lapsed",
        /// Held back on purpose, with an end.
        Suspended = "suspended",
        /// Not observed any more: it was present when its source was removed.
        Unobserved = "unobserved",
        /// Ended and proved.
        Retired = "retired",
        /// Vanished without us.
        Gone = "gone",
        /// Claimed dead below the required level.
        Unproven = "unproven",
    }
}

impl Standing {
    /// The mark shown beside the word, so that colour never carries meaning alone.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Unclaimed => "?",
            Self::Sound => "●",
            Self::Excepted => "◐",
            Self::Due => "◔",
            Self::Lapsed => "▲",
            Self::Suspended => "■",
            Self::Unobserved => "◌",
            Self::Retired => "✓",
            Self::Gone => "○",
            Self::Unproven => "!",
        }
    }
}

noun! {
    /// How bad it is when a condition fails.
    pub enum Severity as "severity" {
        /// Worth knowing.
        Low = "low",
        /// Mend when convenient.
        Medium = "medium",
        /// Mend soon.
        High = "high",
        /// Mend now.
        Critical = "critical",
    }
}

noun! {
    /// Which kind of policy a finding comes from.
    pub enum PolicyKind as "policy kind" {
        /// Needs no governance to be true.
        Hygiene = "hygiene",
        /// Applies to enrolled identities.
        Governance = "governance",
    }
}

noun! {
    /// Where an identity runs.
    pub enum Environment as "environment" {
        /// Real users depend on it.
        Production = "production",
        /// A rehearsal of production.
        Staging = "staging",
        /// Where things are made.
        Development = "development",
        /// Where things are tried.
        Test = "test",
    }
}

noun! {
    /// How bad it would be if what an identity can reach came into the wrong hands.
    pub enum DataClass as "data class" {
        /// Anybody may have it.
        Public = "public",
        /// It is for the people of the organisation.
        Internal = "internal",
        /// It harms people or the organisation when others have it.
        Confidential = "confidential",
        /// A law or a contract says who may have it.
        Restricted = "restricted",
    }
}

noun! {
    /// How much an identity could cost: from its data, where it runs, what it may do and who could get at it.
    pub enum RiskTier as "risk tier" {
        /// Little is lost.
        Low = "low",
        /// Something is.
        Moderate = "moderate",
        /// Much is.
        High = "high",
        /// Everything may be.
        Critical = "critical",
    }
}

noun! {
    /// A field of a charter, as a programme asks for it.
    pub enum CharterField as "charter field" {
        /// Who answers for its existence.
        BusinessOwner = "business_owner",
        /// Who can change it.
        TechnicalOwner = "technical_owner",
        /// Why it exists.
        Purpose = "purpose",
        /// Where it may be used from and against.
        Boundary = "boundary",
        /// Where it runs.
        Environment = "environment",
        /// What its data is.
        DataClass = "data_class",
        /// Rights it may hold.
        AllowedScope = "allowed_scope",
        /// How old its credentials may get.
        RotationDays = "rotation_days",
        /// When it ends.
        ExpiresAt = "expires_at",
        /// What ends it earlier.
        RetirementTrigger = "retirement_trigger",
    }
}

/// The governed record of an identity. Every field may be unanswered; judging says which must not be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// Who answers for its existence.
    pub business_owner: Option<PersonId>,
    /// Who can change it.
    pub technical_owner: Option<PersonId>,
    /// Why it exists.
    pub purpose: Option<String>,
    /// Where it may be used from and against.
    pub boundary: Option<String>,
    /// Where it runs.
    pub environment: Option<Environment>,
    /// What the data is that it can reach.
    #[serde(default)]
    pub data_class: Option<DataClass>,
    /// Rights it may hold.
    pub allowed_scope: Vec<String>,
    /// How old its credentials may get, in days.
    pub rotation_days: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// What ends it earlier.
    pub retirement_trigger: Option<String>,
}

impl Charter {
    /// Whether this field says something.
    pub fn answers(&self, field: CharterField) -> bool {
        let says = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        match field {
            CharterField::BusinessOwner => self.business_owner.is_some(),
            CharterField::TechnicalOwner => self.technical_owner.is_some(),
            CharterField::Purpose => says(&self.purpose),
            CharterField::Boundary => says(&self.boundary),
            CharterField::Environment => self.environment.is_some(),
            CharterField::DataClass => self.data_class.is_some(),
            CharterField::AllowedScope => !self.allowed_scope.is_empty(),
            CharterField::RotationDays => self.rotation_days.is_some(),
            CharterField::ExpiresAt => self.expires_at.is_some(),
            CharterField::RetirementTrigger => says(&self.retirement_trigger),
        }
    }
}

/// One condition that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// Whose.
    pub identity: IdentityId,
    /// Which policy.
    pub policy: String,
    /// Which kind of policy.
    pub kind: PolicyKind,
    /// Which control it serves, such as `NHI7:2025`.
    pub control: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in plain words.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Since when.
    pub opened_at: Instant,
}
