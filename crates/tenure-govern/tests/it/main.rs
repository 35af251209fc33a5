//! The step machine and the proof level, from outside: whole plans in virtual time, mutants that
//! must not prove, and laws over random observations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

mod honest;
mod laws;
mod mutants;
mod tightened;
mod view;
mod walks;
