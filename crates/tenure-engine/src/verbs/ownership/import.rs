//! Charters as they are brought back: compared one by one, shown first, written only where nothing changed meanwhile.
//!
//! What is brought is the whole charter: what it does not say is unanswered afterwards. One that was changed since it
//! was taken out, or that names somebody unknown, is told and left as it is; it keeps nothing else from being written.

use super::{
    Names,
    charters::{CharterWritten, as_of},
    claim::{CLAIMS_MAX, person_named},
    owners,
};
use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft},
    verbs::{
        own::{Held, held, refuse_who_left},
        retire::resolved,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tenure_model::{Charter, DecisionRight, Instant, Person, noun, printable};
use tenure_store::{NewEntry, StoreFailure, Tx, tables::identities::IdentityRow};

/// Characters of one field, when a difference is shown.
const SHOWN_CHARS_MAX: usize = 200;

/// A charter that is brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterGiven {
    /// Of which identity: id, handle or name.
    pub identity: String,
    /// Which state it was taken out as; nothing says that nobody wrote one yet.
    pub as_of: Option<String>,
    /// The whole charter.
    pub charter: CharterWritten,
}

/// What is to be done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// Only say what would change.
    Preview,
    /// Write what may be written.
    Write,
}

noun! {
    /// What becomes of a charter that is brought back.
    pub enum CharterState as "state of an imported charter" {
        /// It is as it was.
        Same = "same",
        /// It would change.
        Differs = "differs",
        /// It was changed.
        Written = "written",
        /// Somebody changed it since it was taken out; it stays.
        Changed = "changed_meanwhile",
        /// There is no such identity or person; it stays.
        Unknown = "unknown",
        /// It may not be, or cannot be; it stays.
        Refused = "refused",
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Which field.
    pub field: &'static str,
    /// What it says now.
    pub from: Option<String>,
    /// What it would say.
    pub to: Option<String>,
}

/// What becomes of one charter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CharterImported {
    /// The identity as it was given.
    pub given: String,
    /// Its name, when it is known.
    pub name: Option<String>,
    /// What becomes of it.
    pub state: CharterState,
    /// What differs.
    pub changes: Vec<FieldChange>,
    /// Why it stays, or what to know before it is written.
    pub why: Option<String>,
}

struct Ready {
    at: usize,
    row: IdentityRow,
    before: Held,
    after: Charter,
    entry: NewEntry,
}

impl Engine {
    /// Compares up to 100 charters with what is there, and writes those that differ and may be written in one
    /// transaction, each with its entry. Answers in the order given.
    pub async fn import_charters(
        &self,
        actor: Actor,
        given: Vec<CharterGiven>,
        import: Import,
    ) -> Result<Vec<CharterImported>, EngineFailure> {
        self.bring(actor, given, import, Some("charter file")).await
    }

    /// As `import_charters`, of one charter that a person filled in whole: its entry names no file.
    pub async fn write_whole_charter(
        &self,
        actor: Actor,
        given: CharterGiven,
        import: Import,
    ) -> Result<CharterImported, EngineFailure> {
        let unknown = || {
            let why = String::from("there is no such identity");
            stays(&given, None, CharterState::Unknown, why)
        };
        let told = self.bring(actor, vec![given.clone()], import, None).await?;
        Ok(told.into_iter().next().unwrap_or_else(unknown))
    }

