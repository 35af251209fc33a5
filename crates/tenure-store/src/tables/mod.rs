//! One noun per file: the functions that read and write its rows.
//!
//! Each function is part of a transaction and never the whole of a decision: the engine's
//! verbs combine them with the evidence entry into one commit. Ids come from `Mint`.

mod acknowledgements;
pub mod answers;
pub mod as_of;
pub mod beside;
pub mod clocks;
pub mod confirmations;
pub mod consequences;
pub mod cosigned;
pub mod counts;
pub mod delegations;
pub mod directory;
pub mod dismissals;
pub mod drills;
pub mod escrow;
pub mod event_streams;
pub mod exceptions;
pub mod few;
pub mod files;
pub mod findings;
pub mod gains;
pub mod handoffs;
pub mod identities;
pub mod ingest;
pub mod inventory;
pub mod leavers;
pub mod links;
pub mod list_credentials;
pub mod list_grants;
pub mod list_identities;
pub mod list_principals;
pub mod list_scan;
pub mod list_waiting;
pub mod made_outside;
pub mod marks;
pub mod messages;
mod near;
pub mod owned;
pub mod passings;
mod past;
pub mod people;
pub mod plans;
pub mod programmes;
pub mod provisioning;
pub mod report;
pub mod requests;
pub mod review_items;
pub mod reviews;
pub mod sources;
pub mod steps;
pub mod surveys;
pub mod teams;
pub mod tickets;
pub mod tokens;
mod watches;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tenure_model::{IdRandomness, Instant};

/// Where new ids come from: the present instant and a stream of randomness.
#[derive(Clone)]
pub struct Mint {
    /// When the ids are made.
    pub now: Instant,
    /// Ten fresh random bytes at each call.
    pub randomness: Arc<dyn Fn() -> IdRandomness + Send + Sync>,
}

/// Bytes at the front of an id's randomness that carry the order in which a mint made its ids.
const ORDER_BYTES: usize = 4;

impl Mint {
    /// A mint whose ids sort in the order they are made, although they are all of one instant: 26 bits count
    /// up, the other 48 come from `seed`. Rows inserted in the order of their keys cost SQLite a quarter of
    /// the time of rows inserted all over the tree.
    pub fn ordered(now: Instant, seed: IdRandomness) -> Self {
        let made = AtomicU32::new(0);
        let randomness = move || {
            let number = made.fetch_add(1, Ordering::Relaxed);
            let mut id = seed;
            // The tail, from which handles are made, differs for each: the factor is odd.
            let spread = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            for (to, from) in id.iter_mut().skip(ORDER_BYTES).rev().zip(spread) {
                *to ^= from;
            }
            // Where version and variant of a UUIDv7 overwrite nothing (RFC 9562 section 5.7).
            let order = ((number >> 22) & 0xf) << 24
                | ((number >> 14) & 0xff) << 16
                | ((number >> 8) & 0x3f) << 8
                | (number & 0xff);
            for (to, from) in id.iter_mut().zip(order.to_be_bytes()) {
                *to = from;
            }
            id
        };
        Self { now, randomness: Arc::new(randomness) }
    }

    /// Parts of one new id, for any id type's `new`.
    pub fn parts(&self) -> (Instant, IdRandomness) {
        (self.now, (self.randomness)())
    }
}

#[cfg(test)]
mod tests {
    use super::Mint;
    use std::collections::BTreeSet;
    use tenure_model::{Instant, PrincipalId};

    #[test]
    fn ids_of_one_instant_sort_as_they_were_made_and_their_handles_differ() {
        let mint = Mint::ordered(Instant::from_micros(1_800_000_000_000_000), [0xab; 10]);
        let ids: Vec<PrincipalId> = (0..70_000)
            .map(|_| {
                let (now, randomness) = mint.parts();
                PrincipalId::new(now, randomness)
            })
            .collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        let tails: BTreeSet<u128> = ids.iter().map(|id| id.as_uuid().as_u128() & 0xffff_ffff_ffff).collect();
        assert_eq!(tails.len(), ids.len(), "no two have the same random tail");
    }

    #[test]
    fn two_mints_of_one_instant_make_different_ids() {
        let now = Instant::from_micros(1_800_000_000_000_000);
        let made = |seed| PrincipalId::new(now, Mint::ordered(now, seed).parts().1);
        assert_ne!(made([1; 10]), made([2; 10]));
    }
}
