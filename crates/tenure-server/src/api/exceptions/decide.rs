//! `PUT /api/v1/exceptions/{ref}/decision`: grants or refuses what waits.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{ExceptionDecision, ExceptionShown};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/exceptions/{ref}/decision",
    access: Access::Decided { action: ApiAction::Approve, kind: ApiResourceKind::Identity },
    evidence: Some("exception.granted"),
    about: "Grants or refuses an exception that waits, as it was shown: with its digest. Nobody grants what they asked for; who may is the programme's `[exceptions]`.",
    query: &[],
    takes: Some("ExceptionDecision"),
    answers: Answers::Json(200, "Exception"),
    route: || put(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(decision): Body<ExceptionDecision>,
) -> Result<Json<ExceptionShown>, Problem> {
    let (row, identity) = super::found(&shared, &asked, &given).await?;
    let actor = asked.authorise_decision(DecisionRight::Except, Whose::Chartered(&identity.charter))?;
    at_most("reason", &decision.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.decide_exception(actor, &row, decision).await?))
}
