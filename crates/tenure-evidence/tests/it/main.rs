//! Tests of the evidence crate through its public face: laws of the tree, tampering with exports and logs, the witness,
//! a second verifier built on other crates, and the language-neutral vectors.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod audit;
mod export;
mod growth;
mod hostile;
mod second_opinion;
mod support;
mod vectors;
mod witness;
