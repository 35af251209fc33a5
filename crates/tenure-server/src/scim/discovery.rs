//! What this server says of itself: its abilities, its kinds of resources, their schemas (RFC 7644, section 4).
//!
//! Read only; a filter on them is refused, as the standard asks. Next: `schema.rs`.

use super::{
    ScimFailure,
    door::Directory,
    failure::answer,
    listing::PAGE_MAX,
    schema::{GROUP, GROUP_ATTRIBUTES, USER, USER_ATTRIBUTES, served, served_of_itself},
};
use crate::api::prelude::*;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use serde_json::{Value, json};

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(crate) static ABILITIES: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/ServiceProviderConfig",
    access: Access::Provisioning,
    evidence: None,
    about: "What this SCIM server can do.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(abilities),
};

pub(crate) static TYPES: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/ResourceTypes",
    access: Access::Provisioning,
    evidence: None,
    about: "The kinds of resources: User and Group.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(types),
};

pub(crate) static ONE_TYPE: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/ResourceTypes/{id}",
    access: Access::Provisioning,
    evidence: None,
    about: "A kind of resources.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(one_type),
};

pub(crate) static SCHEMAS: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/Schemas",
    access: Access::Provisioning,
    evidence: None,
    about: "Which attributes are kept.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(schemas),
};

pub(crate) static ONE_SCHEMA: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/scim/v2/Schemas/{id}",
    access: Access::Provisioning,
    evidence: None,
    about: "The attributes of one schema.",
    query: &[],
    takes: None,
    answers: Answers::Scim(200),
    route: || get(one_schema),
};

async fn abilities(directory: Directory) -> Response {
    let unsupported = json!({ "supported": false });
    let document = json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": PAGE_MAX },
        "changePassword": unsupported,
        "sort": unsupported,
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Provisioning token", "primary": true,
            "description": "A token that an administrator makes with `tenure people scim-token`.",
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig", "location": format!("{}/ServiceProviderConfig", directory.base),
        },
    });
    answer(StatusCode::OK, &document)
}

fn all_types(base: &str) -> Vec<(&'static str, Value)> {
    [
        ("User", "/Users", USER, "People of the directory"),
        ("Group", "/Groups", GROUP, "Teams of the directory"),
    ]
    .map(|(name, endpoint, schema, about)| {
        let meta =
            json!({ "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") });
        let document = json!({
            "schemas": [TYPE], "id": name, "name": name, "endpoint": endpoint, "schema": schema,
            "description": about, "schemaExtensions": [], "meta": meta,
        });
        (name, document)
    })
    .into()
}

fn all_schemas(base: &str) -> Vec<(&'static str, Value)> {
    let own = [
        (USER, "User", "A person of the directory", served(USER_ATTRIBUTES)),
        (GROUP, "Group", "A team of the directory", served(GROUP_ATTRIBUTES)),
    ];
    let of_itself = [(CONFIG, "ServiceProviderConfig"), (TYPE, "ResourceType"), (SCHEMA, "Schema")]
        .map(|(id, name)| (id, name, "What this server says of itself", served_of_itself(name)));
    let shown = |(id, name, about, attributes): (&'static str, &str, &str, Value)| {
        let meta = json!({ "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") });
        let document = json!({
            "schemas": [SCHEMA], "id": id, "name": name, "description": about, "attributes": attributes, "meta": meta,
        });
        (id, document)
    };
    own.into_iter().chain(of_itself).map(shown).collect()
}

fn listed(query: Option<&str>, all: Vec<(&'static str, Value)>) -> Result<Response, ScimFailure> {
    let asked = query.unwrap_or_default().split('&');
    if asked.filter_map(|part| part.split('=').next()).any(|name| name.eq_ignore_ascii_case("filter")) {
        return Err(ScimFailure::new(StatusCode::FORBIDDEN, None, "this list is not filtered"));
    }
    let all: Vec<Value> = all.into_iter().map(|(_, document)| document).collect();
    let document = json!({
        "schemas": [LIST], "totalResults": all.len(), "startIndex": 1, "itemsPerPage": all.len(), "Resources": all,
    });
    Ok(answer(StatusCode::OK, &document))
}

fn one(id: &str, all: Vec<(&'static str, Value)>, what: &str) -> Result<Response, ScimFailure> {
    let found = all.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
    found.map(|(_, document)| answer(StatusCode::OK, &document)).ok_or_else(|| ScimFailure::missing(what))
}

async fn types(directory: Directory, RawQuery(query): RawQuery) -> Result<Response, ScimFailure> {
    listed(query.as_deref(), all_types(&directory.base))
}

async fn one_type(directory: Directory, Path(id): Path<String>) -> Result<Response, ScimFailure> {
    one(&id, all_types(&directory.base), "ResourceType")
}

async fn schemas(directory: Directory, RawQuery(query): RawQuery) -> Result<Response, ScimFailure> {
    listed(query.as_deref(), all_schemas(&directory.base))
}

async fn one_schema(directory: Directory, Path(id): Path<String>) -> Result<Response, ScimFailure> {
    one(&id, all_schemas(&directory.base), "Schema")
}
