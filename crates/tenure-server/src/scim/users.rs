//! Users: people of a directory, made, read, changed and deleted.
//!
//! A call without `If-Match` is applied to whatever is there; one with it only to the version it names. Next: `groups.rs`.

use super::{
    ScimFailure, TRIES_MAX, contended,
    door::{Directory, Document, insisted},
    failure::answer,
    headers_of, meta, patch,
    resource::{Wanted, kept},
    schema::{USER, USER_ATTRIBUTES, field},
};
use crate::api::prelude::*;
use axum::{extract::Path, response::Response};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use tenure_engine::{DirectoryGiven, DirectoryRow, Provisioned, TeamRow};
use tenure_model::PersonId;

pub(crate) static MAKE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/scim/v2/Users",
    access: Access::Provisioning,
    evidence: Some("person.joined"),
    about: "A person joins (RFC 7644, section 3.3). They are an owner until a team gives them more.",
    query: &[],
    takes: None,
    answers: Answers::Scim(201),
    route: || post(make),
};

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/Users/{id}",
    access: Access::Provisioning,
    evidence: None,
    about: "A person of the directory.",
    query: &[("attributes", "text"), ("excludedAttributes", "text")],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(show),
};

pub(crate) static REPLACE: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/scim/v2/Users/{id}",
    access: Access::Provisioning,
    evidence: Some("person.changed"),
    about: "A person is as given from now on; with `active` false they left and may come back.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || put(replace),
};

pub(crate) static CHANGE: Endpoint = Endpoint {
    verb: Verb::Patch,
    path: "/scim/v2/Users/{id}",
    access: Access::Provisioning,
    evidence: Some("person.changed"),
    about: "Operations on a person (RFC 7644, section 3.5.2).",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || patch_route(change),
};

pub(crate) static DELETE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/scim/v2/Users/{id}",
    access: Access::Provisioning,
    evidence: Some("person.removed"),
    about: "A person leaves, and their name and attributes are erased.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(remove),
};

/// `patch` is the name of a module here.
fn patch_route<H, T>(handler: H) -> axum::routing::MethodRouter<Shared>
where
    H: axum::handler::Handler<T, Shared>,
    T: 'static,
{
    axum::routing::patch(handler)
}

/// What an answer holds, as it stands behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    attributes: Option<String>,
    excluded_attributes: Option<String>,
}

impl Asked {
    pub(super) fn wanted(&self) -> Result<Wanted, ScimFailure> {
        Wanted::new(
            Wanted::names(self.attributes.as_deref()),
            Wanted::names(self.excluded_attributes.as_deref()),
        )
    }
}

/// A person as SCIM shows them.
pub(super) fn resource(row: &DirectoryRow, teams: &[TeamRow], base: &str) -> Map<String, Value> {
    let mut shown = said(row);
    shown.insert("schemas".to_owned(), json!([USER]));
    shown.insert("id".to_owned(), json!(row.person));
    let teams: Vec<Value> = teams
        .iter()
        .map(|team| {
            json!({ "value": team.id, "$ref": format!("{base}/Groups/{}", team.id), "display": team.name })
        })
        .collect();
    if !teams.is_empty() {
        shown.insert("groups".to_owned(), Value::Array(teams));
    }
    let location = format!("{base}/Users/{}", row.person);
    shown.insert("meta".to_owned(), meta("User", (row.created, row.changed), row.version, &location));
    shown
}

/// What the directory said of a person, in the form in which it says it.
fn said(row: &DirectoryRow) -> Map<String, Value> {
    let mut said: Map<String, Value> = serde_json::from_str(&row.resource).unwrap_or_default();
    said.insert("userName".to_owned(), json!(row.name));
    said.insert("active".to_owned(), json!(row.active));
    if let Some(external_id) = &row.external_id {
        said.insert("externalId".to_owned(), json!(external_id));
    }
    said
}

