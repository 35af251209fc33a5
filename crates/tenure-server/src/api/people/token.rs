//! `POST /api/v1/people/{name}/token`: a new bearer token, shown once. The former no longer counts.

use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people/{name}/token",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.token_issued"),
    about: "A new bearer token for a person, shown once; the former no longer counts.",
    query: &[],
    takes: None,
    answers: Answers::SecretJson(201, "Token"),
    route: || post(handle),
};

#[derive(Serialize)]
struct Token {
    token: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let token = shared.engine.issue_token(actor, &name).await?;
    Ok((StatusCode::CREATED, Json(Token { token: token.expose().clone() })))
}