    async fn bring(
        &self,
        actor: Actor,
        mut given: Vec<CharterGiven>,
        import: Import,
        because: Option<&'static str>,
    ) -> Result<Vec<CharterImported>, EngineFailure> {
        if given.is_empty() || given.len() > CLAIMS_MAX {
            let why = format!("from 1 to {CLAIMS_MAX} charters are brought at once, not {}", given.len());
            return Err(EngineFailure::Refused { why });
        }
        let wanted: Vec<_> =
            given.iter().map(|one| (one.identity.clone(), one.charter.retirement_trigger.clone())).collect();
        let read = move |tx: &mut Tx<'_>| {
            let people = tx.people()?;
            let found =
                wanted.iter().map(|(name, text)| Ok((found(tx, name)?, resolved(tx, text.as_deref())?)));
            Ok((found.collect::<Result<Vec<_>, StoreFailure>>()?, people))
        };
        let (found, people) = self.store.read("import_charters", read).await?;
        let mut found_of = Vec::with_capacity(given.len());
        for (given, (found, kept)) in given.iter_mut().zip(found) {
            found_of.push((found, kept.map(|text| given.charter.retirement_trigger = text)));
        }
        let (mut told, mut ready) = (Vec::with_capacity(given.len()), Vec::new());
        let mut met = BTreeSet::new();
        for (at, (given, (found, kept))) in given.iter().zip(found_of).enumerate() {
            let told_of = match found {
                Err(why) => stays(given, None, CharterState::Unknown, why),
                Ok((row, _)) if !met.insert(row.id) => {
                    let why = String::from("it is named twice; the first counts");
                    stays(given, Some(&row), CharterState::Refused, why)
                }
                Ok((row, _)) if let Err(why) = kept => stays(given, Some(&row), CharterState::Refused, why),
                Ok((row, before)) => match self.compared((actor, because), given, &row, &before, &people)? {
                    Err(stays) => stays,
                    Ok((told, None)) => told,
                    Ok((told, Some((after, entry)))) => {
                        ready.push(Ready { at, row, before, after, entry });
                        told
                    }
                },
            };
            told.push(told_of);
        }
        if import == Import::Write && !ready.is_empty() {
            for (at, written) in self.write_charters(ready).await? {
                let Some(told) = told.get_mut(at) else { continue };
                if written {
                    told.state = CharterState::Written;
                } else {
                    told.state = CharterState::Changed;
                    told.why = Some(CHANGED.to_owned());
                }
            }
            self.judging_woken.notify_one();
        }
        Ok(told)
    }

    /// What would change, with the charter and entry to write; or why it stays.
    #[expect(clippy::type_complexity, reason = "told, and with it what is to be written when it differs")]
    fn compared(
        &self,
        (actor, because): (Actor, Option<&'static str>),
        given: &CharterGiven,
        row: &IdentityRow,
        before: &Held,
        people: &[Person],
    ) -> Result<Result<(CharterImported, Option<(Charter, NewEntry)>), CharterImported>, EngineFailure> {
        let stay = |state, why: &str| Ok(Err(stays(given, Some(row), state, why.to_owned())));
        let after = match with_ids(&given.charter, people) {
            Ok(after) => after,
            Err(why) => return stay(CharterState::Unknown, &why),
        };
        let names = Names::of(people);
        let changes = differences(&CharterWritten::of(&before.charter, &names), &given.charter);
        let told = |state, why| CharterImported {
            given: printable(&given.identity, SHOWN_CHARS_MAX),
            name: Some(row.name.clone()),
            state,
            changes: changes.clone(),
            why,
        };
        if changes.is_empty() && row.enrolled {
            return Ok(Ok((told(CharterState::Same, None), None)));
        }
        if row.built_in {
            return stay(CharterState::Refused, "it is part of the system itself");
        }
        let as_it_was = match &given.as_of {
            Some(given) => *given == as_of(&before.charter)?,
            None => before.charter == Charter::default(),
        };
        if !as_it_was {
            let why = if given.as_of.is_some() { CHANGED } else { WRITTEN_ALREADY };
            return Ok(Err(told(CharterState::Changed, Some(why.to_owned()))));
        }
        if after.expires_at != before.charter.expires_at && is_past(after.expires_at, self.clock.now()) {
            return stay(CharterState::Refused, "the end lies in the past; to end it now, plan a revocation");
        }
        match self.may_claim(actor, before.claimed(actor.person, &after)) {
            Ok(()) => {}
            Err(EngineFailure::Denied { why }) => return stay(CharterState::Refused, &why),
            Err(failure) => return Err(failure),
        }
        let mut draft = Draft::new("identity.owned", By::Person(actor, Some(DecisionRight::Own)), row.id)
            .body(serde_json::json!({ "identity": row.name, "charter": after }));
        if let Some(because) = because {
            draft = draft.text("because", because);
        }
        let unowned = owners(&after).is_empty().then(|| String::from("without an owner it is a finding"));
        Ok(Ok((told(CharterState::Differs, unowned), Some((after, self.entry(draft)?)))))
    }

    /// Writes them in one transaction; answers which were written.
    async fn write_charters(&self, ready: Vec<Ready>) -> Result<Vec<(usize, bool)>, EngineFailure> {
        let now = self.clock.now();
        let write = move |tx: &mut Tx<'_>| {
            let mut written = Vec::with_capacity(ready.len());
            for one in &ready {
                let as_it_was = held(tx, one.row.id)? == one.before;
                if as_it_was {
                    refuse_who_left(tx, &one.before.charter, &one.after)?;
                    tx.set_charter(one.row.id, &one.after, now)?;
                    if !owners(&one.after).is_empty() {
                        tx.answer_passings(one.row.id, now)?;
                    }
                    tx.entry(one.entry.clone())?;
                }
                written.push((one.at, as_it_was));
            }
            Ok(written)
        };
        Ok(self.store.write("write_charters", write).await?)
    }
}

