//! Directories that are read by LDAP, as the API tells them.

use super::PeopleForeseen;
use serde::Deserialize;

/// The directories that are read by LDAP.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LdapList {
    pub(crate) directories: Vec<LdapShown>,
}

/// A directory, and what became of its last reading.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LdapShown {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: String,
    pub(crate) every_minutes: Option<u64>,
    pub(crate) last: Option<LdapRead>,
}

/// What became of one reading.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LdapRead {
    pub(crate) at: String,
    pub(crate) people: Option<usize>,
    pub(crate) why: Option<String>,
    pub(crate) faults: usize,
}

/// What a reading changes.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LdapForeseen {
    pub(crate) incomplete: Option<String>,
    pub(crate) referrals: usize,
    pub(crate) faults: usize,
    pub(crate) fault_lines: Vec<String>,
    pub(crate) changes: PeopleForeseen,
}
