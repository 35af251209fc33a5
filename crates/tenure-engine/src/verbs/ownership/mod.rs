//! Ownership people can do: suggestions, rules that claim many at once, "not mine", charters in and out.
//!
//! Nothing becomes anybody's without a person who said so, and nothing that is owned is taken by a rule, a suggestion
//! or a file that does not name its owner. Next: `clues.rs`, what is known; `claim.rs`, what is written.

pub(crate) mod charters;
pub(crate) mod claim;
mod clues;
pub(crate) mod foresee;
pub(crate) mod import;
pub(crate) mod pass_on;
pub(crate) mod rule;
pub(crate) mod suggest;

pub(in crate::verbs) use clues::traits_of;

use std::collections::BTreeMap;
use tenure_model::{Charter, Person, PersonId};

/// The names of everybody, for answers.
struct Names(BTreeMap<PersonId, String>);

impl Names {
    fn of(people: &[Person]) -> Self {
        Self(people.iter().map(|person| (person.id, person.name.clone())).collect())
    }

    /// A person's name, or that they left.
    fn name(&self, id: PersonId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| String::from("(left)"))
    }

    /// The names of the owners a charter names, each once.
    fn owners(&self, charter: &Charter) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for id in owners(charter) {
            let name = self.name(id);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The people a charter names as owners.
fn owners(charter: &Charter) -> Vec<PersonId> {
    [charter.business_owner, charter.technical_owner].into_iter().flatten().collect()
}
