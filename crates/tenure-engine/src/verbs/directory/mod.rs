//! A directory: people and teams that come from elsewhere, and what follows when they join, change or leave.
//!
//! What a directory says is carried out and written down as said by it; it changes nobody who was added here, and gives no
//! role that a person here did not map. Too many leavings at once wait for a person. Next: `people.rs`, `hold.rs`.

pub(crate) mod hold;
pub(crate) mod ldap;
pub(crate) mod list;
pub(crate) mod people;
pub(crate) mod teams;
pub(crate) mod tokens;

use tenure_model::TokenId;

/// A directory that showed its provisioning token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provisioner {
    /// By which token.
    pub token: TokenId,
}

/// What became of a change that a directory asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provisioned<T> {
    /// It is done, or was so already.
    Done(T),
    /// Somebody else, or another team, has that name.
    Taken,
    /// It was changed since it was looked at.
    Moved,
    /// It would be too many leavings at once: it waits for a person.
    Held,
}
