//! Tickets: claims of other systems, and what became of what they say.

pub(crate) mod import;
pub(super) mod list;
