//! `PUT /api/v1/delegations/{ref}/answer`: whom it was offered to accepts or declines.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::DelegationShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/delegations/{ref}/answer",
    access: Access::Decided { action: ApiAction::Delegate, kind: ApiResourceKind::Delegation },
    evidence: Some("delegation.accepted"),
    about: "Accepts a delegation: within its time the caller decides in the place of whoever offered it. Or declines it. Only whom it was offered to does either.",
    query: &[],
    takes: Some("DelegationAnswer"),
    answers: Answers::Json(200, "Delegation"),
    route: || put(handle),
};

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DelegationWord {
    /// They decide in the other's place, within its time.
    Accept,
    /// They do not.
    Decline,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DelegationAnswer {
    answer: DelegationWord,
    #[serde(default)]
    reason: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(answer): Body<DelegationAnswer>,
) -> Result<Json<DelegationShown>, Problem> {
    let row = super::found(&shared, &asked, &given).await?;
    let actor = asked.authorise(super::party(&asked, &row))?;
    at_most("reason", &answer.reason, SENTENCE_CHARS_MAX)?;
    let engine = &shared.engine;
    let answered = match answer.answer {
        DelegationWord::Accept => engine.accept_delegation(actor, &row).await?,
        DelegationWord::Decline => engine.decline_delegation(actor, &row, &answer.reason).await?,
    };
    Ok(Json(answered))
}
