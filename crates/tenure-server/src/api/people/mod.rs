//! People, their roles and tokens.

pub(super) mod add;
pub(super) mod held;
pub(super) mod import;
pub(super) mod ldap;
pub(super) mod leaving;
pub(super) mod link;
pub(super) mod list;
pub(super) mod provisioning;
pub(super) mod remove;
pub(super) mod revoke;
pub(super) mod role;
pub(super) mod show;
pub(super) mod teams;
pub(super) mod token;
