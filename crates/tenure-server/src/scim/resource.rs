//! Resources as they come in and go out: only what the schema names, each of its kind.
//!
//! What a directory sends beyond that is dropped, whatever it is called: nobody becomes an administrator by a field. An
//! answer holds what was asked for. Next: `users.rs`, `groups.rs`.

use super::{
    failure::ScimFailure,
    schema::{Attribute, Kind, Mutability, Named, field, resolve},
};
use serde_json::{Map, Value};
use tenure_model::printable;

/// Characters of one text, at most.
const TEXT_CHARS_MAX: usize = 512;
/// Values of an attribute other than members, at most.
const VALUES_MAX: usize = 32;

/// What of a resource is kept, checked.
pub(super) fn kept(
    given: &Map<String, Value>,
    attributes: &'static [Attribute],
    values_max: usize,
) -> Result<Map<String, Value>, ScimFailure> {
    let mut kept = Map::new();
    for attribute in attributes.iter().filter(|one| one.mutability != Mutability::ReadOnly) {
        let Some(value) = field(given, attribute.name) else { continue };
        if let Some(value) = checked(value, attribute, values_max)? {
            kept.insert(attribute.name.to_owned(), value);
        }
    }
    for attribute in attributes.iter().filter(|one| one.required && one.mutability != Mutability::ReadOnly) {
        let is_said = kept
            .get(attribute.name)
            .is_some_and(|value| value.as_str().is_none_or(|text| !text.trim().is_empty()));
        if !is_said {
            return Err(wrong(attribute, "is missing"));
        }
    }
    Ok(kept)
}

fn wrong(attribute: &Attribute, why: &str) -> ScimFailure {
    ScimFailure::bad("invalidValue", format!("`{}` {why}", attribute.name))
}

fn checked(
    value: &Value,
    attribute: &'static Attribute,
    values_max: usize,
) -> Result<Option<Value>, ScimFailure> {
    if value.is_null() {
        return Ok(None);
    }
    if !attribute.many {
        return checked_one(value, attribute);
    }
    let Value::Array(values) = value else { return Err(wrong(attribute, "is a list")) };
    if values.len() > values_max.max(VALUES_MAX) {
        return Err(wrong(attribute, "has too many values"));
    }
    let mut list = Vec::with_capacity(values.len());
    for value in values {
        list.extend(checked_one(value, attribute)?);
    }
    let primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
    if list.iter().filter(primary).count() > 1 {
        return Err(wrong(attribute, "has more than one primary value"));
    }
    Ok((!list.is_empty()).then_some(Value::Array(list)))
}

fn checked_one(value: &Value, attribute: &'static Attribute) -> Result<Option<Value>, ScimFailure> {
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Flag, Value::Bool(_)) => Ok(Some(value.clone())),
        // Some directories write what is true or false as a text.
        (Kind::Flag, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(Value::Bool(true))),
        (Kind::Flag, Value::String(text)) if text.eq_ignore_ascii_case("false") => {
            Ok(Some(Value::Bool(false)))
        }
        (Kind::Flag, _) => Err(wrong(attribute, "is true or false")),
        (Kind::Complex, Value::Object(parts)) => {
            let mut kept = Map::new();
            for part in attribute.within.iter().filter(|part| part.mutability != Mutability::ReadOnly) {
                if let Some(value) = field(parts, part.name)
                    && let Some(value) = checked_one(value, part)?
                {
                    kept.insert(part.name.to_owned(), value);
                }
            }
            Ok((!kept.is_empty()).then_some(Value::Object(kept)))
        }
        (Kind::Complex, _) => Err(wrong(attribute, "has several parts")),
        (Kind::Text | Kind::Instant | Kind::Reference, Value::String(text)) => {
            if text.chars().count() > TEXT_CHARS_MAX {
                return Err(wrong(attribute, "has more than 512 characters"));
            }
            if printable(text, TEXT_CHARS_MAX) != *text {
                return Err(wrong(
                    attribute,
                    "has control characters or marks that turn the reading direction",
                ));
            }
            Ok((!text.is_empty()).then(|| value.clone()))
        }
        (Kind::Text | Kind::Instant | Kind::Reference, _) => Err(wrong(attribute, "is a text")),
    }
}

/// Which attributes an answer holds.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    only: Vec<String>,
    without: Vec<String>,
}

impl Wanted {
    /// From the two lists of a request, of which one may be there.
    pub(super) fn new(only: Vec<String>, without: Vec<String>) -> Result<Self, ScimFailure> {
        if !only.is_empty() && !without.is_empty() {
            let detail = "`attributes` and `excludedAttributes` exclude each other";
            return Err(ScimFailure::bad("invalidValue", detail));
        }
        Ok(Self { only, without })
    }

    /// Names separated by commas, as they stand behind `?`.
    pub(super) fn names(text: Option<&str>) -> Vec<String> {
        let names = text.unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// Whether an answer holds this attribute at all.
    pub(super) fn holds(&self, attribute: &Attribute, attributes: &'static [Attribute]) -> bool {
        let named = |names: &[String], whole: bool| {
            names.iter().any(|name| match resolve(attributes, name) {
                Named::Kept(found, part) => found.name == attribute.name && !(whole && part.is_some()),
                Named::NotKept | Named::Unknown => false,
            })
        };
        attribute.always
            || if self.only.is_empty() { !named(&self.without, true) } else { named(&self.only, false) }
    }

    /// The resource with what was asked for.
    pub(super) fn of(
        &self,
        mut resource: Map<String, Value>,
        attributes: &'static [Attribute],
    ) -> Map<String, Value> {
        if self.only.is_empty() && self.without.is_empty() {
            return resource;
        }
        for attribute in attributes {
            if !self.holds(attribute, attributes) {
                resource.remove(attribute.name);
                continue;
            }
            let parts = |names: &[String]| -> Vec<&'static str> {
                let part = |name: &String| match resolve(attributes, name) {
                    Named::Kept(found, Some(part)) if found.name == attribute.name => Some(part.name),
                    _ => None,
                };
                names.iter().filter_map(part).collect()
            };
            let whole = |name: &String| matches!(resolve(attributes, name), Named::Kept(found, None) if found.name == attribute.name);
            let (only, without) = (parts(&self.only), parts(&self.without));
            let keeps = |name: &str| {
                (only.is_empty() || self.only.iter().any(whole) || only.contains(&name))
                    && !without.contains(&name)
            };
            match resource.get_mut(attribute.name) {
                Some(Value::Object(object)) => object.retain(|name, _| keeps(name)),
                Some(Value::Array(values)) => {
                    for object in values.iter_mut().filter_map(Value::as_object_mut) {
                        object.retain(|name, _| keeps(name));
                    }
                }
                _ => {}
            }
        }
        resource
    }
}
