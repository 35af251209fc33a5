//! `DELETE /api/v1/findings/{ref}/dismissal`: takes a dismissal back; the finding counts again.

use super::planned;
use crate::api::prelude::*;
use tenure_engine::FindingRow;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/findings/{ref}/dismissal",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Identity },
    evidence: Some("finding.dismissal_withdrawn"),
    about: "Takes a dismissal back: the finding counts again from now on.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Finding"),
    route: || delete(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<FindingRow>, Problem> {
    let (actor, finding) = planned(&shared, &asked, &given).await?;
    Ok(Json(shared.engine.withdraw_dismissal(actor, &finding).await?))
}
