//! rule: which identities a rule means, looked at before anybody claims them. Reads only.

use super::{Names, clues::traits_of};
use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_judge::Rule;
use tenure_model::IdentityId;
use tenure_store::{
    Tx,
    tables::{
        list_identities::{IdentityKey, IdentityQuery},
        list_scan::Scanned,
    },
};

/// Identities that one page looks at, at most: a rule on places reads the principals of each.
const LOOKED_AT_MAX: usize = 1_000;
/// Identities read at once.
const WINDOW: i64 = 100;

/// An identity that a rule means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meant {
    /// Which.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// The short form people type.
    pub handle: String,
    /// Whose it is already. What somebody owns stays as it is, whatever the rule says.
    pub owners: Vec<String>,
}

impl Engine {
    /// One page of the identities a rule means, by name: owned ones too, so that it can be said that they stay.
    /// Built-in ones and what is not there are never meant.
    pub async fn meant(
        &self,
        rule: Rule,
        after: Option<IdentityKey>,
        page_size: i64,
    ) -> Result<Scanned<Meant, IdentityKey>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let query = IdentityQuery {
                contains: rule.name_contains().map(str::to_owned),
                kind: rule.kind(),
                source_name: rule.source().map(str::to_owned),
                ..IdentityQuery::default()
            };
            let names = Names::of(&tx.people()?);
            let (mut found, mut at, mut looked) = (Vec::new(), after.clone(), 0);
            while looked < LOOKED_AT_MAX {
                let page = tx.list_identities(&query, at.as_ref(), WINDOW)?;
                let full = i64::try_from(page.rows.len()).is_ok_and(|count| count >= WINDOW);
                looked += page.rows.len();
                for row in page.rows {
                    at = Some((row.name.clone(), row.id));
                    let seen = traits_of(tx, &row)?;
                    if !seen.present || !rule.holds(&seen.traits) {
                        continue;
                    }
                    let owners = names.owners(&row.charter);
                    found.push(Meant { identity: row.id, name: row.name, handle: row.handle, owners });
                    if i64::try_from(found.len()).is_ok_and(|count| count >= page_size) {
                        return Ok(Scanned { rows: found, stopped_at: at });
                    }
                }
                if page.stopped_at.is_some() {
                    return Ok(Scanned { rows: found, stopped_at: page.stopped_at });
                }
                if !full {
                    return Ok(Scanned { rows: found, stopped_at: None });
                }
            }
            Ok(Scanned { rows: found, stopped_at: at })
        };
        Ok(self.store.read("meant", read).await?)
    }
}
