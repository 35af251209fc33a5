//! A principal: an identity as one system holds it, with its credentials, rights and uses.
//!
//! Observations carry no judgement; these types say what was seen, in the system's own
//! terms where it matters and in ours where rooms share it. Next: `identity.rs`.

use crate::{Facts, Instant, lifecycle::Lifecycle, noun};
use serde::{Deserialize, Serialize};

noun! {
    /// What kind of principal it is.
    pub enum PrincipalKind as "principal kind" {
        /// Authenticates, or could.
        Account = "account",
        /// Only holds rights for others.
        Group = "group",
        /// Runs unattended as an account: a service, a scheduled job.
        Workload = "workload",
        /// Software that acts by its own decisions, or serves tools to such software.
        Agent = "agent",
        /// A public key that lets its holder in as an account.
        Key = "key",
        /// The machine itself, as others know it.
        Machine = "machine",
        /// An identity of another system, known here only by a copy of its credential.
        External = "external",
    }
}

noun! {
    /// Whether a principal is still there.
    pub enum Presence as "presence" {
        /// Seen in the last complete reading.
        Present = "present",
        /// Vanished without us.
        Gone = "gone",
        /// Removed by us and proved to the required level.
        Retired = "retired",
        /// Claimed removed, below the required level.
        Unproven = "unproven",
    }
}

noun! {
    /// What can happen to a principal's presence.
    pub enum PresenceEvent as "presence event" {
        /// A reading shows it.
        Seen = "seen",
        /// A complete reading does not show it.
        Missed = "missed",
        /// Our removal was proved to the required level.
        Proved = "proved",
        /// Our removal ended below it.
        FellShort = "fell_short",
    }
}

impl Lifecycle for Presence {
    type Event = PresenceEvent;
    const STATES: &'static [Self] = Self::ALL;
    const EVENTS: &'static [PresenceEvent] = PresenceEvent::ALL;

    fn on(self, event: PresenceEvent) -> Option<Self> {
        use PresenceEvent as E;
        match (self, event) {
            // A thing that is seen is there, whatever we believed: a retired one that returns is a new fact.
            (Self::Present | Self::Gone | Self::Retired | Self::Unproven, E::Seen) => Some(Self::Present),
            (Self::Present | Self::Gone, E::Missed) => Some(Self::Gone),
            (Self::Retired, E::Missed) => Some(Self::Retired),
            (Self::Unproven, E::Missed) => Some(Self::Unproven),
            (Self::Present | Self::Gone | Self::Unproven | Self::Retired, E::Proved) => Some(Self::Retired),
            (Self::Present | Self::Gone | Self::Unproven, E::FellShort) => Some(Self::Unproven),
            (Self::Retired, E::FellShort) => None,
        }
    }
}

/// A principal's key in its system: unambiguous there and never reused, such as `oid:16391`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PrincipalKey(pub String);

/// A principal as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedPrincipal {
    /// Its key in the system.
    pub key: PrincipalKey,
    /// Its name in the system, exactly.
    pub name: String,
    /// What kind it is.
    pub kind: PrincipalKind,
    /// Part of the system itself, owned by its vendor.
    pub built_in: bool,
    /// What is known about it.
    pub facts: Facts,
    /// A comment in the system that may hint at purpose or owner.
    pub charter_hint: Option<String>,
}

noun! {
    /// What kind of credential it is.
    pub enum CredentialKind as "credential kind" {
        /// A password or its stored verifier.
        Password = "password",
        /// An SSH key, known by its public half.
        SshKey = "ssh_key",
        /// A private key for TLS or signing.
        PrivateKey = "private_key",
        /// An X.509 certificate.
        Certificate = "certificate",
        /// A bearer token or API key.
        Token = "token",
        /// A long-lived key of a cloud account, such as an access key with its id.
        CloudKey = "cloud_key",
        /// A container of keys that was not opened.
        KeyStore = "key_store",
    }
}

impl CredentialKind {
    /// What it is called in a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SshKey => "SSH key",
            Self::PrivateKey => "private key",
            Self::Certificate => "certificate",
            Self::Token => "token",
            Self::CloudKey => "cloud key",
            Self::KeyStore => "key store",
        }
    }
}

noun! {
    /// Whether the system would accept a credential.
    pub enum CredentialState as "credential state" {
        /// Accepted.
        Live = "live",
        /// Kept but refused.
        Disabled = "disabled",
        /// Past its own end.
        Expired = "expired",
        /// Vanished without us.
        Gone = "gone",
        /// Removed by us.
        Removed = "removed",
    }
}

/// A credential as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedCredential {
    /// Its key within the principal, such as `password`.
    pub key: String,
    /// Whose it is.
    pub principal: PrincipalKey,
    /// What kind it is.
    pub kind: CredentialKind,
    /// Whether it would be accepted.
    pub state: CredentialState,
    /// Keyed hash of the stored value, when we could read it: equal means equal.
    pub fingerprint: Option<String>,
    /// When the system itself stops accepting it.
    pub valid_until: Option<Instant>,
    /// What is known about it.
    pub facts: Facts,
}

/// A right held on a resource, and the path by which it is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedGrant {
    /// Who holds it.
    pub principal: PrincipalKey,
    /// On what: `shop/table/public.orders`.
    pub resource: String,
    /// Which right, in the system's word: `SELECT`, `owner`, `member`.
    pub right: String,
    /// By which chain it is held; empty when held directly.
    pub path: Vec<String>,
    /// May pass it on.
    pub grantable: bool,
}

/// A place where a copy of a credential was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedSighting {
    /// Whose credential, when the place says so.
    pub principal_name: String,
    /// Where the copy is, in words a person can follow.
    pub place: String,
    /// Keyed hash of the value, when it could be read.
    pub fingerprint: Option<String>,
    /// The system the copy is for, when the place says so.
    pub towards: Option<String>,
}

/// A counted use of a principal in one time bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedUse {
    /// Who was used.
    pub principal: PrincipalKey,
    /// By whom or from where: `10.0.3.7 (etl)`.
    pub consumer: String,
    /// The start of the hour it falls in.
    pub bucket: Instant,
    /// How many sessions were seen.
    pub count: i64,
}

/// One thing seen; never a judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "observed", rename_all = "snake_case")]
pub enum Observation {
    /// A principal.
    Principal(ObservedPrincipal),
    /// A credential.
    Credential(ObservedCredential),
    /// A right.
    Grant(ObservedGrant),
    /// A copy of a credential.
    Sighting(ObservedSighting),
    /// A use.
    Use(ObservedUse),
}

#[cfg(test)]
mod tests {
    use super::Presence;

    #[test]
    fn the_life_of_a_presence() {
        insta::assert_snapshot!(crate::lifecycle::grid::<Presence>());
    }
}
