//! Clocks: what waits for people under a service level, and what stands still for a while.

pub(super) mod list;
pub(super) mod pause;
pub(super) mod resume;
