//! The test bed against the real servers it starts.
//!
//! Each test starts private servers of its own, so that all of them may run at the same time. Where a
//! server is not installed the test says `SKIPPED`, and fails if `TENURE_TESTS_MUST_RUN=1`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "functions of tests fail by panicking"
)]

mod leftovers;
mod pgbouncer;
mod postgres;
mod replica;
