//! `POST /api/v1/plans/{ref}/apply`: approves a plan that was looked at, and lets it begin.

use super::{find, or_by_hand};
use crate::api::prelude::*;
use tenure_engine::PlanShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/plans/{ref}/apply",
    access: Access::Decided { action: ApiAction::Apply, kind: ApiResourceKind::Plan },
    evidence: Some("plan.approved"),
    about: "Approves a plan that was looked at, and lets it begin; `digest` is what was looked at.",
    query: &[],
    takes: Some("ApplyRequest"),
    answers: Answers::Json(202, "PlanShown"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyRequest {
    digest: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(request): Body<ApplyRequest>,
) -> Result<(StatusCode, Json<PlanShown>), Problem> {
    let (shown, charter) = find(&shared, &given).await?;
    let actor = asked.authorise_decision(shown.plan.kind.decided_by(), Whose::Chartered(&charter))?;
    let applied = shared.engine.apply(actor, &shown.plan.id.to_string(), Some(&request.digest)).await;
    Ok((StatusCode::ACCEPTED, Json(applied.map_err(|failure| or_by_hand(failure, shown.plan.identity))?)))
}
