//! `POST /api/v1/requests/{ref}/withdrawal`: takes a request back that is not over.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::RequestShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/requests/{ref}/withdrawal",
    access: Access::Decided { action: ApiAction::Request, kind: ApiResourceKind::Request },
    evidence: Some("request.withdrawn"),
    about: "Takes a request back: it is not decided any more, and what was approved may not be used. Whoever asked may, and whoever may decide any.",
    query: &[],
    takes: Some("RequestWithdrawal"),
    answers: Answers::Json(200, "Request"),
    route: || post(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    #[serde(default)]
    reason: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(withdrawal): Body<Withdrawal>,
) -> Result<Json<RequestShown>, Problem> {
    let row = super::found(&shared, &asked, &given).await?;
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("reason", &withdrawal.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.withdraw_request(actor, &row, &withdrawal.reason).await?))
}
