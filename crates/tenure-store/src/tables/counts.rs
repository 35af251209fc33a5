//! Counts for headlines: cheap ones only, each over an index.

use crate::{StoreFailure, Tx};

impl Tx<'_> {
    /// How many findings are open.
    pub fn count_open_findings(&mut self) -> Result<i64, StoreFailure> {
        let counted = self.query_one(
            "findings",
            "SELECT COUNT(*) FROM findings WHERE closed_us IS NULL",
            &[],
            |row| row.number(0),
        )?;
        Ok(counted.unwrap_or(0))
    }
}
