//! The last time that somebody tried each playbook. What came before is in the log.

use crate::{StoreFailure, Tx, value::named};
use tenure_model::{Instant, PersonId};

/// That somebody tried a playbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillRow {
    /// Its id.
    pub playbook: String,
    /// When.
    pub at: Instant,
    /// It did what it is for.
    pub held: bool,
    /// What it said then.
    pub says: String,
    /// Who said so.
    pub person: PersonId,
}

impl Tx<'_> {
    /// Writes down that somebody tried a playbook; what was said of it before is replaced.
    pub fn set_drill(&mut self, row: &DrillRow) -> Result<(), StoreFailure> {
        self.execute(
            "INSERT INTO drills (playbook, drilled_us, held, says, person_id) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (playbook) DO UPDATE SET drilled_us = excluded.drilled_us, held = excluded.held, \
             says = excluded.says, person_id = excluded.person_id",
            &[
                row.playbook.as_str().into(),
                row.at.into(),
                i64::from(row.held).into(),
                row.says.as_str().into(),
                named(row.person),
            ],
        )?;
        Ok(())
    }

    /// The last drill of each playbook, also of those that are in no programme any more.
    pub fn drills(&mut self) -> Result<Vec<DrillRow>, StoreFailure> {
        self.query(
            "drills",
            "SELECT playbook, drilled_us, held, says, person_id FROM drills ORDER BY playbook",
            &[],
            |row| {
                Ok(DrillRow {
                    playbook: row.text(0)?,
                    at: row.instant(1)?,
                    held: row.number(2)? != 0,
                    says: row.text(3)?,
                    person: row.parsed(4)?,
                })
            },
        )
    }
}
