//! `GET /api/v1/doctor`: what is well, what is not, and what to do about it.

use crate::api::prelude::*;
use tenure_engine::Check;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/doctor",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "Every check, with what to do where something is not well.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "[Check]"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Vec<Check>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.doctor().await?))
}
