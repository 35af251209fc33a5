//! People and what they may decide.
//!
//! The evidence log holds a person's id, never their name: names are rows that can be
//! erased. Rights are words here; `tenure-judge` decides who holds them.

use crate::{PersonId, noun};
use serde::{Deserialize, Serialize};

noun! {
    /// What a person does in the programme.
    pub enum Role as "role" {
        /// Configures sources, people and keys; decides everything.
        Administrator = "administrator",
        /// Plans, approves and applies changes.
        Operator = "operator",
        /// Answers for identities and sees their evidence.
        Owner = "owner",
        /// Sees everything and changes nothing.
        Auditor = "auditor",
    }
}

noun! {
    /// Where a person comes from; only there they are changed.
    pub enum Origin as "origin" {
        /// Added here, by an administrator.
        Local = "local",
        /// From a directory that speaks SCIM.
        Scim = "scim",
        /// On a list that an administrator brought in.
        Csv = "csv",
        /// From a directory that is read by LDAP.
        Ldap = "ldap",
    }
}

noun! {
    /// A right to decide, bound into approvals and entries.
    pub enum DecisionRight as "decision right" {
        /// End an identity.
        Revoke = "revoke",
        /// Stop an identity, with a way back.
        Disable = "disable",
        /// Say whose an identity is.
        Own = "own",
        /// Say what Tenure reads.
        Configure = "configure",
        /// Believe or disbelieve a held survey.
        Accept = "accept",
        /// Permit a condition to fail for a while.
        Except = "except",
        /// Let something be made that is to be governed.
        Create = "create",
    }
}

/// A human known to Tenure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// The name they sign in with.
    pub name: String,
    /// What they do.
    pub role: Role,
    /// The local account they act from, when mapped.
    pub local_uid: Option<u32>,
}
