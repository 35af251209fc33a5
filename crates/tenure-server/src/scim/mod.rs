//! SCIM 2.0 (RFC 7643, RFC 7644): a directory says who is there and who belongs to which team.
//!
//! `door.rs` lets directories in, `users.rs` and `groups.rs` are the resources, `discovery.rs` describes them. This room
//! must never know a person's token or session, nor give a role. Begin with `schema.rs`.

pub(crate) mod discovery;
pub(crate) mod door;
pub(crate) mod failure;
mod filter;
pub(crate) mod groups;
pub(crate) mod listing;
mod patch;
mod resource;
mod schema;
pub(crate) mod users;

pub(crate) use failure::ScimFailure;

use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};
use tenure_model::Instant;

/// How often a change that insists on no version is tried when others change the same.
const TRIES_MAX: u32 = 8;

/// What Tenure says of a resource.
fn meta(kind: &str, (created, changed): (Instant, Instant), version: i64, location: &str) -> Value {
    json!({
        "resourceType": kind, "created": created.to_string(), "lastModified": changed.to_string(),
        "location": location, "version": version_text(version),
    })
}

fn version_text(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The headers of an answer that holds one resource.
fn headers_of(resource: &Map<String, Value>, version: i64) -> HeaderMap {
    let location = resource.get("meta").and_then(|meta| meta.get("location")).and_then(Value::as_str);
    let mut headers = HeaderMap::new();
    if let Some(location) = location.and_then(|location| HeaderValue::from_str(location).ok()) {
        headers.insert(header::LOCATION, location);
    }
    if let Ok(tag) = HeaderValue::from_str(&version_text(version)) {
        headers.insert(header::ETAG, tag);
    }
    headers
}

/// Others change the same, again and again.
fn contended() -> ScimFailure {
    ScimFailure::new(http::StatusCode::CONFLICT, None, "others change this at the same time; try again")
}
