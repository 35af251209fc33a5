//! `/api/v1/provisioning-tokens`: tokens by which a directory changes its people and teams here, and nothing else.

use crate::api::prelude::*;
use tenure_engine::{IssuedToken, TokenShown};
use tenure_model::Instant;

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/provisioning-tokens",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: None,
    about: "Provisioning tokens by their end, never a value.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "TokenPage"),
    route: || get(list),
};

pub(crate) static MAKE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/provisioning-tokens",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("provisioning.token_issued"),
    about: "A further provisioning token, shown once; it lasts `days`, 90 when nothing is said, at most 365.",
    query: &[("days", "number")],
    takes: None,
    answers: Answers::SecretJson(201, "Token"),
    route: || post(make),
};

pub(crate) static REVOKE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/provisioning-tokens/{ref}",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("provisioning.token_revoked"),
    about: "Takes a provisioning token away, by its handle.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(revoke),
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

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<TokenShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(Page::whole(shared.engine.provisioning_tokens().await?)))
}

async fn make(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(Lasting { days }): Asking<Lasting>,
) -> Result<(StatusCode, Json<Issued>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let IssuedToken { token, shown } = shared.engine.issue_provisioning_token(actor, days).await?;
    let token = token.expose().clone();
    Ok((StatusCode::CREATED, Json(Issued { token, handle: shown.handle, ends: shown.ends })))
}

async fn revoke(
    State(shared): State<Shared>,
    asked: Asked,
    Named(which): Named<String>,
) -> Result<StatusCode, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    shared.engine.revoke_provisioning_token(actor, &which).await?;
    Ok(StatusCode::NO_CONTENT)
}
