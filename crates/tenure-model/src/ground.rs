//! What one fact of a finding rests on, whole: what was said of it is shown, its members are compared.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a finding rests on: each fact by its name.
pub type Grounds = BTreeMap<String, Ground>;

/// What one fact rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// What it says, shortened to be shown; may be empty.
    pub says: String,
    /// Everything it rests on, exactly as it was read; what moves with each use (an instant) is not among it.
    pub members: BTreeSet<String>,
    /// How many there are, where several have one name; never fewer than `members`.
    pub count: u64,
}
