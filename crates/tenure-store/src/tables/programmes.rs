//! Programmes as they were applied, each under a number; the highest is in force. Nothing is ever changed or taken away.

use crate::{
    Row, StoreFailure, Tx,
    value::{json, named},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenure_model::{Instant, PersonId};

/// A programme as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeRow {
    /// Its number, from 1, without gaps.
    pub version: i64,
    /// SHA-256 of its files, in hexadecimal digits.
    pub digest: String,
    /// Its files, by name.
    pub files: BTreeMap<String, String>,
    /// Why it was applied.
    pub reason: String,
    /// By whom.
    pub applied_by: PersonId,
    /// When.
    pub applied: Instant,
}

fn programme(row: &Row<'_>) -> Result<ProgrammeRow, StoreFailure> {
    Ok(ProgrammeRow {
        version: row.number(0)?,
        digest: row.text(1)?,
        files: row.json(2)?,
        reason: row.text(3)?,
        applied_by: row.parsed(4)?,
        applied: row.instant(5)?,
    })
}

impl Tx<'_> {
    /// The number of the programme in force; 0 when none was ever applied.
    pub fn programme_version(&mut self) -> Result<i64, StoreFailure> {
        let sql = "SELECT COALESCE(MAX(version), 0) FROM programmes";
        Ok(self.query_one("programmes", sql, &[], |row| row.number(0))?.unwrap_or_default())
    }

    /// When the programme in force was applied; nothing when none ever was.
    pub fn programme_applied(&mut self) -> Result<Option<Instant>, StoreFailure> {
        let sql = "SELECT applied_us FROM programmes ORDER BY version DESC LIMIT 1";
        self.query_one("programmes", sql, &[], |row| row.instant(0))
    }

    /// The programme in force; nothing when none was ever applied.
    pub fn programme_in_force(&mut self) -> Result<Option<ProgrammeRow>, StoreFailure> {
        Ok(self.programmes(1)?.pop())
    }

    /// One that was applied.
    pub fn programme(&mut self, version: i64) -> Result<Option<ProgrammeRow>, StoreFailure> {
        self.query_one(
            "programmes",
            "SELECT version, digest, files, reason, applied_by, applied_us FROM programmes WHERE version = $1",
            &[version.into()],
            programme,
        )
    }

    /// Those that were applied, the last one first; at most `most`.
    pub fn programmes(&mut self, most: i64) -> Result<Vec<ProgrammeRow>, StoreFailure> {
        self.query(
            "programmes",
            "SELECT version, digest, files, reason, applied_by, applied_us FROM programmes ORDER BY version DESC LIMIT $1",
            &[most.into()],
            programme,
        )
    }

    /// Writes a programme down as the one in force. It must be the next one: whoever applies one after another was applied
    /// meanwhile is in conflict with that.
    pub fn apply_programme(&mut self, new: &ProgrammeRow) -> Result<(), StoreFailure> {
        if self.programme_version()? != new.version - 1 {
            let why = String::from("another programme was applied meanwhile; look at what yours changes now");
            return Err(StoreFailure::Conflict { why });
        }
        self.execute(
            "INSERT INTO programmes (version, digest, files, reason, applied_by, applied_us) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                new.version.into(),
                new.digest.as_str().into(),
                json(&new.files)?,
                new.reason.as_str().into(),
                named(new.applied_by),
                new.applied.into(),
            ],
        )?;
        Ok(())
    }
}
