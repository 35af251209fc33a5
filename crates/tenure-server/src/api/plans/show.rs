//! `GET /api/v1/plans/{ref}`: a plan with its steps, observations, decisions and evidence.

use super::{find, whose};
use crate::api::prelude::*;
use tenure_engine::PlanShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/plans/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Plan },
    evidence: None,
    about: "A plan with its steps, observations, decisions and evidence.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PlanShown"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<PlanShown>, Problem> {
    let (plan, charter) = find(&shared, &given).await?;
    asked.authorise(whose(&shared, &asked, (&plan, &charter)).await?)?;
    Ok(Json(plan))
}