const CHANGED: &str = "somebody changed it since it was taken out; export it again and change that";
const WRITTEN_ALREADY: &str =
    "it has a charter already; export it and change that, so that nothing is overwritten unseen";

/// The identity somebody means; or why nobody can say which.
fn found(tx: &mut Tx<'_>, name: &str) -> Result<Result<(IdentityRow, Held), String>, StoreFailure> {
    match tx.find_identity(name) {
        Ok(row) => {
            let held = held(tx, row.id)?;
            Ok(Ok((row, held)))
        }
        Err(
            why @ (StoreFailure::Missing { .. }
            | StoreFailure::MissingNear { .. }
            | StoreFailure::Ambiguous { .. }),
        ) => Ok(Err(why.to_string())),
        Err(failure) => Err(failure),
    }
}

fn stays(
    given: &CharterGiven,
    row: Option<&IdentityRow>,
    state: CharterState,
    why: String,
) -> CharterImported {
    CharterImported {
        given: printable(&given.identity, SHOWN_CHARS_MAX),
        name: row.map(|row| row.name.clone()),
        state,
        changes: Vec::new(),
        why: Some(why),
    }
}

fn is_past(end: Option<Instant>, now: Instant) -> bool {
    end.is_some_and(|end| end <= now)
}

pub(super) fn with_ids(written: &CharterWritten, people: &[Person]) -> Result<Charter, String> {
    let id = |name: &Option<String>| person_named(people, name.as_deref()).map_err(|why| why.to_string());
    Ok(Charter {
        business_owner: id(&written.business_owner)?,
        technical_owner: id(&written.technical_owner)?,
        purpose: written.purpose.clone(),
        boundary: written.boundary.clone(),
        environment: written.environment,
        data_class: written.data_class,
        allowed_scope: written.allowed_scope.clone(),
        rotation_days: written.rotation_days,
        expires_at: written.expires_at,
        retirement_trigger: written.retirement_trigger.clone(),
    })
}

fn differences(before: &CharterWritten, after: &CharterWritten) -> Vec<FieldChange> {
    let fields = |charter: &CharterWritten| -> Vec<(&'static str, Option<String>)> {
        let scope = Some(charter.allowed_scope.join(", ")).filter(|scope| !scope.is_empty());
        vec![
            ("business_owner", charter.business_owner.clone()),
            ("technical_owner", charter.technical_owner.clone()),
            ("purpose", charter.purpose.clone()),
            ("boundary", charter.boundary.clone()),
            ("environment", charter.environment.map(|environment| environment.to_string())),
            ("data_class", charter.data_class.map(|data| data.to_string())),
            ("allowed_scope", scope),
            ("rotation_days", charter.rotation_days.map(|days| days.to_string())),
            ("expires_at", charter.expires_at.map(|end| end.to_string())),
            ("retirement_trigger", charter.retirement_trigger.clone()),
        ]
    };
    fields(before)
        .into_iter()
        .zip(fields(after))
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| FieldChange { field, from, to })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{CharterWritten, differences};

    #[test]
    fn only_what_differs_is_told() {
        let before = CharterWritten { purpose: Some(String::from("a")), ..CharterWritten::default() };
        let after = CharterWritten { allowed_scope: vec![String::from("x")], ..CharterWritten::default() };
        let told: Vec<String> = differences(&before, &after)
            .into_iter()
            .map(|change| format!("{}: {:?} -> {:?}", change.field, change.from, change.to))
            .collect();
        assert_eq!(told, ["purpose: Some(\"a\") -> None", "allowed_scope: None -> Some(\"x\")"]);
        assert!(differences(&after, &after).is_empty());
    }
}
