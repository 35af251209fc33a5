//! `POST /api/v1/people/{name}/token`: a further bearer token, shown once, with an end.

use crate::api::prelude::*;
use tenure_engine::IssuedToken;
use tenure_model::Instant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people/{name}/token",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.token_issued"),
    about: "A further bearer token for a person, shown once; it lasts `days`, 90 when nothing is said, at most 365.",
    query: &[("days", "number")],
    takes: None,
    answers: Answers::SecretJson(201, "Token"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lasting {
    days: Option<u16>,
}

#[derive(Serialize)]
struct Issued {
    token: String,
    handle: String,
    ends: Instant,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Asking(Lasting { days }): Asking<Lasting>,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let IssuedToken { token, shown } = shared.engine.issue_token(actor, &name, days).await?;
    let token = token.expose().clone();
    Ok((StatusCode::CREATED, Json(Issued { token, handle: shown.handle, ends: shown.ends })))
}
