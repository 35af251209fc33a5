//! `POST /api/v1/delegations/{ref}/withdrawal`: ends a delegation that waits or counts.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::DelegationShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/delegations/{ref}/withdrawal",
    access: Access::Decided { action: ApiAction::Delegate, kind: ApiResourceKind::Delegation },
    evidence: Some("delegation.withdrawn"),
    about: "Ends a delegation before its time: either of the two, or an operator. What was decided by it and has not begun counts no more.",
    query: &[],
    takes: Some("DelegationWithdrawal"),
    answers: Answers::Json(200, "Delegation"),
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
) -> Result<Json<DelegationShown>, Problem> {
    let row = super::found(&shared, &asked, &given).await?;
    let actor = asked.authorise(super::party(&asked, &row))?;
    at_most("reason", &withdrawal.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.withdraw_delegation(actor, &row, &withdrawal.reason).await?))
}
