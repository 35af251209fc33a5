//! The connector against planted machines: whole file trees under a temporary directory.
//!
//! `planted.rs` builds one with real items and harmless look-alikes, and counts what was found, missed and
//! wrongly found; `hostile.rs` builds homes that try to break a reading. No value in these tests is a real
//! credential: each is drawn from a seed when the test runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod acts;
mod attacked;
mod broken;
mod closed;
mod draw;
mod dropped;
mod groups;
mod hostile;
mod journal_writer;
mod journals;
mod kept;
mod logins;
mod machine;
mod over_ssh;
mod planted;
mod processes;
mod readers;
mod second_opinion;
mod seeds;
mod surveyed;
mod tightened;
mod worktrees;
