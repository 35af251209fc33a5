//! Facts: what is known about something, and what is known not to be knowable.
//!
//! A missing fact is itself a fact (`Unknown` with a reason), never silently healthy.
//! Ordered by name so that two equal sets of facts are equal bytes. Names used by more
//! than one room are constants in `names`.

use crate::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One known value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Yes or no.
    Flag(bool),
    /// A whole number; the fact's name ends in its unit.
    Number(i64),
    /// Text as the system gives it.
    Text(String),
    /// A point in time.
    At(Instant),
    /// Several texts, sorted by whoever wrote them.
    Texts(Vec<String>),
    /// Not knowable here, and why.
    Unknown(String),
}

/// Facts by name.
pub type Facts = BTreeMap<String, Fact>;

/// Reads one flag; `None` when it is absent or not a flag.
pub fn flag(facts: &Facts, name: &str) -> Option<bool> {
    match facts.get(name) {
        Some(Fact::Flag(value)) => Some(*value),
        _ => None,
    }
}

/// Reads one text; `None` when it is absent or not a text.
pub fn text<'facts>(facts: &'facts Facts, name: &str) -> Option<&'facts str> {
    match facts.get(name) {
        Some(Fact::Text(value)) => Some(value),
        _ => None,
    }
}

/// Reads one number; `None` when it is absent or not a number.
pub fn number(facts: &Facts, name: &str) -> Option<i64> {
    match facts.get(name) {
        Some(Fact::Number(value)) => Some(*value),
        _ => None,
    }
}

/// Names of facts that more than one room knows.
pub mod names {
    /// Principal: may authenticate at all.
    pub const LOGIN: &str = "login";
    /// Principal: no permission check applies to it.
    pub const SUPERUSER: &str = "superuser";
    /// Principal: may stream replication.
    pub const REPLICATION: &str = "replication";
    /// Principal: row security does not apply to it.
    pub const BYPASS_ROW_SECURITY: &str = "bypass_row_security";
    /// Principal: may create principals.
    pub const CREATE_PRINCIPALS: &str = "create_principals";
    /// Principal: may create databases.
    pub const CREATE_DATABASES: &str = "create_databases";
    /// Principal: an access rule lets it in without any credential; the text is the rule.
    pub const PASSWORDLESS_RULE: &str = "passwordless_rule";
    /// Credential: how the value is kept: `scram-sha-256`, `md5`, `none`, `other`.
    pub const VERIFIER: &str = "verifier";
    /// Credential: why its hash is weak.
    pub const WEAK: &str = "weak";
    /// Credential: the value equals something guessable; the text says what.
    pub const GUESSABLE: &str = "guessable";
    /// Principal: runs unattended, although it is an account a person could use.
    pub const SERVICE_ACCOUNT: &str = "service_account";
    /// Principal: the number of its account, where that is an account of the machine Tenure runs on.
    pub const LOCAL_UID: &str = "local_uid";
    /// Principal: the machine's own id as a keyed fingerprint: who else has it is the same machine.
    pub const MACHINE_ID: &str = "machine_id";
    /// Principal: its shell lets somebody work in it.
    pub const LOGIN_SHELL: &str = "login_shell";
    /// Principal: fetches whatever version of its program is newest; the text says which program.
    pub const NOT_PINNED: &str = "not_pinned";
    /// Principal: where it is defined, as a file a person can open. What shares it is mended at once.
    pub const DEFINED_IN: &str = "defined_in";
    /// Principal: somebody's word in a file, and nothing that was seen in its system.
    pub const CLAIMED: &str = "claimed";
    /// Principal: belongs to a system that is not read here; only a copy of its credential was seen.
    pub const OF_ANOTHER_SYSTEM: &str = "of_another_system";
    /// Principal: why the account with which its source is read may not end it, and what a person does; the text says it.
    pub const NOT_ENDED: &str = "not_ended";
    /// Principal: for which system the copy says it is.
    pub const TOWARDS: &str = "towards";
    /// Credential: the place of the copy it is known by.
    pub const PLACE: &str = "place";
    /// Credential: that place as an absolute path of the system.
    pub const FILE: &str = "file";
    /// Answer to an act: why something was left as it is, in words that begin so.
    pub const LEFT_AS_IT_IS: &str = "left_as_it_is";
    /// Credential: who beside its account may read that place; the text says who and how.
    pub const READABLE_BY: &str = "readable_by";
    /// Credential, or what is defined in a file: who beside its account may change that file or put another in its place;
    /// the text says who and how.
    pub const WRITABLE_BY: &str = "writable_by";
    /// Credential: a private key without a passphrase; the text says where.
    pub const UNENCRYPTED: &str = "unencrypted";
    /// Credential: stands in a configuration in clear; the text says where.
    pub const IN_CLEAR: &str = "in_clear";
    /// Credential: opens an account that may do everything, without any restriction; the text says which.
    pub const OPENS_ROOT: &str = "opens_root";
    /// Credential: why it is known to have no end of its own.
    pub const ENDLESS: &str = "endless";
    /// Credential: a static key of a cloud for which this source shows a federated way; the text says which way.
    pub const FEDERATION_AT_HAND: &str = "federation_at_hand";
    /// Credential: other accounts of the same system that it opens.
    pub const ALSO_OPENS: &str = "also_opens";
}
