//! The answers about ownership, as far as this program shows them.

use serde::{Deserialize, Serialize};
use tenure_model::{DataClass, Environment, Instant};

/// What nobody owns, with whose it might be.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Suggested {
    pub(crate) identity: String,
    pub(crate) name: String,
    pub(crate) handle: String,
    pub(crate) suggestions: Vec<Suggestion>,
    #[serde(default)]
    pub(crate) passed: Vec<Passed>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Suggestion {
    pub(crate) person_name: String,
    pub(crate) confidence: Sure,
    pub(crate) reason: String,
    pub(crate) evidence: Vec<Evidence>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) says: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Passed {
    pub(crate) by: String,
    pub(crate) asked: Option<String>,
    pub(crate) reason: String,
}

/// How sure a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sure {
    /// Something only remotely connected points there
    Low,
    /// A name points there, and names can be shared
    Medium,
    /// The machine or a person said so
    High,
}

impl Sure {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// An identity that a rule means.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Meant {
    pub(crate) identity: String,
    pub(crate) name: String,
    pub(crate) owners: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClaimsMade {
    pub(crate) claims: Vec<ClaimMade>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClaimMade {
    pub(crate) name: String,
    pub(crate) claimed: bool,
    pub(crate) why: Option<String>,
}

/// A charter with the names of people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CharterWritten {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) business_owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) technical_owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) boundary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<Environment>,
    pub(crate) data_class: Option<DataClass>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed_scope: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rotation_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retirement_trigger: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct CharterTaken {
    pub(crate) identity: String,
    pub(crate) name: String,
    pub(crate) as_of: String,
    pub(crate) charter: CharterWritten,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ChartersImported {
    pub(crate) charters: Vec<CharterImported>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CharterImported {
    pub(crate) given: String,
    pub(crate) name: Option<String>,
    pub(crate) state: String,
    pub(crate) changes: Vec<FieldChange>,
    pub(crate) why: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FieldChange {
    pub(crate) field: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
}
