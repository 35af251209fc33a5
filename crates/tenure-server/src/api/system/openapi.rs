//! `GET /api/v1/openapi.json`: this API, described for machines.

use crate::api::prelude::*;
use crate::openapi;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/openapi.json",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "This API, described for machines (OpenAPI 3.1).",
    query: &[],
    takes: None,
    answers: Answers::Bytes("application/json"),
    route: || get(handle),
};

async fn handle(asked: Asked) -> Result<impl IntoResponse, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], openapi::document()))
}
