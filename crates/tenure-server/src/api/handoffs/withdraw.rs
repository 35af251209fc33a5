//! `POST /api/v1/handoffs/{ref}/withdrawal`: takes an offer back that waits.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::HandoffShown;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/handoffs/{ref}/withdrawal",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Handoff },
    evidence: Some("handoff.withdrawn"),
    about: "Takes an offer back: whoever made it, whoever has the share, or an operator.",
    query: &[],
    takes: Some("HandoffWithdrawal"),
    answers: Answers::Json(200, "Handoff"),
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
) -> Result<Json<HandoffShown>, Problem> {
    let row = super::found(&shared, &asked, &given).await?;
    let whose = super::party(&shared, &asked, &row).await?;
    let actor = asked.authorise_decision(DecisionRight::Own, whose)?;
    at_most("reason", &withdrawal.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.withdraw_handoff(actor, &row, &withdrawal.reason).await?))
}
