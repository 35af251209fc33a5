//! A class: a kind of identity as the programme defines it, and what is asked of those it matches.
//!
//! The first class whose rule means an identity is its class, in the order in which the programme lists them; what a
//! vendor built into a system has none. Being in a class enrols: governance applies, whether or not somebody claimed it.
//! It must never decide whether something fails; the policies do. Next: `files.rs`.

use super::ProgrammeRefused;
use crate::{Rule, Traits, dossier::Dossier, facts::is_seen, ownership::PrincipalTraits};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use tenure_model::{CharterField, CredentialKind, printable};

/// Classes of one programme, and rules of one class, at most.
const CLASSES_MAX: usize = 200;
const RULES_MAX: usize = 50;
/// Characters of an id, at most.
const ID_CHARS_MAX: usize = 60;
/// What a limit in days may be.
const DAYS: RangeInclusive<u32> = 1..=3_650;

/// A kind of identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Its short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// Rules; an identity that one of them means is of this class.
    #[serde(rename = "match")]
    pub matches: Vec<String>,
    /// What its charters must say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<CharterField>,
    /// How far ahead the end of a charter may lie, in days; a charter without an end has none near enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_days_max: Option<u32>,
    /// How old a credential's value may get, in days; never more than `thresholds.rotation_days_max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation_days_max: Option<u32>,
    /// How often an owner must say that it is still needed as it is, in days; never less often than
    /// `thresholds.review_days_max` asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_days_max: Option<u32>,
    /// Which kinds of credentials it may have; all of them when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_kinds: Vec<CredentialKind>,
    /// Stores in which a credential of it may live, or `federation`; any of the programme when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_stores: Vec<String>,
    /// What is of it is asked for before it is made; what is made otherwise is found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_by_request: bool,
    /// Rights of what is of it are asked for before it is given them; what it gains otherwise is found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rights_by_request: bool,
}

/// Whether these classes ask that what was of the class `then` had been asked for. What a programme has no such class for
/// any more is asked of as long as it asks of any: another name for a class is no way out.
pub(crate) fn asks_for_requests(classes: &[Class], then: &str) -> bool {
    match classes.iter().find(|class| class.id == then) {
        Some(class) => class.made_by_request,
        None => classes.iter().any(|class| class.made_by_request),
    }
}

/// The same of rights that it gained.
pub(crate) fn asks_for_rights(classes: &[Class], then: &str) -> bool {
    match classes.iter().find(|class| class.id == then) {
        Some(class) => class.rights_by_request,
        None => classes.iter().any(|class| class.rights_by_request),
    }
}

/// A class with its rules ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct ClassReady {
    pub(crate) class: Class,
    rules: Vec<Rule>,
}

impl ClassReady {
    /// Reads the rules. A faulty one was refused before.
    pub(crate) fn of(class: &Class) -> Self {
        let rules = class.matches.iter().filter_map(|rule| Rule::parse(rule).ok()).collect();
        Self { class: class.clone(), rules }
    }
}

/// The class of an identity; nothing where none means it, or where its vendor owns it.
pub(crate) fn class_of<'judge>(classes: &'judge [ClassReady], dossier: &Dossier) -> Option<&'judge Class> {
    if classes.is_empty() || dossier.built_in {
        return None;
    }
    let traits = traits_of(dossier);
    class_of_traits(classes, &traits)
}

/// The class that something would be of that is only described; nothing where none would mean it.
pub(crate) fn class_of_traits<'judge>(
    classes: &'judge [ClassReady],
    traits: &Traits,
) -> Option<&'judge Class> {
    classes.iter().find(|one| one.rules.iter().any(|rule| rule.holds(traits))).map(|one| &one.class)
}

/// What rules look at. Principals that are gone say nothing any more, unless all are: then it keeps the class it had.
fn traits_of(dossier: &Dossier) -> Traits {
    let mut traits = Traits {
        environment: dossier.charter.environment,
        names: vec![dossier.name.clone()],
        ..Traits::default()
    };
    let any_seen = dossier.principals.iter().any(is_seen);
    for principal in dossier.principals.iter().filter(|one| is_seen(one) || !any_seen) {
        traits.add(&PrincipalTraits {
            name: &principal.name,
            source: &principal.source,
            system: &principal.system,
            kind: principal.kind,
            facts: &principal.facts,
            charter_hint: principal.charter_hint.as_deref(),
        });
        let places = principal.credentials.iter();
        let places = places.filter_map(|one| tenure_model::text(&one.facts, tenure_model::names::PLACE));
        traits.places.extend(places.map(str::to_owned));
    }
    traits
}

/// Everything that is wrong with the classes.
pub(super) fn faults(classes: &[Class]) -> Vec<ProgrammeRefused> {
    let mut faults = Vec::new();
    if classes.len() > CLASSES_MAX {
        let why = format!("there are {}; at most {CLASSES_MAX} are read", classes.len());
        faults.push(ProgrammeRefused::ClassUnfit { index: CLASSES_MAX, field: "id", why });
    }
    let mut catches_all: Option<&str> = None;
    for (index, class) in classes.iter().enumerate().take(CLASSES_MAX) {
        let mut unfit = |field, why: String| faults.push(ProgrammeRefused::ClassUnfit { index, field, why });
        let shown = printable(&class.id, ID_CHARS_MAX);
        let is_id = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if class.id.is_empty() || class.id.chars().count() > ID_CHARS_MAX || !class.id.chars().all(is_id) {
            unfit(
                "id",
                format!("`{shown}` is no id; write lower-case letters, digits and hyphens, at most 60"),
            );
        }
        if classes.iter().take(index).any(|other| other.id == class.id) {
            unfit("id", format!("`{shown}` names another class as well"));
        }
        if let Some(before) = catches_all {
            let why = format!("class `{shown}` is never reached: `{before}` before it matches everything");
            unfit("match", why);
        }
        if class.matches.is_empty() {
            unfit(
                "match",
                format!("class `{shown}` matches nothing; `name:**` matches everything that is left"),
            );
        }
        if class.matches.len() > RULES_MAX {
            unfit(
                "match",
                format!("class `{shown}` has {} rules; at most {RULES_MAX} are read", class.matches.len()),
            );
        }
        for rule in &class.matches {
            match Rule::parse(rule) {
                Err(why) => unfit("match", format!("`{}`: {why}", printable(rule, 100))),
                Ok(rule) if rule.means_everything() => catches_all = Some(&class.id),
                Ok(_) => {}
            }
        }
        let days = [
            ("lifetime_days_max", class.lifetime_days_max),
            ("rotation_days_max", class.rotation_days_max),
            ("review_days_max", class.review_days_max),
        ];
        for (field, given) in days {
            if let Some(given) = given.filter(|given| !DAYS.contains(given)) {
                let (min, max) = DAYS.into_inner();
                unfit(field, format!("`{field}` is {given}; it must be from {min} to {max}"));
            }
        }
    }
    faults
}
