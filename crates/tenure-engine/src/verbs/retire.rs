//! retire: what ends an identity before its day, as its charter says, in terms that can be checked.
//!
//! People and identities are kept by id, so that a new name ends nothing and a name that left stays nowhere. What is read
//! here is told to the judge with its words; it must never decide that something holds which cannot be known.
//! Next: `tenure-judge/src/facts/validity.rs`.

use tenure_judge::Awaited;
use tenure_model::{IdentityId, PersonId, Presence, RetireWhen, Standing, counted, printable};
use tenure_store::{StoreFailure, Tx, tables::identities::IdentityRow};

/// The terms of a text with people and identities by id; or why it cannot be kept.
pub(super) fn resolved(
    tx: &mut Tx<'_>,
    text: Option<&str>,
) -> Result<Result<Option<String>, String>, StoreFailure> {
    let Some(text) = text else { return Ok(Ok(None)) };
    let terms = match RetireWhen::read(text) {
        Ok(terms) => terms,
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    let mut kept = Vec::with_capacity(terms.len());
    for term in &terms {
        kept.push(match term {
            RetireWhen::Person(name) => match person_of(tx, name)? {
                Some(id) => RetireWhen::Person(id.to_string()).to_string(),
                None => {
                    return Ok(Err(format!("`person:{}` names nobody who is there", printable(name, 60))));
                }
            },
            RetireWhen::Parent(name) => match tx.find_identity(name) {
                Ok(row) => RetireWhen::Parent(row.id.to_string()).to_string(),
                Err(
                    why @ (StoreFailure::Missing { .. }
                    | StoreFailure::MissingNear { .. }
                    | StoreFailure::Ambiguous { .. }),
                ) => {
                    return Ok(Err(why.to_string()));
                }
                Err(failure) => return Err(failure),
            },
            // As it was written: `text:` before a sentence may be what keeps it from being read as a term.
            RetireWhen::Said(_) => return Ok(Ok(Some(said(text, &kept)))),
            RetireWhen::Absent(_) | RetireWhen::Unused(_) | RetireWhen::Until(_) => term.to_string(),
        });
    }
    Ok(Ok(Some(kept.join("; "))))
}

/// A text that ends in a sentence, with what was kept of the terms before it.
fn said(text: &str, kept: &[String]) -> String {
    match text.find("text:") {
        Some(at) if !kept.is_empty() => {
            format!("{}; {}", kept.join("; "), text.get(at..).unwrap_or_default())
        }
        Some(_) | None => text.to_owned(),
    }
}

/// Somebody who is there, by name or id; an id of somebody who left is still theirs.
fn person_of(tx: &mut Tx<'_>, given: &str) -> Result<Option<PersonId>, StoreFailure> {
    if let Ok(id) = given.parse::<PersonId>() {
        return Ok(Some(id));
    }
    Ok(tx.person_named(given)?.map(|person| person.id))
}

/// What the charter waits for outside of the identity, and whether that came.
pub(super) fn awaited(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<Vec<Awaited>, StoreFailure> {
    let text = identity.charter.retirement_trigger.as_deref();
    let mut awaited = Vec::new();
    for term in text.and_then(|text| RetireWhen::read(text).ok()).unwrap_or_default() {
        let (came, says) = match &term {
            RetireWhen::Absent(surveys) => absent(tx, identity.id, *surveys)?,
            RetireWhen::Person(id) => person(tx, id)?,
            RetireWhen::Parent(id) => parent(tx, id)?,
            RetireWhen::Unused(_) | RetireWhen::Until(_) | RetireWhen::Said(_) => continue,
        };
        awaited.push(Awaited { term: term.to_string(), came, says });
    }
    Ok(awaited)
}

fn absent(tx: &mut Tx<'_>, id: IdentityId, surveys: u32) -> Result<(Option<bool>, String), StoreFailure> {
    let mut most: Option<(i64, String)> = None;
    for one in tx.principals_of(id)? {
        let (Presence::Gone, Some(gone)) = (one.presence, one.gone) else { continue };
        // And the one that found it absent, which began before.
        let missed = tx.complete_surveys_after(one.source, gone)?.saturating_add(1);
        let name = format!("{}/{}", one.source_name, printable(&one.name, 60));
        most = most.max(Some((missed, name)));
    }
    Ok(match most {
        None => (Some(false), String::from("nothing of it is absent")),
        Some((missed, name)) => {
            // Not how many more: what is said must stay while it holds.
            let came = missed >= i64::from(surveys);
            let from = if came { i64::from(surveys) } else { missed };
            let so_far = if came { "at least " } else { "" };
            (Some(came), format!("{name} was absent from {so_far}{}", counted(from, "complete survey")))
        }
    })
}

fn person(tx: &mut Tx<'_>, id: &str) -> Result<(Option<bool>, String), StoreFailure> {
    let Ok(id) = id.parse::<PersonId>() else {
        return Ok((None, String::from("the person it names was never known by an id")));
    };
    Ok(match tx.person(id)? {
        Some(person) => (Some(false), format!("{} is there", printable(&person.name, 60))),
        None => (Some(true), String::from("the person it names left")),
    })
}

fn parent(tx: &mut Tx<'_>, id: &str) -> Result<(Option<bool>, String), StoreFailure> {
    let Ok(id) = id.parse::<IdentityId>() else {
        return Ok((None, String::from("the identity it names was never known by an id")));
    };
    let parent = match tx.identity(id) {
        Ok(parent) => parent,
        Err(StoreFailure::Missing { .. }) => {
            return Ok((None, String::from("the identity it names is not known")));
        }
        Err(failure) => return Err(failure),
    };
    let name = printable(&parent.name, 80);
    Ok(match parent.standing {
        Standing::Retired | Standing::Gone => (Some(true), format!("{name} is {}", parent.standing)),
        // Nobody looks any more, or its death is not shown: whether it ended is not known.
        Standing::Unobserved | Standing::Unproven => {
            (None, format!("whether {name} ended is not known: it is {}", parent.standing))
        }
        Standing::Unclaimed
        | Standing::Sound
        | Standing::Excepted
        | Standing::Due
        | Standing::Lapsed
        | Standing::Suspended => (Some(false), format!("{name} is there")),
    })
}
