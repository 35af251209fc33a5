//! `POST /api/v1/plans/{ref}/withdraw`: withdraws a plan that has not begun.

use super::find;
use crate::api::prelude::*;
use tenure_engine::PlanShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/plans/{ref}/withdraw",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Plan },
    evidence: Some("plan.withdrawn"),
    about: "Withdraws a plan that has not begun.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PlanShown"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<PlanShown>, Problem> {
    let (shown, charter) = find(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&charter))?;
    Ok(Json(shared.engine.withdraw(actor, &shown.plan.id.to_string()).await?))
}
