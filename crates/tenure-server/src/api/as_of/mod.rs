//! As of a day: the inventory as it was. `at` is a day (its last instant in UTC) or an instant; what is to come, or of which
//! nothing is kept, is refused.
//!
//! It must never answer with what was learned since. Next: `tenure-engine/src/verbs/as_of.rs`.

pub(super) mod figures;
pub(super) mod identities;
pub(super) mod identity;
pub(super) mod population;
pub(super) mod sample;

use serde::Deserialize;

/// What stands after `?` where nothing but a day or an instant is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    at: String,
}
