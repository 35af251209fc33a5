//! A hostile provider on this machine against the one that relies on it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod attacks;
mod hostile;
