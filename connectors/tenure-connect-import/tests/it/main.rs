//! The import connector against files of every kind: whole ones, broken ones, hostile ones.
//!
//! Every test writes files of its own. The examples of docs/import.md are read here as they stand there. Begin with
//! `bed.rs`, which makes files and surveys them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod bad_input;
mod bed;
mod canary;
mod claims;
mod conformance;
mod examples;
mod formats;
mod hostile;
mod large;
