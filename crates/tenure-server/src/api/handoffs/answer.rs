//! `PUT /api/v1/handoffs/{ref}/answer`: whom it was offered to accepts or declines.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::HandoffShown;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/handoffs/{ref}/answer",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Handoff },
    evidence: Some("handoff.accepted"),
    about: "Accepts a handoff as it was shown, with its digest: from then on the caller answers for the identity. Or declines it, with a reason. Only whom it was offered to does either.",
    query: &[],
    takes: Some("HandoffAnswer"),
    answers: Answers::Json(200, "Handoff"),
    route: || put(handle),
};

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HandoffWord {
    /// They answer for it from now on.
    Accept,
    /// It stays with whoever answers for it.
    Decline,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandoffAnswer {
    answer: HandoffWord,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    reason: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(answer): Body<HandoffAnswer>,
) -> Result<Json<HandoffShown>, Problem> {
    let row = super::found(&shared, &asked, &given).await?;
    let whose = super::party(&shared, &asked, &row).await?;
    let actor = asked.authorise_decision(DecisionRight::Own, whose)?;
    at_most("reason", &answer.reason, SENTENCE_CHARS_MAX)?;
    let engine = &shared.engine;
    let answered = match answer.answer {
        HandoffWord::Accept => engine.accept_handoff(actor, &row, &answer.digest).await?,
        HandoffWord::Decline => engine.decline_handoff(actor, &row, &answer.reason).await?,
    };
    Ok(Json(answered))
}
