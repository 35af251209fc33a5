//! `GET /api/v1/findings/{ref}/beside`: what is mended together with one finding, as the queue puts it together.

use crate::api::prelude::*;
use tenure_engine::FindingsBeside;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/findings/{ref}/beside",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Findings that count, of the same policy with the same cause, each with the digest of what it rests on; at most 200.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "FindingsBeside"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<FindingsBeside>, Problem> {
    let finding = super::viewed(&shared, &asked, &given).await?;
    Ok(Json(shared.engine.findings_beside(&finding).await?))
}
