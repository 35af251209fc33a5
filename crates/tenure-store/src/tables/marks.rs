//! Looking up marks: which credentials and sightings were reported under one.
//!
//! A mark is a keyed fingerprint or the digest of something public. It must never write: what was asked for and
//! not found is nowhere. Next: `inventory.rs`.

use super::inventory::{CredentialRow, credential};
use crate::{StoreFailure, Tx, Value, value::named};
use tenure_model::{Instant, PrincipalId};

/// Marks that one statement looks for.
const MARKS_AT_ONCE: usize = 32;

/// A place where a copy was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightingRow {
    /// The place, as the source names it.
    pub place: String,
    /// Whose credential it is, as the copy says.
    pub principal_name: String,
    /// For which system, where the copy says.
    pub towards: Option<String>,
    /// At which source it was seen.
    pub source_name: String,
    /// The mark of its value.
    pub mark: String,
    /// When it was first seen.
    pub first_seen: Instant,
}

/// Copies of values with one of these marks. By the marks alone: there may be very many copies.
const SIGHTINGS_MARKED: &str = "SELECT g.place, g.principal_name, g.towards, s.name, g.fingerprint, g.first_seen_us \
     FROM sightings g JOIN sources s ON s.source_id = g.source_id WHERE s.removed_us IS NULL AND g.fingerprint IN \
     ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,\
     $17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32) ORDER BY s.name, g.place, g.principal_name LIMIT $33";

impl Tx<'_> {
    /// Credentials that were reported under one of these marks, also gone ones, at most `most`.
    pub fn credentials_marked(
        &mut self,
        marks: &[String],
        most: usize,
    ) -> Result<Vec<CredentialRow>, StoreFailure> {
        let mut found = Vec::new();
        for some in marks.chunks(MARKS_AT_ONCE) {
            found.extend(self.query(
                "credentials",
                "SELECT c.credential_id, c.principal_id, s.name || '/' || p.name, c.native_key, c.kind, c.state, c.fingerprint, \
                 c.valid_until_us, c.facts, c.first_seen_us, c.value_changed_us FROM credentials c \
                 JOIN principals p ON p.principal_id = c.principal_id JOIN sources s ON s.source_id = c.source_id \
                 WHERE c.fingerprint IN ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,\
                 $17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32) ORDER BY c.credential_id LIMIT $33",
                &asked(some, most),
                credential,
            )?);
        }
        found.truncate(most);
        Ok(found)
    }

    /// Places where copies of a value with one of these marks were seen, at most `most`.
    pub fn sightings_marked(
        &mut self,
        marks: &[String],
        most: usize,
    ) -> Result<Vec<SightingRow>, StoreFailure> {
        let mut found = Vec::new();
        for some in marks.chunks(MARKS_AT_ONCE) {
            found.extend(self.query("sightings", SIGHTINGS_MARKED, &asked(some, most), |row| {
                Ok(SightingRow {
                    place: row.text(0)?,
                    principal_name: row.text(1)?,
                    towards: row.opt_text(2)?,
                    source_name: row.text(3)?,
                    mark: row.text(4)?,
                    first_seen: row.instant(5)?,
                })
            })?);
        }
        found.truncate(most);
        Ok(found)
    }

    /// The first hour in which a principal was seen in use.
    pub fn first_use_of(&mut self, principal: PrincipalId) -> Result<Option<Instant>, StoreFailure> {
        let first = self.query_one(
            "uses",
            "SELECT MIN(bucket_us) FROM uses WHERE principal_id = $1",
            &[named(principal)],
            |row| row.opt_instant(0),
        )?;
        Ok(first.flatten())
    }
}

/// The marks, repeated until every place of the statement has one, and how many rows.
fn asked(marks: &[String], most: usize) -> Vec<Value> {
    let repeated = marks.iter().cycle().take(MARKS_AT_ONCE);
    let mut values: Vec<Value> = repeated.map(|mark| mark.as_str().into()).collect();
    values.push(i64::try_from(most).unwrap_or(i64::MAX).into());
    values
}

#[cfg(test)]
mod tests {
    use super::SIGHTINGS_MARKED;
    use crate::schema::tests::sqlite_of_today;

    #[test]
    fn copies_are_looked_up_by_their_marks_and_never_read_whole() {
        let connection = sqlite_of_today();
        let mut asked = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {}", SIGHTINGS_MARKED.replace('$', "?")))
            .unwrap();
        let mut rows = asked.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get::<_, String>(3).unwrap());
        }
        let by_mark = "SEARCH g USING INDEX sightings_by_fingerprint (fingerprint=?)";
        assert!(steps.iter().any(|step| step == by_mark), "{steps:?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:?}");
    }
}
