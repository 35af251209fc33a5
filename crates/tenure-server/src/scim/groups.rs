//! Groups: teams of a directory, made, read, changed and deleted.
//!
//! Members are people. A team that is a member of a team is refused, so that membership cannot go round in a circle.
//! Next: `listing.rs`.

use super::{
    ScimFailure, TRIES_MAX, contended,
    door::{Directory, Document, insisted},
    failure::answer,
    headers_of, meta, patch,
    resource::{Wanted, kept},
    schema::{GROUP, GROUP_ATTRIBUTES},
    users::{Asked, missing_or},
};
use crate::api::prelude::*;
use axum::{extract::Path, response::Response};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use tenure_engine::{MEMBERS_MAX, Provisioned, Team, TeamGiven};
use tenure_model::{PersonId, TeamId};

pub(crate) static MAKE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/scim/v2/Groups",
    access: Access::Provisioning,
    evidence: Some("team.made"),
    about: "A team is made. It gives no role until a person here says so.",
    query: &[],
    takes: None,
    answers: Answers::Scim(201),
    route: || post(make),
};

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/Groups/{id}",
    access: Access::Provisioning,
    evidence: None,
    about: "A team of the directory.",
    query: &[("attributes", "text"), ("excludedAttributes", "text")],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(show),
};

pub(crate) static REPLACE: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/scim/v2/Groups/{id}",
    access: Access::Provisioning,
    evidence: Some("team.changed"),
    about: "A team is as given from now on.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || put(replace),
};

pub(crate) static CHANGE: Endpoint = Endpoint {
    verb: Verb::Patch,
    path: "/scim/v2/Groups/{id}",
    access: Access::Provisioning,
    evidence: Some("team.changed"),
    about: "Operations on a team, also on single members.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || axum::routing::patch(change),
};

pub(crate) static DELETE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/scim/v2/Groups/{id}",
    access: Access::Provisioning,
    evidence: Some("team.removed"),
    about: "A team is taken away, and with it the role it gave.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(remove),
};

/// A team as SCIM shows it.
pub(super) fn resource(team: &Team, base: &str) -> Map<String, Value> {
    let mut shown = said(team, base);
    shown.insert("schemas".to_owned(), json!([GROUP]));
    shown.insert("id".to_owned(), json!(team.row.id));
    let location = format!("{base}/Groups/{}", team.row.id);
    let when = (team.row.created, team.row.changed);
    shown.insert("meta".to_owned(), meta("Group", when, team.row.version, &location));
    shown
}

fn said(team: &Team, base: &str) -> Map<String, Value> {
    let mut said = Map::new();
    said.insert("displayName".to_owned(), json!(team.row.name));
    if let Some(external_id) = &team.row.external_id {
        said.insert("externalId".to_owned(), json!(external_id));
    }
    // No `display`: the schema has none, and clients compare what they wrote with what they read.
    let member = |(id, _): &(PersonId, String)| json!({ "value": id, "$ref": format!("{base}/Users/{id}"), "type": "User" });
    if !team.members.is_empty() {
        said.insert("members".to_owned(), Value::Array(team.members.iter().map(member).collect()));
    }
    said
}

fn given(resource: &Map<String, Value>) -> Result<TeamGiven, ScimFailure> {
    let mut kept = kept(resource, GROUP_ATTRIBUTES, MEMBERS_MAX)?;
    let mut text = |name: &str| match kept.remove(name) {
        Some(Value::String(text)) => Some(text.trim().to_owned()),
        _ => None,
    };
    let (name, external_id) = (text("displayName").unwrap_or_default(), text("externalId"));
    let mut members = BTreeSet::new();
    for member in kept.get("members").and_then(Value::as_array).into_iter().flatten() {
        members.insert(member_of(member)?);
    }
    Ok(TeamGiven { name, external_id, members })
}

