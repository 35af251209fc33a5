//! A dossier: everything known about one identity, gathered for one judgement.
//!
//! Values only, no judgement: whoever gathers it says what was seen and what could not be.
//! It must never hold a secret value, nor a fingerprint (equality is already answered in
//! `same_value`). Next: `facts.rs`, which reads it.

use serde::{Deserialize, Serialize};
use tenure_model::{
    Charter, CredentialId, CredentialKind, CredentialState, DismissalId, ExceptionId, Facts, Grounds,
    IdentityId, Instant, Presence, PrincipalId, PrincipalKind, ProofLevel,
};

/// Everything known about one identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// Which identity.
    pub identity: IdentityId,
    /// What people call it.
    pub name: String,
    /// Governance applies: matched by a class of the programme, or claimed.
    pub enrolled: bool,
    /// Part of a system itself; counts as enrolled, owned by its vendor.
    pub built_in: bool,
    /// None of its principals was there at the baseline of its source.
    #[serde(default)]
    pub new_since_baseline: bool,
    /// The governed record.
    pub charter: Charter,
    /// What people said of its conditions, each with its end; what is over may stand here, too.
    #[serde(default)]
    pub said: Vec<Said>,
    /// What is known of whether it is still needed as it is.
    #[serde(default)]
    pub validity: Validity,
    /// The principals it consists of, at most [`crate::PRINCIPALS_MAX`].
    pub principals: Vec<PrincipalDossier>,
}

/// What a person said of a condition, so that it does not count until it ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Which policy.
    pub policy: String,
    /// About which part of the identity, as in [`crate::FailedCondition::subject`].
    pub subject: String,
    /// When it counts again.
    pub ends_at: Instant,
    /// What was said, for whoever keeps it.
    pub word: Word,
    /// What the finding rested on then; nothing when that was not written down.
    #[serde(default)]
    pub rested_on: Option<Grounds>,
    /// Policies that must not fail on this identity instead; when one does, it counts again.
    #[serde(default)]
    pub instead: Vec<String>,
    /// Why it counts for nothing any more, whatever it rested on: who said so has left.
    #[serde(default)]
    pub void: Option<String>,
}

/// What is said of a condition that does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It is no finding here.
    Dismissal(DismissalId),
    /// It is one, and may be for a while.
    Exception(ExceptionId),
}

/// What is known of whether an identity is still needed as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// Since when governance applies; `None` where that is not known, and then no cadence runs out.
    #[serde(default)]
    pub enrolled_since: Option<Instant>,
    /// What was said last of whether it is still needed as it is.
    #[serde(default)]
    pub confirmed: Option<Confirmed>,
    /// What its charter waits for that ends outside of it.
    #[serde(default)]
    pub awaited: Vec<Awaited>,
    /// When nobody was left to be asked in a review of it, where nobody decided about it since.
    #[serde(default)]
    pub review_missed: Option<Instant>,
}

/// Something that ends outside of an identity, as its charter names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The term of the charter, as [`tenure_model::RetireWhen`] writes it.
    pub term: String,
    /// Whether that came; `None` where it cannot be known.
    pub came: Option<bool>,
    /// What that rests on, in words.
    pub says: String,
}

/// What a person said of whether an identity is still needed as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// When.
    pub at: Instant,
    /// What of it they denied, in words; nothing when they confirmed all.
    #[serde(default)]
    pub denied: Option<String>,
    /// Rights that it holds now and did not then, in words, and how many more there are.
    #[serde(default)]
    pub gained: Vec<String>,
    /// Why their word counts for nothing any more: they left, or do not own it any more.
    #[serde(default)]
    pub void: Option<String>,
}

