//! The fields of a charter: shown, read back, and told apart where they are wrong.
//!
//! What is read is the whole charter: an empty field is unanswered afterwards. It must never guess: what is not
//! understood is said beside its field, and nothing is written. Next: `charter.rs`.

use super::form::{Field, Shape, typed};
use crate::{
    limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most, scope_at_most},
    problem::Problem,
    shared::Shared,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use tenure_engine::CharterWritten;
use tenure_model::{DataClass, Environment, Instant};

/// What is wrong, by field.
pub(super) type Wrongs = BTreeMap<&'static str, String>;

/// Every field: its name, its label, what helps to fill it in.
pub(super) const FIELDS: [(&str, &str, &str); 10] = [
    ("business_owner", "Business owner", "Who answers for its existence."),
    ("technical_owner", "Technical owner", "Who can change it."),
    ("purpose", "Purpose", "Why it exists."),
    ("boundary", "Boundary", "Where it may be used from and against."),
    ("environment", "Environment", "Where it runs."),
    ("data_class", "Data class", "How bad it would be if what it can reach came into the wrong hands."),
    ("allowed_scope", "Allowed scope", "Rights it may hold, one a line, as its system calls them."),
    ("rotation_days", "Rotation", "How old its credentials may get, in days."),
    ("expires_at", "Ends", "A day such as 2027-03-31, or an instant in UTC."),
    (
        "retirement_trigger",
        "Ends earlier when",
        "What ends it before that day: absent:3, unused:90, until:2027-03-31, person:NAME, parent:IDENTITY, several with ; between them; or a sentence.",
    ),
];

/// Everywhere an identity may run.
const ENVIRONMENTS: [Environment; 4] =
    [Environment::Production, Environment::Staging, Environment::Development, Environment::Test];

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filled {
    /// Which state of the charter was shown.
    pub(super) as_of: String,
    /// `preview` or `write`.
    pub(super) step: String,
    business_owner: String,
    technical_owner: String,
    purpose: String,
    boundary: String,
    environment: String,
    data_class: String,
    allowed_scope: String,
    rotation_days: String,
    expires_at: String,
    retirement_trigger: String,
}

/// The label of a field of a charter.
pub(super) fn label(name: &str) -> &'static str {
    FIELDS.iter().find(|(field, ..)| *field == name).map_or("Field", |(_, label, _)| label)
}

/// The fields with what a charter says.
pub(super) fn fields_of(charter: &CharterWritten) -> Vec<Field> {
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let days = charter.rotation_days.map(|days| days.to_string()).unwrap_or_default();
    FIELDS
        .iter()
        .map(|(name, label, hint)| {
            let line = |value: &str| Field::line(name, label, hint, value);
            match *name {
                "business_owner" => person(line(&said(&charter.business_owner))),
                "technical_owner" => person(line(&said(&charter.technical_owner))),
                "purpose" => line(&said(&charter.purpose)),
                "boundary" => line(&said(&charter.boundary)),
                "environment" => choice(line(charter.environment.map_or("", Environment::as_str))),
                "data_class" => data(line(charter.data_class.map_or("", DataClass::as_str))),
                "allowed_scope" => Field::lines(name, label, hint, &charter.allowed_scope),
                "rotation_days" => line(&days),
                "expires_at" => line(&charter.expires_at.map(end).unwrap_or_default()),
                _ => line(&said(&charter.retirement_trigger)),
            }
        })
        .collect()
}

fn person(field: Field) -> Field {
    field.shaped(Shape::Line { names: true })
}

fn choice(field: Field) -> Field {
    field.shaped(Shape::Choice(ENVIRONMENTS.iter().map(|one| one.as_str()).collect()))
}

fn data(field: Field) -> Field {
    field.shaped(Shape::Choice(DataClass::ALL.iter().map(|one| one.as_str()).collect()))
}

/// An end as it is typed: the last second of a day is the day.
fn end(at: Instant) -> String {
    let exact = at.to_string();
    exact.strip_suffix("T23:59:59Z").map(str::to_owned).unwrap_or(exact)
}

