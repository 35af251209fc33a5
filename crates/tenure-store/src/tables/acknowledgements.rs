//! Who said that messages reach them, and when; people are known here by id alone, and what they said goes with them.

use crate::{StoreFailure, Tx, value::named};
use std::collections::BTreeMap;
use tenure_model::{Instant, PersonId};

impl Tx<'_> {
    /// Writes down that somebody said so; what they said before is replaced.
    pub fn acknowledge(&mut self, person: PersonId, now: Instant) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO acknowledgements (person_id, acknowledged_us) VALUES ($1, $2) \
             ON CONFLICT (person_id) DO UPDATE SET acknowledged_us = excluded.acknowledged_us",
            &[named(person), now.into()],
        )?;
        Ok(())
    }

    /// When each who said so did last.
    pub fn acknowledgements(&mut self) -> Result<BTreeMap<PersonId, Instant>, StoreFailure> {
        let all = self.query(
            "acknowledgements",
            "SELECT person_id, acknowledged_us FROM acknowledgements ORDER BY person_id",
            &[],
            |row| Ok((row.parsed(0)?, row.instant(1)?)),
        )?;
        Ok(all.into_iter().collect())
    }

    /// Forgets what somebody said who leaves.
    pub(super) fn forget_acknowledgement(&mut self, person: PersonId) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM acknowledgements WHERE person_id = $1", &[named(person)])?;
        Ok(())
    }
}
