//! Readings of sources: begun, watched, decided when held.

pub(super) mod begin;
pub(super) mod decide;
pub(super) mod show;