/// One principal of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalDossier {
    /// Which principal.
    pub id: PrincipalId,
    /// Its name in the system, exactly.
    pub name: String,
    /// The short name of the source that shows it.
    pub source: String,
    /// Which kind of system: `postgres`.
    pub system: String,
    /// What kind of principal it is.
    pub kind: PrincipalKind,
    /// Whether it is still there.
    pub presence: Presence,
    /// Since when nobody looks any more, because its source was removed; what is said of it is of then.
    #[serde(default)]
    pub unread_since: Option<Instant>,
    /// What is known about it, under the names in [`tenure_model::names`].
    pub facts: Facts,
    /// What somebody wrote beside it, as the system shows it.
    #[serde(default)]
    pub charter_hint: Option<String>,
    /// Its credentials, at most [`crate::CREDENTIALS_MAX`] over the whole dossier.
    pub credentials: Vec<CredentialDossier>,
    /// Who was seen using it, at most [`crate::USES_MAX`] over the whole dossier.
    pub uses: Vec<UseDossier>,
    /// `None` when use is observable here; otherwise why it is not.
    pub use_coverage: Option<String>,
    /// Since when every use would have been seen; `None` where one can be missed, as between two samples.
    #[serde(default)]
    pub use_watched_since: Option<Instant>,
    /// A claim of death that still stands; `None` when nobody claims it, or the claim was withdrawn
    /// by an undo.
    pub claimed_dead: Option<ClaimedDead>,
    /// It was made where a request was needed, and there is none: what surveys say of when. What was asked for late is not.
    #[serde(default)]
    pub made_outside: Option<MadeOutside>,
    /// Rights that it gained while its source was watched, or by a request, and holds; the latest first, at most 200.
    #[serde(default)]
    pub gains: Vec<Gain>,
    /// Others of this name at the same source that were ended, in words; at most 10.
    #[serde(default)]
    pub name_ended: Vec<String>,
    /// The rights it holds, gathered where the charter names an allowed scope; at most
    /// [`crate::RIGHTS_MAX`] over the whole dossier.
    #[serde(default)]
    pub rights: Vec<RightDossier>,
    /// How many rights it holds.
    pub grants: i64,
    /// How many objects it owns.
    pub owned: i64,
}

/// What surveys say of something that was made and nobody had asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeOutside {
    /// When a complete survey ended that did not see it.
    pub absent: Instant,
    /// When the first complete survey ended that did.
    pub seen: Instant,
    /// The class of the programme that it was of then.
    pub class: String,
}

/// A right that a principal gained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gain {
    /// Which right, in the system's word: `SELECT`.
    pub right: String,
    /// On what: `shop/table/public.orders`.
    pub resource: String,
    /// It may pass it on.
    #[serde(default)]
    pub grantable: bool,
    /// When a complete survey ended that did not see it.
    pub absent: Instant,
    /// When the first complete survey ended that did.
    pub seen: Instant,
    /// The class of the programme that it was of then.
    #[serde(default)]
    pub class: Option<String>,
    /// Until when it was asked for, and approved; nothing where nobody asked.
    #[serde(default)]
    pub asked_until: Option<Instant>,
}

/// One credential of a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialDossier {
    /// Which credential.
    pub id: CredentialId,
    /// What kind it is.
    pub kind: CredentialKind,
    /// Whether the system would accept it, as last seen.
    pub state: CredentialState,
    /// What is known about it. Without a readable `verifier` a change of value cannot be seen, so its
    /// age is unknown.
    pub facts: Facts,
    /// When the system itself stops accepting it.
    pub valid_until: Option<Instant>,
    /// When it was first seen.
    pub first_seen: Instant,
    /// When its present value was first seen, if that was later than the credential itself.
    pub value_changed_at: Option<Instant>,
    /// Names of other credentials with an equal fingerprint, at most 200.
    pub same_value: Vec<String>,
    /// Principals that were ended and had a credential with an equal fingerprint, in words; at most 10.
    #[serde(default)]
    pub value_ended: Vec<String>,
    /// Names of other authorised keys with an equal fingerprint, at any source; at most 200.
    #[serde(default)]
    pub opens_elsewhere: Vec<String>,
    /// Identities of another environment that hold an equal fingerprint, in words; at most 200.
    #[serde(default)]
    pub other_environments: Vec<String>,
}

/// One right of a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightDossier {
    /// Which right, in the system's word: `SELECT`.
    pub right: String,
    /// On what: `shop/table/public.orders`.
    pub resource: String,
    /// Since when surveys see it; `None` where that is not known.
    #[serde(default)]
    pub since: Option<Instant>,
}

/// One consumer of a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseDossier {
    /// From where, and in brackets by which program: `10.0.3.7 (etl)`.
    pub consumer: String,
    /// When it was last seen.
    pub last_seen: Instant,
    /// How many times.
    pub count: i64,
}

/// A claim that a principal is dead, and how well that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedDead {
    /// How well it is known.
    pub level: ProofLevel,
    /// How well the plan that claims it had to know it.
    pub required: ProofLevel,
    /// What is known and what is not, in plain words.
    pub sentence: String,
}
