//! Which of a stretch of identities have what few have: words people said of them, confirmations, tickets, missed reviews.
//!
//! Reading a million dossiers asks once of each kind for each batch, instead of for each identity, to be told that
//! there is nothing. Stretches that follow each other read each of these indexes once. It must never leave one out that
//! has something; one too many costs a question. Next: `dismissals.rs`, `exceptions.rs`, `confirmations.rs`.

use crate::{StoreFailure, Tx, value::named};
use std::collections::BTreeSet;
use tenure_model::IdentityId;

/// Fewer identities than this are asked about one by one: a stretch between them may be a whole table long.
const STRETCH_MIN: usize = 50;

const DISMISSED: &str = "SELECT DISTINCT identity_id FROM dismissals WHERE withdrawn_us IS NULL AND identity_id BETWEEN $1 AND $2";
const EXCEPTED: &str =
    "SELECT DISTINCT identity_id FROM exceptions WHERE state = 'granted' AND identity_id BETWEEN $1 AND $2";
const MADE_OUTSIDE: &str = "SELECT DISTINCT identity_id FROM made_outside WHERE request_id IS NULL AND identity_id BETWEEN $1 AND $2";
const GAINED: &str =
    "SELECT DISTINCT identity_id FROM gains WHERE gone_us IS NULL AND identity_id BETWEEN $1 AND $2";
const CONFIRMED: &str = "SELECT DISTINCT identity_id FROM confirmations WHERE identity_id BETWEEN $1 AND $2";

const TICKETED: &str = "SELECT DISTINCT identity_id FROM tickets WHERE identity_id IS NOT NULL AND identity_id BETWEEN $1 AND $2";

const REVIEW_MISSED: &str =
    "SELECT DISTINCT identity_id FROM review_items WHERE state = 'missed' AND identity_id BETWEEN $1 AND $2";

/// Identities of a stretch that have what few have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Few {
    /// A dismissal stands.
    pub dismissed: BTreeSet<IdentityId>,
    /// An exception stands.
    pub excepted: BTreeSet<IdentityId>,
    /// Somebody answered whether it is still needed.
    pub confirmed: BTreeSet<IdentityId>,
    /// It was made where a request was needed, without one.
    pub made_outside: BTreeSet<IdentityId>,
    /// It gained rights while its source was watched, or by a request.
    pub gained: BTreeSet<IdentityId>,
    /// A ticket names it.
    pub ticketed: BTreeSet<IdentityId>,
    /// A review of it was missed for good.
    pub review_missed: BTreeSet<IdentityId>,
}

impl Tx<'_> {
    /// Which of these have what few have; each of them may, where they are few themselves.
    pub fn few_among(&mut self, ids: &[IdentityId]) -> Result<Few, StoreFailure> {
        let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
            return Ok(Few::each_of(ids));
        };
        if ids.len() < STRETCH_MIN {
            return Ok(Few::each_of(ids));
        }
        let stretch = [named(*first), named(*last)];
        let mut those = |table, sql| {
            let found: Vec<IdentityId> = self.query(table, sql, &stretch, |row| row.parsed(0))?;
            Ok::<_, StoreFailure>(found.into_iter().collect())
        };
        Ok(Few {
            dismissed: those("dismissals", DISMISSED)?,
            excepted: those("exceptions", EXCEPTED)?,
            confirmed: those("confirmations", CONFIRMED)?,
            made_outside: those("made_outside", MADE_OUTSIDE)?,
            gained: those("gains", GAINED)?,
            ticketed: those("tickets", TICKETED)?,
            review_missed: those("review_items", REVIEW_MISSED)?,
        })
    }
}

impl Few {
    /// Each of these may have all of it.
    pub fn each_of(ids: &[IdentityId]) -> Self {
        let all: BTreeSet<IdentityId> = ids.iter().copied().collect();
        Self {
            dismissed: all.clone(),
            excepted: all.clone(),
            confirmed: all.clone(),
            made_outside: all.clone(),
            gained: all.clone(),
            ticketed: all.clone(),
            review_missed: all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CONFIRMED, DISMISSED, EXCEPTED, GAINED, MADE_OUTSIDE, REVIEW_MISSED, TICKETED};
    use crate::schema::tests::sqlite_of_today;

    #[test]
    fn a_stretch_is_read_off_an_index() {
        let connection = sqlite_of_today();
        for sql in [DISMISSED, EXCEPTED, CONFIRMED, MADE_OUTSIDE, GAINED, TICKETED, REVIEW_MISSED] {
            let explained = format!("EXPLAIN QUERY PLAN {}", sql.replace('$', "?"));
            let mut asked = connection.prepare(&explained).unwrap();
            let steps: Vec<String> =
                asked.query_map(["a", "b"], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
            let is_search = |step: &String| {
                step.contains("USING") && step.contains("INDEX") && step.contains("identity_id>?")
            };
            assert!(steps.iter().any(is_search), "{sql}: {steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}: {steps:?}");
        }
    }
}
