//! Changes of RFC 7644, section 3.5.2: each operation of a request applied to a copy of the resource.
//!
//! All of them or none: what comes out is checked whole before anything is written. What is read-only is refused where a
//! path names it and passed over inside a value. Next: `resource.rs`.

use super::{
    failure::ScimFailure,
    filter::{self, Filter},
    schema::{Attribute, Kind, Mutability, Named, resolve},
};
use serde_json::{Map, Value};
use tenure_model::printable;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Operations of one request, at most.
const OPERATIONS_MAX: usize = 200;
/// Characters of a path, at most.
const PATH_CHARS_MAX: usize = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Add,
    Replace,
    Remove,
}

/// Where an operation applies.
struct Target {
    attribute: &'static Attribute,
    which: Option<Filter>,
    part: Option<&'static Attribute>,
}

/// Applies a request to a resource.
pub(super) fn apply(
    request: &Map<String, Value>,
    resource: &mut Map<String, Value>,
    attributes: &'static [Attribute],
) -> Result<(), ScimFailure> {
    let bad = |detail: &str| ScimFailure::bad("invalidSyntax", detail);
    let is_patch = |schemas: &Value| {
        let all = schemas.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(PATCH))
    };
    if !request.get("schemas").is_some_and(is_patch) {
        return Err(bad("`schemas` names the PatchOp message of RFC 7644"));
    }
    let operations = request.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations"));
    let Some(operations) = operations.and_then(|(_, value)| value.as_array()) else {
        return Err(bad("`Operations` is a list"));
    };
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(bad("a request has 1 to 200 operations"));
    }
    operations.iter().try_for_each(|operation| apply_one(operation, resource, attributes))
}

fn apply_one(
    operation: &Value,
    resource: &mut Map<String, Value>,
    attributes: &'static [Attribute],
) -> Result<(), ScimFailure> {
    let bad = |detail: &str| ScimFailure::bad("invalidSyntax", detail);
    let does = match operation.get("op").and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("add") => Does::Add,
        Some("replace") => Does::Replace,
        Some("remove") => Does::Remove,
        _ => return Err(bad("`op` is add, replace or remove")),
    };
    let value = operation.get("value");
    let path = match operation.get("path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path.trim()),
        Some(_) => return Err(ScimFailure::bad("invalidPath", "`path` is a text")),
    };
    if does != Does::Remove && value.is_none_or(Value::is_null) {
        return Err(ScimFailure::bad("invalidValue", "this operation needs a `value`"));
    }
    let value = value.cloned().unwrap_or(Value::Null);
    let Some(path) = path else {
        if does == Does::Remove {
            return Err(ScimFailure::bad("noTarget", "`remove` needs a `path`"));
        }
        let Value::Object(fields) = value else {
            return Err(ScimFailure::bad("invalidValue", "without a `path` the value is an object"));
        };
        for (name, value) in fields {
            // Unknown and read-only names are passed over, as in a new resource.
            if let Named::Kept(attribute, part) = resolve(attributes, &name)
                && part.unwrap_or(attribute).mutability != Mutability::ReadOnly
            {
                change(does, resource, &Target { attribute, which: None, part }, value)?;
            }
        }
        return Ok(());
    };
    match target(path, attributes)? {
        None => Ok(()),
        Some(target) => change(does, resource, &target, value),
    }
}

/// What a path names; nothing when that is not kept.
fn target(path: &str, attributes: &'static [Attribute]) -> Result<Option<Target>, ScimFailure> {
    let invalid = |why: String| ScimFailure::bad("invalidPath", why);
    if path.len() > PATH_CHARS_MAX {
        return Err(invalid(String::from("the path is too long")));
    }
    let shown = printable(path, 80);
    let unknown = || invalid(format!("there is no attribute `{shown}`"));
    let (name, rest) = path.split_once('[').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let (attribute, mut part) = match resolve(attributes, name) {
        Named::Kept(attribute, part) => (attribute, part),
        Named::NotKept => return Ok(None),
        Named::Unknown => return Err(unknown()),
    };
    let mut which = None;
    if let Some(rest) = rest {
        let (inside, behind) =
            rest.rsplit_once(']').ok_or_else(|| invalid(format!("`{shown}` lacks a `]`")))?;
        if !attribute.many || part.is_some() {
            return Err(invalid(format!("`{shown}` does not have several values")));
        }
        let read = filter::read(inside, attribute.within);
        which = Some(read.map_err(|why| ScimFailure::bad("invalidFilter", why.to_string()))?);
        match behind.strip_prefix('.') {
            Some(name) => {
                let found = super::schema::find(attribute.within, name);
                let Some(found) = found else { return Ok(None) };
                part = Some(found);
            }
            None if behind.is_empty() => {}
            None => return Err(unknown()),
        }
    }
    if part.unwrap_or(attribute).mutability == Mutability::ReadOnly {
        return Err(ScimFailure::bad("mutability", format!("`{shown}` is not changed from outside")));
    }
    Ok(Some(Target { attribute, which, part }))
}

