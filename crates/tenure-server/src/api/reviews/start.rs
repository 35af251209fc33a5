//! `POST /api/v1/reviews`: begins a review.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{ReviewShown, ReviewStart};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/reviews",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Review },
    evidence: Some("review.started"),
    about: "Begins a review of every enrolled identity that a rule means and that is there; who they are is fixed by this. One that means nobody is refused, and what waits in another review is left to it.",
    query: &[],
    takes: Some("ReviewStart"),
    answers: Answers::Json(201, "Review"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(start): Body<ReviewStart>,
) -> Result<(StatusCode, Json<ReviewShown>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    limited(&start)?;
    Ok((StatusCode::CREATED, Json(shared.engine.start_review(actor, start).await?)))
}

/// Refuses what is longer than anybody reads.
pub(crate) fn limited(start: &ReviewStart) -> Result<(), Problem> {
    at_most("rule", &start.rule, SENTENCE_CHARS_MAX)?;
    at_most("reason", &start.reason, SENTENCE_CHARS_MAX)
}
