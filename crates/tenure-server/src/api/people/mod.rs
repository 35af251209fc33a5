//! People and their tokens.

pub(super) mod add;
pub(super) mod list;
pub(super) mod token;
