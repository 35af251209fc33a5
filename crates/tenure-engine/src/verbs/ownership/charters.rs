//! Charters as they are taken out: with names instead of ids, and with what they were taken as.
//!
//! `as_of` names one state of a charter: whoever brings it back changed changes only what is still as it was.
//! Reads only. Next: `import.rs`, the way back.

use super::Names;
use crate::{Engine, EngineFailure};
use serde::{Deserialize, Serialize};
use tenure_model::{Charter, DataClass, Environment, IdentityId, Instant};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        identities::IdentityRow,
        list_identities::{IdentityKey, IdentityQuery},
        list_scan::Scanned,
    },
};

/// Characters of `as_of`: 128 bits of a SHA-256, as hexadecimal digits.
const AS_OF_CHARS: usize = 32;

/// A charter with the names of people. What is absent is unanswered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterWritten {
    /// Who answers for its existence, by name.
    pub business_owner: Option<String>,
    /// Who can change it, by name.
    pub technical_owner: Option<String>,
    /// Why it exists.
    pub purpose: Option<String>,
    /// Where it may be used from and against.
    pub boundary: Option<String>,
    /// Where it runs.
    pub environment: Option<Environment>,
    /// What the data is that it can reach.
    pub data_class: Option<DataClass>,
    /// Rights it may hold.
    #[serde(default)]
    pub allowed_scope: Vec<String>,
    /// How old its credentials may get, in days.
    pub rotation_days: Option<u32>,
    /// When it ends.
    pub expires_at: Option<Instant>,
    /// What ends it earlier.
    pub retirement_trigger: Option<String>,
}

/// The charter of one identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CharterTaken {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// The short form people type.
    pub handle: String,
    /// Which state of the charter this is.
    pub as_of: String,
    /// The charter.
    pub charter: CharterWritten,
}

impl CharterWritten {
    pub(super) fn of(charter: &Charter, names: &Names) -> Self {
        Self {
            business_owner: charter.business_owner.map(|id| names.name(id)),
            technical_owner: charter.technical_owner.map(|id| names.name(id)),
            purpose: charter.purpose.clone(),
            boundary: charter.boundary.clone(),
            environment: charter.environment,
            data_class: charter.data_class,
            allowed_scope: charter.allowed_scope.clone(),
            rotation_days: charter.rotation_days,
            expires_at: charter.expires_at,
            retirement_trigger: charter.retirement_trigger.clone(),
        }
    }
}

/// Names one state of a charter.
pub(super) fn as_of(charter: &Charter) -> Result<String, StoreFailure> {
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "identities", why: why.to_string() };
    let bytes = serde_json::to_vec(charter).map_err(shape)?;
    let hash = tenure_evidence::leaf_hash(&bytes);
    let digits = hash.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    Ok(digits.take(AS_OF_CHARS).filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
}

fn taken(row: IdentityRow, names: &Names) -> Result<CharterTaken, StoreFailure> {
    let as_of = as_of(&row.charter)?;
    let charter = CharterWritten::of(&row.charter, names);
    Ok(CharterTaken { identity: row.id, name: row.name, handle: row.handle, as_of, charter })
}

impl Engine {
    /// The charter of one identity, also of one nobody claimed yet: every field of that is unanswered.
    pub async fn charter(&self, given: &str) -> Result<CharterTaken, EngineFailure> {
        let wanted = given.to_owned();
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.find_identity(&wanted)?;
            taken(row, &Names::of(&tx.people()?))
        };
        Ok(self.store.read("charter", read).await?)
    }

    /// One page of charters, by the identity's name. Built-in identities have none.
    pub async fn charters(
        &self,
        wanted: IdentityQuery,
        after: Option<IdentityKey>,
        page_size: i64,
    ) -> Result<Scanned<CharterTaken, IdentityKey>, EngineFailure> {
        let wanted = IdentityQuery { built_in: false, ..wanted };
        let read = move |tx: &mut Tx<'_>| {
            let names = Names::of(&tx.people()?);
            let page = tx.list_identities(&wanted, after.as_ref(), page_size)?;
            let full = i64::try_from(page.rows.len()).is_ok_and(|count| count >= page_size);
            let last = page.rows.last().map(|row| (row.name.clone(), row.id)).filter(|_| full);
            let mut rows = Vec::with_capacity(page.rows.len());
            for row in page.rows.into_iter().filter(|row| row.enrolled) {
                rows.push(taken(row, &names)?);
            }
            Ok(Scanned { rows, stopped_at: page.stopped_at.or(last) })
        };
        Ok(self.store.read("charters", read).await?)
    }
}