fn member_of(member: &Value) -> Result<PersonId, ScimFailure> {
    let part = |name: &str| member.get(name).and_then(Value::as_str);
    if part("type").is_some_and(|kind| !kind.eq_ignore_ascii_case("User")) {
        let detail = "a member is a person: teams do not belong to teams here";
        return Err(ScimFailure::bad("invalidValue", detail));
    }
    let by_address = || part("$ref").and_then(|address| address.rsplit('/').next());
    let id = part("value").or_else(by_address).unwrap_or_default();
    id.parse()
        .map_err(|_| ScimFailure::bad("invalidValue", "a member is a person of this directory, by their id"))
}

fn id_of(given: &str) -> Result<TeamId, ScimFailure> {
    given.parse().map_err(|_| ScimFailure::missing("Group"))
}

fn told(directory: &Directory, (status, team): (StatusCode, &Team), wanted: &Wanted) -> Response {
    let shown = resource(team, &directory.base);
    let headers = headers_of(&shown, team.row.version);
    let mut response = answer(status, &Value::Object(wanted.of(shown, GROUP_ATTRIBUTES)));
    response.headers_mut().extend(headers);
    response
}

async fn make(
    State(shared): State<Shared>,
    directory: Directory,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    let made = shared.engine.provision_team(directory.by, given(&document)?).await;
    match made.map_err(|failure| missing_or(failure, "Group"))? {
        Provisioned::Done(team) => Ok(told(&directory, (StatusCode::CREATED, &team), &Wanted::default())),
        Provisioned::Taken => Err(ScimFailure::taken("another team")),
        Provisioned::Moved | Provisioned::Held => Err(contended()),
    }
}

async fn show(
    State(shared): State<Shared>,
    directory: Directory,
    Path(id): Path<String>,
    axum::extract::Query(asked): axum::extract::Query<Asked>,
) -> Result<Response, ScimFailure> {
    let wanted = asked.wanted()?;
    let team = shared.engine.team(id_of(&id)?).await.map_err(|failure| missing_or(failure, "Group"))?;
    Ok(told(&directory, (StatusCode::OK, &team), &wanted))
}

async fn replace(
    State(shared): State<Shared>,
    directory: Directory,
    Path(id): Path<String>,
    headers: HeaderMap,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    write(&shared, &directory, (&id, insisted(&headers)?), |_| Ok(document.clone())).await
}

async fn change(
    State(shared): State<Shared>,
    directory: Directory,
    Path(id): Path<String>,
    headers: HeaderMap,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    write(&shared, &directory, (&id, insisted(&headers)?), |before| {
        let mut resource = before;
        patch::apply(&document, &mut resource, GROUP_ATTRIBUTES)?;
        Ok(resource)
    })
    .await
}

async fn write(
    shared: &Shared,
    directory: &Directory,
    (id, insisted): (&str, Option<i64>),
    becomes: impl Fn(Map<String, Value>) -> Result<Map<String, Value>, ScimFailure>,
) -> Result<Response, ScimFailure> {
    let id = id_of(id)?;
    for _ in 0..TRIES_MAX {
        let team = shared.engine.team(id).await.map_err(|failure| missing_or(failure, "Group"))?;
        let version = team.row.version;
        if insisted.is_some_and(|insisted| insisted != version) {
            return Err(ScimFailure::moved());
        }
        let given = given(&becomes(said(&team, &directory.base))?)?;
        let changed = shared.engine.change_team(directory.by, (id, version), given).await;
        match changed.map_err(|failure| missing_or(failure, "Group"))? {
            Provisioned::Done(team) => {
                return Ok(told(directory, (StatusCode::OK, &team), &Wanted::default()));
            }
            Provisioned::Taken => return Err(ScimFailure::taken("another team")),
            Provisioned::Held => return Err(ScimFailure::held()),
            Provisioned::Moved => {}
        }
    }
    Err(contended())
}

async fn remove(
    State(shared): State<Shared>,
    directory: Directory,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ScimFailure> {
    let (id, insisted) = (id_of(&id)?, insisted(&headers)?);
    let removed = shared.engine.delete_team(directory.by, id, insisted).await;
    match removed.map_err(|failure| missing_or(failure, "Group"))? {
        Provisioned::Done(()) => Ok(StatusCode::NO_CONTENT),
        Provisioned::Moved => Err(ScimFailure::moved()),
        Provisioned::Held | Provisioned::Taken => Err(contended()),
    }
}
