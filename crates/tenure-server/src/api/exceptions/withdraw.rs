//! `POST /api/v1/exceptions/{ref}/withdrawal`: takes an exception back, whether it waits or stands.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::ExceptionShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/exceptions/{ref}/withdrawal",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Identity },
    evidence: Some("exception.withdrawn"),
    about: "Takes an exception back: what waits is not decided any more, and what stands counts again from now on.",
    query: &[],
    takes: Some("ExceptionWithdrawal"),
    answers: Answers::Json(200, "Exception"),
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
) -> Result<Json<ExceptionShown>, Problem> {
    let (row, identity) = super::found(&shared, &asked, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    at_most("reason", &withdrawal.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.withdraw_exception(actor, &row, &withdrawal.reason).await?))
}
