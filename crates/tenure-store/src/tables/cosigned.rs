//! Checkpoints of our own log that witnesses cosigned, the newest of each witness.

use crate::{StoreFailure, Tx};
use tenure_model::Instant;

impl Tx<'_> {
    /// Keeps a cosigned checkpoint, unless a newer one of this witness is kept already.
    pub fn keep_cosigned(
        &mut self,
        witness: &str,
        size: u64,
        note: &str,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let size =
            i64::try_from(size).map_err(|error| StoreFailure::LogDamaged { why: error.to_string() })?;
        self.execute(
            "INSERT INTO cosignatures (witness, size, note, at_us) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (witness) DO UPDATE SET size = excluded.size, note = excluded.note, at_us = excluded.at_us \
             WHERE cosignatures.size <= excluded.size",
            &[witness.into(), size.into(), note.into(), now.into()],
        )?;
        Ok(())
    }

    /// Cosigned checkpoints, the largest tree first: witness, size, note, and when it was kept.
    pub fn cosigned(&mut self) -> Result<Vec<(String, u64, String, Instant)>, StoreFailure> {
        self.query(
            "cosignatures",
            "SELECT witness, size, note, at_us FROM cosignatures ORDER BY size DESC, witness",
            &[],
            |row| {
                Ok((row.text(0)?, u64::try_from(row.number(1)?).unwrap_or(0), row.text(2)?, row.instant(3)?))
            },
        )
    }
}
