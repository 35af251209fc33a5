//! `POST /api/v1/reviews/{ref}/cancellation`: gives a review up, with a reason.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::ReviewShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/reviews/{ref}/cancellation",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Review },
    evidence: Some("review.cancelled"),
    about: "Gives a review up: nothing of it is decided any more, and what was decided is not followed. That stays to be seen, with who and why. Nobody closes a review; it closes when everything that was decided is done.",
    query: &[],
    takes: Some("ReviewCancellation"),
    answers: Answers::Json(200, "Review"),
    route: || post(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancellation {
    reason: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(wish): Body<Cancellation>,
) -> Result<Json<ReviewShown>, Problem> {
    let review = super::found(&shared, &asked, &given).await?;
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("reason", &wish.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.cancel_review(actor, &review.row, &wish.reason).await?))
}
