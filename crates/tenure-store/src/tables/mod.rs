//! One noun per file: the functions that read and write its rows.
//!
//! Each function is part of a transaction and never the whole of a decision: the engine's
//! verbs combine them with the evidence entry into one commit. Ids come from `Mint`.

pub mod answers;
pub mod cosigned;
pub mod counts;
pub mod escrow;
pub mod findings;
pub mod identities;
pub mod ingest;
pub mod inventory;
pub mod people;
pub mod plans;
pub mod sources;
pub mod steps;
pub mod surveys;

use std::sync::Arc;
use tenure_model::{IdRandomness, Instant};

/// Where new ids come from: the present instant and a stream of randomness.
#[derive(Clone)]
pub struct Mint {
    /// When the ids are made.
    pub now: Instant,
    /// Ten fresh random bytes at each call.
    pub randomness: Arc<dyn Fn() -> IdRandomness + Send + Sync>,
}

impl Mint {
    /// Parts of one new id, for any id type's `new`.
    pub fn parts(&self) -> (Instant, IdRandomness) {
        (self.now, (self.randomness)())
    }
}
