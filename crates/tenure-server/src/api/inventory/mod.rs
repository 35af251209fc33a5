//! What exists, in lists: principals, credentials, rights, findings; and the same as CSV.

pub(super) mod credentials;
pub(super) mod csv;
pub(super) mod findings;
pub(super) mod grants;
pub(super) mod principals;
pub(crate) mod rows;
