//! `PUT /api/v1/requests/{ref}/decision`: decides the step that is the asker's.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{RequestDecision, RequestShown};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/requests/{ref}/decision",
    access: Access::Decided { action: ApiAction::Approve, kind: ApiResourceKind::Request },
    evidence: Some("request.decided"),
    about: "Decides the step of a request that is the caller's, as it was shown: with its digest. Nobody decides what they asked for, nor two steps; who decides is the programme's `[[approvals.rule]]`. With the last step it may be used.",
    query: &[],
    takes: Some("RequestDecision"),
    answers: Answers::Json(200, "Request"),
    route: || put(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(decision): Body<RequestDecision>,
) -> Result<Json<RequestShown>, Problem> {
    let row = super::found(&shared, &asked, &given).await?;
    let charter = shared.engine.request_charter(&row).await?;
    let whose = super::whose(&shared, &asked, (&row, &charter)).await?;
    let actor = asked.authorise_decision(DecisionRight::Create, whose)?;
    at_most("reason", &decision.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.decide_request(actor, &row, decision).await?))
}