impl Filled {
    /// The fields as they were filled in, each with what is wrong with it.
    pub(super) fn fields(&self, wrongs: &Wrongs) -> Vec<Field> {
        let lines: Vec<String> = self.allowed_scope.lines().map(str::to_owned).collect();
        let values = [
            &self.business_owner,
            &self.technical_owner,
            &self.purpose,
            &self.boundary,
            &self.environment,
            &self.data_class,
            &self.allowed_scope,
            &self.rotation_days,
            &self.expires_at,
            &self.retirement_trigger,
        ];
        FIELDS
            .iter()
            .zip(values)
            .map(|((name, label, hint), value)| {
                let field = match *name {
                    "allowed_scope" => Field::lines(name, label, hint, &lines),
                    "business_owner" | "technical_owner" => person(Field::line(name, label, hint, value)),
                    "environment" => choice(Field::line(name, label, hint, value)),
                    "data_class" => data(Field::line(name, label, hint, value)),
                    _ => Field::line(name, label, hint, value),
                };
                field.with_wrong(wrongs.get(name))
            })
            .collect()
    }

    /// The charter that was meant, and what is wrong with its fields. `before` is what the fields showed.
    pub(super) async fn read(
        &self,
        shared: &Shared,
        before: &CharterWritten,
    ) -> Result<(CharterWritten, Wrongs), Problem> {
        let mut wrongs = Wrongs::new();
        let charter = CharterWritten {
            business_owner: typed(&self.business_owner, before.business_owner.as_deref()),
            technical_owner: typed(&self.technical_owner, before.technical_owner.as_deref()),
            purpose: typed(&self.purpose, before.purpose.as_deref()),
            boundary: typed(&self.boundary, before.boundary.as_deref()),
            environment: parsed(&mut wrongs, "environment", &self.environment, |text| {
                text.parse::<Environment>().map_err(|error| error.to_string())
            }),
            data_class: parsed(&mut wrongs, "data_class", &self.data_class, |text| {
                text.parse::<DataClass>().map_err(|error| error.to_string())
            }),
            allowed_scope: self.scope(before),
            rotation_days: parsed(&mut wrongs, "rotation_days", &self.rotation_days, days),
            expires_at: parsed(&mut wrongs, "expires_at", &self.expires_at, |text| {
                Instant::parse_end(text).map_err(|_| {
                    String::from("this is neither a day such as 2027-03-31 nor an instant in UTC")
                })
            }),
            retirement_trigger: typed(&self.retirement_trigger, before.retirement_trigger.as_deref()),
        };
        for (field, text) in [
            ("purpose", &charter.purpose),
            ("boundary", &charter.boundary),
            ("retirement_trigger", &charter.retirement_trigger),
        ] {
            too_long(&mut wrongs, field, text.iter());
        }
        if let Err(problem) = scope_at_most(&charter.allowed_scope) {
            wrongs.insert("allowed_scope", problem.detail);
        }
        for (field, name) in
            [("business_owner", &charter.business_owner), ("technical_owner", &charter.technical_owner)]
        {
            if let Some(wrong) = unknown_person(shared, name.as_deref()).await? {
                wrongs.insert(field, wrong);
            }
        }
        Ok((charter, wrongs))
    }

    fn scope(&self, before: &CharterWritten) -> Vec<String> {
        let was = |line: &str| before.allowed_scope.iter().find(|right| super::form::editable(right) == line);
        self.allowed_scope
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| was(line).cloned().unwrap_or_else(|| line.to_owned()))
            .collect()
    }
}

fn days(text: &str) -> Result<u32, String> {
    let days: u32 = text.parse().map_err(|_| String::from("this is no number of days"))?;
    if days == 0 { Err(String::from("a credential gets at least one day")) } else { Ok(days) }
}

fn parsed<T>(
    wrongs: &mut Wrongs,
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match parse(text) {
        Ok(value) => Some(value),
        Err(wrong) => {
            wrongs.insert(field, wrong);
            None
        }
    }
}

fn too_long<'texts>(wrongs: &mut Wrongs, field: &'static str, texts: impl Iterator<Item = &'texts String>) {
    for text in texts {
        if let Err(problem) = at_most(field, text, SENTENCE_CHARS_MAX) {
            wrongs.insert(field, problem.detail);
        }
    }
}

/// What is wrong with the name of a person, if anything is.
pub(super) async fn unknown_person(shared: &Shared, name: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(name) = name else { return Ok(None) };
    if let Err(problem) = at_most("name", name, NAME_CHARS_MAX) {
        return Ok(Some(problem.detail));
    }
    let wanted = name.to_owned();
    let found = shared.engine.store().read("person_named", move |tx| tx.person_named(&wanted)).await?;
    let unknown = || String::from("nobody is known by this name; `tenure people add` adds somebody");
    Ok(found.is_none().then(unknown))
}
