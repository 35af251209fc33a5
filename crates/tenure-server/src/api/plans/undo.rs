//! `POST /api/v1/plans/{ref}/undo`: takes a plan back, until its removal has begun.

use super::find;
use crate::api::prelude::*;
use tenure_engine::PlanShown;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/plans/{ref}/undo",
    access: Access::Decided { action: ApiAction::Apply, kind: ApiResourceKind::Plan },
    evidence: Some("plan.undo_asked"),
    about: "Takes a plan back, as long as its removal has not begun.",
    query: &[],
    takes: None,
    answers: Answers::Json(202, "PlanShown"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<(StatusCode, Json<PlanShown>), Problem> {
    let (shown, charter) = find(&shared, &given).await?;
    let actor = asked.authorise_decision(DecisionRight::Disable, Whose::Chartered(&charter))?;
    Ok((StatusCode::ACCEPTED, Json(shared.engine.undo(actor, &shown.plan.id.to_string()).await?)))
}
