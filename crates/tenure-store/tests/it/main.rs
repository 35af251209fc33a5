//! The store against both databases: every test written with `on_both!` runs on SQLite and on PostgreSQL.
//!
//! PostgreSQL servers are private ones of the test bed; where none is installed its half says `SKIPPED`.
//! Begin with `bed.rs`; `log.rs`, `faults.rs` and `kills.rs` are what no crash and no liar may break.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "functions of tests fail by panicking"
)]

#[macro_use]
mod bed;
mod anchor;
mod as_of;
mod clocks;
mod concurrency;
mod delegations;
mod directory;
mod encryption;
mod event_streams;
mod faults;
mod few;
mod findings;
mod fixture;
mod full_disk;
mod gains;
mod handoffs;
mod ingest;
mod inventory;
mod kills;
mod lists;
mod log;
mod messages;
mod opening;
mod owned;
mod owner_asked;
mod passings;
mod people;
mod plans;
mod programmes;
mod recognised;
mod reconnect;
mod review_due;
mod same_machine;
mod steps;
mod tampering;
mod transfer;
mod unwritable;
mod words;
mod world;
