//! Holds answers against the OpenAPI document: the shapes there must be true and complete.

use crate::bench::Reply;
use serde_json::Value;
use std::sync::OnceLock;

static DOCUMENT: OnceLock<Value> = OnceLock::new();

/// The committed document.
pub(crate) fn document() -> &'static Value {
    DOCUMENT.get_or_init(|| serde_json::from_str(include_str!("../../openapi.json")).unwrap())
}

/// Checks one answer; addresses that are not part of the API are not looked at.
pub(crate) fn check(method: &str, path: &str, reply: &Reply) {
    let media_type =
        reply.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let place = format!("{method} {path} -> {}", reply.status);
    if media_type == "application/problem+json" {
        assert!(reply.status >= 400, "{place}");
        return conforms(
            &reply.json(),
            &serde_json::json!({ "$ref": "#/components/schemas/Problem" }),
            &place,
        );
    }
    if media_type == "application/scim+json" && reply.status >= 400 {
        let error = serde_json::json!({ "$ref": "#/components/schemas/ScimError" });
        return conforms(&reply.json(), &error, &place);
    }
    let Some(operation) = operation(method, path) else { return };
    let response = &operation["responses"][reply.status.to_string()];
    assert!(!response.is_null(), "{place}: not in the document: {}", reply.text());
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_null() {
        assert!(!media_type.starts_with("application/json") || path.ends_with("openapi.json"), "{place}");
    } else {
        assert_eq!(media_type, "application/json", "{place}");
        conforms(&reply.json(), schema, &place);
    }
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let exact = paths.get(path);
    let templated = || paths.iter().find(|(template, _)| matches(template, path)).map(|(_, item)| item);
    exact.or_else(templated)?.get(method.to_ascii_lowercase())
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}

fn conforms(value: &Value, schema: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/components/schemas/");
        return conforms(value, &document()["components"]["schemas"][name], &format!("{place} ({name})"));
    }
    if let Some(one_of) = schema["oneOf"].as_array() {
        // Only ever a shape or null.
        if !value.is_null() {
            conforms(value, &one_of[0], place);
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is none of {words:?}");
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{place}: {value} is not {kinds:?}");
    match value {
        Value::String(text) => conforms_text(text, schema, place),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                conforms(item, &schema["items"], &format!("{place}[{index}]"));
            }
        }
        Value::Object(fields) => {
            let nothing = serde_json::Map::new();
            let known = schema["properties"].as_object().unwrap_or(&nothing);
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(required.as_str().unwrap()), "{place}: {required} is missing");
            }
            for (name, value) in fields {
                let at = format!("{place}.{name}");
                let schema = known.get(name).unwrap_or(&schema["additionalProperties"]);
                assert!(!schema.is_null(), "{at} is not in the document");
                conforms(value, schema, &at);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn conforms_text(text: &str, schema: &Value, place: &str) {
    match schema["format"].as_str() {
        Some("uuid") => assert!(text.len() == 36 && text.split('-').count() == 5, "{place}: {text}"),
        Some("date-time") => assert!(tenure_model::Instant::parse(text).is_ok(), "{place}: {text}"),
        Some(_) | None => {}
    }
}