/// What is kept of a person, and whether they are there; when that is not said, they are as before.
fn given(mut resource: Map<String, Value>, was_active: bool) -> Result<(DirectoryGiven, bool), ScimFailure> {
    if field(&resource, "active").is_none_or(Value::is_null) {
        resource.insert("active".to_owned(), json!(was_active));
    }
    let mut kept = kept(&resource, USER_ATTRIBUTES, 0)?;
    let mut text = |name: &str| match kept.remove(name) {
        Some(Value::String(text)) => Some(text.trim().to_owned()),
        _ => None,
    };
    let (name, external_id) = (text("userName").unwrap_or_default(), text("externalId"));
    let active = kept.remove("active").and_then(|active| active.as_bool()).unwrap_or(was_active);
    Ok((DirectoryGiven { name, external_id, resource: Value::Object(kept).to_string() }, active))
}

pub(super) fn id_of(given: &str) -> Result<PersonId, ScimFailure> {
    given.parse().map_err(|_| ScimFailure::missing("User"))
}

async fn told(
    shared: &Shared,
    directory: &Directory,
    (status, row): (StatusCode, DirectoryRow),
    wanted: &Wanted,
) -> Result<Response, ScimFailure> {
    let id = row.person;
    if !row.active {
        shared.sign_in.forget(id);
    }
    let teams = shared.engine.store().read("teams_of", move |tx| tx.teams_of(id)).await;
    let shown = resource(&row, &teams.map_err(Problem::from)?, &directory.base);
    let headers = headers_of(&shown, row.version);
    let shown = Value::Object(wanted.of(shown, USER_ATTRIBUTES));
    let mut response = answer(status, &shown);
    response.headers_mut().extend(headers);
    Ok(response)
}

async fn make(
    State(shared): State<Shared>,
    directory: Directory,
    Document(document): Document,
) -> Result<Response, ScimFailure> {
    let (given, active) = given(document, true)?;
    match shared.engine.provision_person(directory.by, given, active).await? {
        Provisioned::Done(row) => {
            told(&shared, &directory, (StatusCode::CREATED, row), &Wanted::default()).await
        }
        Provisioned::Taken => Err(ScimFailure::taken("somebody else")),
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
    let row = found(&shared, id_of(&id)?).await?;
    told(&shared, &directory, (StatusCode::OK, row), &wanted).await
}

async fn found(shared: &Shared, id: PersonId) -> Result<DirectoryRow, ScimFailure> {
    shared.engine.provisioned(id).await.map_err(|failure| missing_or(failure, "User"))
}

/// What is missing is told in the same words whatever was looked for.
pub(super) fn missing_or(failure: tenure_engine::EngineFailure, what: &str) -> ScimFailure {
    match failure {
        tenure_engine::EngineFailure::Store(tenure_engine::StoreFailure::Missing {
            noun: "member", ..
        }) => ScimFailure::bad("invalidValue", "a member is a person of this directory, by their id"),
        tenure_engine::EngineFailure::Store(tenure_engine::StoreFailure::Missing { .. }) => {
            ScimFailure::missing(what)
        }
        other => other.into(),
    }
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
        patch::apply(&document, &mut resource, USER_ATTRIBUTES)?;
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
        let row = found(shared, id).await?;
        if insisted.is_some_and(|version| version != row.version) {
            return Err(ScimFailure::moved());
        }
        let (given, active) = given(becomes(said(&row))?, row.active)?;
        let changed = shared.engine.change_provisioned(directory.by, (id, row.version), given, active).await;
        match changed.map_err(|failure| missing_or(failure, "User"))? {
            Provisioned::Done(row) => {
                return told(shared, directory, (StatusCode::OK, row), &Wanted::default()).await;
            }
            Provisioned::Taken => return Err(ScimFailure::taken("somebody else")),
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
    let removed = shared.engine.delete_provisioned(directory.by, id, insisted).await;
    match removed.map_err(|failure| missing_or(failure, "User"))? {
        Provisioned::Done(id) => {
            shared.sign_in.forget(id);
            Ok(StatusCode::NO_CONTENT)
        }
        Provisioned::Held => Err(ScimFailure::held()),
        Provisioned::Moved => Err(ScimFailure::moved()),
        Provisioned::Taken => Err(contended()),
    }
}
