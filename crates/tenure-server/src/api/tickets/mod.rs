//! Tickets: claims of other systems, and what became of what they say.

pub(super) mod hook;
pub(crate) mod import;
pub(super) mod list;
