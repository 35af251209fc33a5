//! Counts for headlines: cheap ones only, each over an index.

use super::findings::FindingsMeant;
use crate::{StoreFailure, Tx};

impl Tx<'_> {
    /// How many findings are open and count.
    pub fn count_open_findings(&mut self) -> Result<i64, StoreFailure> {
        self.count_findings(FindingsMeant::Counted)
    }
}