fn change(
    does: Does,
    resource: &mut Map<String, Value>,
    target: &Target,
    value: Value,
) -> Result<(), ScimFailure> {
    let Target { attribute, which, part } = target;
    if does == Does::Remove {
        return remove(resource, target, &value);
    }
    if attribute.many {
        return match (which, part) {
            (None, None) if does == Does::Replace => {
                resource.insert(attribute.name.to_owned(), Value::Array(listed(value)));
                Ok(())
            }
            (None, None) => add(resource, attribute, value),
            _ => change_some(does, resource, target, &value),
        };
    }
    match part {
        Some(part) => {
            let object = resource.entry(attribute.name).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(object) = object else { return Err(misshapen(attribute)) };
            object.insert(part.name.to_owned(), value);
        }
        None if attribute.kind == Kind::Complex => {
            let Value::Object(given) = value else { return Err(misshapen(attribute)) };
            let object = resource.entry(attribute.name).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(object) = object else { return Err(misshapen(attribute)) };
            if does == Does::Replace {
                object.clear();
            }
            object.extend(given);
        }
        None => {
            resource.insert(attribute.name.to_owned(), value);
        }
    }
    Ok(())
}

fn misshapen(attribute: &Attribute) -> ScimFailure {
    ScimFailure::bad("invalidValue", format!("`{}` has several parts", attribute.name))
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        one => vec![one],
    }
}

fn values_of<'resource>(
    resource: &'resource mut Map<String, Value>,
    attribute: &Attribute,
) -> Result<&'resource mut Vec<Value>, ScimFailure> {
    match resource.entry(attribute.name).or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(values) => Ok(values),
        _ => Err(misshapen(attribute)),
    }
}

/// Adds values; one that is there already stays as it is.
fn add(resource: &mut Map<String, Value>, attribute: &Attribute, value: Value) -> Result<(), ScimFailure> {
    let given = listed(value);
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let values = values_of(resource, attribute)?;
    if given.iter().any(is_primary) {
        for value in values.iter_mut() {
            if let Value::Object(parts) = value {
                parts.remove("primary");
            }
        }
    }
    let known: std::collections::HashSet<String> = values.iter().map(key_of).collect();
    values.extend(given.into_iter().filter(|value| !known.contains(&key_of(value))));
    Ok(())
}

/// By what two values are the same: their part `value`, or all of them.
fn key_of(value: &Value) -> String {
    value.get("value").and_then(Value::as_str).map_or_else(|| value.to_string(), str::to_owned)
}

fn change_some(
    does: Does,
    resource: &mut Map<String, Value>,
    Target { attribute, which, part }: &Target,
    value: &Value,
) -> Result<(), ScimFailure> {
    let values = values_of(resource, attribute)?;
    let mut found = false;
    for one in values.iter_mut() {
        let Value::Object(parts) = one else { continue };
        if which.as_ref().is_some_and(|which| !which.matches(parts)) {
            continue;
        }
        found = true;
        match (part, value) {
            (Some(part), value) => {
                parts.insert(part.name.to_owned(), value.clone());
            }
            (None, Value::Object(given)) => {
                if does == Does::Replace {
                    parts.clear();
                }
                parts.extend(given.clone());
            }
            (None, _) => return Err(misshapen(attribute)),
        }
    }
    if found {
        return Ok(());
    }
    // An addition to what is not there makes it, as far as the filter says what it is.
    let said = which.as_ref().and_then(Filter::said_parts);
    if let (Does::Add, Some(mut parts), Some(part)) = (does, said, part) {
        parts.insert(part.name.to_owned(), value.clone());
        values.push(Value::Object(parts));
        return Ok(());
    }
    Err(ScimFailure::bad("noTarget", format!("no value of `{}` is meant by this path", attribute.name)))
}

fn remove(
    resource: &mut Map<String, Value>,
    Target { attribute, which, part }: &Target,
    value: &Value,
) -> Result<(), ScimFailure> {
    if attribute.required {
        let detail = format!("`{}` cannot be without a value", attribute.name);
        return Err(ScimFailure::bad("mutability", detail));
    }
    if let (true, Value::Array(given), None, None) = (attribute.many, value, which, part) {
        // Some directories name the values to be removed beside the path.
        let gone: std::collections::HashSet<String> = given.iter().map(key_of).collect();
        values_of(resource, attribute)?.retain(|value| !gone.contains(&key_of(value)));
        return Ok(());
    }
    match (which, part, resource.get_mut(attribute.name)) {
        (None, None, _) => {
            resource.remove(attribute.name);
        }
        (None, Some(part), Some(Value::Object(parts))) => {
            parts.remove(part.name);
        }
        (which, part, Some(Value::Array(values))) => {
            let is_meant = |value: &Value| {
                let parts = value.as_object();
                parts.is_some_and(|parts| which.as_ref().is_none_or(|which| which.matches(parts)))
            };
            match part {
                None => values.retain(|value| !is_meant(value)),
                Some(part) => {
                    for value in values.iter_mut() {
                        if is_meant(value)
                            && let Value::Object(parts) = value
                        {
                            parts.remove(part.name);
                        }
                    }
                }
            }
        }
        (_, _, _) => {}
    }
    Ok(())
}
