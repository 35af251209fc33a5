//! What exists, in lists: principals, credentials, findings.

pub(super) mod credentials;
pub(super) mod findings;
pub(super) mod principals;
