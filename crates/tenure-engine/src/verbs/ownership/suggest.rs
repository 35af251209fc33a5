//! suggest: what nobody owns, with the people whose it might be, and what was passed on to somebody.
//!
//! Reads, and writes nothing: a suggestion becomes an owner only through `claim.rs`, by a person's word.

use super::{Names, clues::clues_of};
use crate::{Engine, EngineFailure};
use serde::Serialize;
use tenure_judge::{Clue, ClueKind, Confidence, Evidence, PointsTo, suggest};
use tenure_model::{IdentityId, Instant, Person, PersonId, printable};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        identities::IdentityRow,
        list_identities::{IdentityKey, IdentityQuery, OwnedBy},
        list_scan::Scanned,
        passings::PassingRow,
    },
};

/// What nobody owns, with whose it might be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggested {
    /// Which identity.
    pub identity: IdentityId,
    /// Its name.
    pub name: String,
    /// The short form people type.
    pub handle: String,
    /// Whose it might be, the surest first. Nobody who said "not mine" is among them, unless they were asked again.
    pub suggestions: Vec<SuggestionShown>,
    /// Who said "not mine" and whom they passed it on to, newest first.
    pub passed: Vec<PassedShown>,
}

/// Somebody whose it might be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestionShown {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// How sure.
    pub confidence: Confidence,
    /// Why so sure and no surer.
    pub reason: String,
    /// What it rests on, the strongest first.
    pub evidence: Vec<Evidence>,
}

/// One "not mine".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedShown {
    /// Who said it.
    pub by: String,
    /// Who is to be asked instead, when they knew.
    pub asked: Option<String>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Instant,
}

/// Which suggestions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuggestionQuery {
    /// Only what was passed on to this person and waits for them.
    pub passed_to: Option<PersonId>,
    /// Only of the source of this name.
    pub source_name: Option<String>,
    /// The name contains this.
    pub contains: Option<String>,
}

impl Engine {
    /// One page of what nobody owns, by name, with whose it might be. Built-in identities and what is not there
    /// (gone, retired, no longer read) are left out, so a page may be shorter than asked for and not the last.
    pub async fn suggestions(
        &self,
        wanted: SuggestionQuery,
        after: Option<IdentityKey>,
        page_size: i64,
    ) -> Result<Scanned<Suggested, IdentityKey>, EngineFailure> {
        let read = move |tx: &mut Tx<'_>| {
            let page = unowned(tx, &wanted, after.as_ref(), page_size)?;
            let people = tx.people()?;
            let full = i64::try_from(page.rows.len()).is_ok_and(|count| count >= page_size);
            let last = page.rows.last().map(|row| (row.name.clone(), row.id)).filter(|_| full);
            let mut rows = Vec::with_capacity(page.rows.len());
            for row in page.rows {
                rows.extend(suggested(tx, &row, &people)?);
            }
            Ok(Scanned { rows, stopped_at: page.stopped_at.or(last) })
        };
        Ok(self.store.read("suggestions", read).await?)
    }

    /// Whose one identity might be, whoever owns it now; nothing when it is built in or not there any more.
    pub async fn suggestions_for(&self, given: &str) -> Result<Option<Suggested>, EngineFailure> {
        let wanted = given.to_owned();
        let read = move |tx: &mut Tx<'_>| {
            let row = tx.find_identity(&wanted)?;
            let people = tx.people()?;
            suggested(tx, &row, &people)
        };
        Ok(self.store.read("suggestions_for", read).await?)
    }
}

fn unowned(
    tx: &mut Tx<'_>,
    wanted: &SuggestionQuery,
    after: Option<&IdentityKey>,
    page_size: i64,
) -> Result<Scanned<IdentityRow, IdentityKey>, StoreFailure> {
    if let Some(person) = wanted.passed_to {
        return Ok(Scanned { rows: tx.passed_to(person, after, page_size)?, stopped_at: None });
    }
    let query = IdentityQuery {
        owner: Some(OwnedBy::Nobody),
        source_name: wanted.source_name.clone(),
        contains: wanted.contains.clone(),
        ..IdentityQuery::default()
    };
    tx.list_identities(&query, after, page_size)
}

/// An identity with whose it might be; nothing when it is not there any more.
pub(super) fn suggested(
    tx: &mut Tx<'_>,
    row: &IdentityRow,
    people: &[Person],
) -> Result<Option<Suggested>, StoreFailure> {
    let mut seen = clues_of(tx, row)?;
    if !seen.present || row.built_in {
        return Ok(None);
    }
    let names = Names::of(people);
    let passings = tx.passings_of(row.id)?;
    for passing in passings.iter().filter(|passing| passing.answered.is_none()) {
        if let Some(asked) = passing.asked {
            let reason = printable(&passing.reason, 200);
            let says = format!(
                "{} said: not mine, ask {}: {reason}",
                names.name(passing.passed_by),
                names.name(asked)
            );
            seen.clues.push(Clue { kind: ClueKind::PassedOn, points_to: PointsTo::Person(asked), says });
        }
    }
    let suggestions = suggest(&seen.clues, people)
        .into_iter()
        .filter(|one| !said_no(one.person, &passings))
        .map(|one| SuggestionShown {
            person: one.person,
            person_name: names.name(one.person),
            confidence: one.confidence,
            reason: one.reason,
            evidence: one.evidence,
        })
        .collect();
    let passed = passings
        .iter()
        .map(|passing| PassedShown {
            by: names.name(passing.passed_by),
            asked: passing.asked.map(|asked| names.name(asked)),
            reason: passing.reason.clone(),
            at: passing.passed,
        })
        .collect();
    let (name, handle) = (row.name.clone(), row.handle.clone());
    Ok(Some(Suggested { identity: row.id, name, handle, suggestions, passed }))
}

/// Whoever said "not mine" is not suggested, unless somebody asked them after that.
fn said_no(person: PersonId, passings: &[PassingRow]) -> bool {
    let no = passings.iter().filter(|one| one.passed_by == person).map(|one| one.passed).max();
    let asked = passings.iter().filter(|one| one.asked == Some(person) && one.answered.is_none());
    no.is_some_and(|no| asked.map(|one| one.passed).max().is_none_or(|asked| asked < no))
}
