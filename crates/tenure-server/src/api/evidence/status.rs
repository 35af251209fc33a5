//! `GET /api/v1/evidence`: where the log stands, and the keys that verify it.

use crate::api::prelude::*;
use tenure_engine::LogStatus;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/evidence",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "Where the log stands, its signed checkpoint and the keys that verify it.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "LogStatus"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<LogStatus>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.log_status().await?))
}
