//! Keys by their ids: listed, rotated with overlap, retired.

pub(super) mod list;
pub(super) mod retire;
pub(super) mod rotate;

use crate::problem::Problem;
use tenure_engine::RingName;
use tenure_model::UnknownWord;

/// The ring of a name in the path.
pub(super) fn ring_named(given: &str) -> Result<RingName, Problem> {
    given.parse().map_err(|unknown: UnknownWord| Problem::missing(unknown.to_string()))
}
