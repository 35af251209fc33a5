//! `GET /api/v1/report`: the state of the deployment as one document, bounded, from one snapshot.

use crate::api::prelude::*;
use tenure_engine::Report;
use tenure_model::Instant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/report",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "The state of the deployment on one sheet, with the signed head of the log; `since` adds what happened since.",
    query: &[("since", "instant")],
    takes: None,
    answers: Answers::Json(200, "Report"),
    route: || get(handle),
};

/// Since when changes are counted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    pub(crate) since: Option<Instant>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(since): Asking<Since>,
) -> Result<Json<Report>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.report(since.since).await?))
}
