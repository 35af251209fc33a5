//! `POST /api/v1/review-items/{ref}/alike`: decides every item that nothing tells apart from one.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most};
use tenure_engine::ReviewGroupWish;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/review-items/{ref}/alike",
    access: Access::Decided { action: ApiAction::Approve, kind: ApiResourceKind::Review },
    evidence: Some("review.decided"),
    about: "Keeps or rotates every open item of the same review that has the same likeness: class, kinds, environment, owners, credentials, rights by name, findings, and the recommendation with its reasons. All of them or none, as many as were shown.",
    query: &[],
    takes: Some("ReviewGroupWish"),
    answers: Answers::Json(200, "ReviewAlikeDecided"),
    route: || post(handle),
};

/// How many were decided.
#[derive(Debug, Serialize)]
struct Decided {
    count: i64,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(wish): Body<ReviewGroupWish>,
) -> Result<Json<Decided>, Problem> {
    let row = super::found_item(&shared, &asked, &given).await?;
    let actor = super::deciding(&shared, &asked, &row).await?;
    at_most("reason", &wish.reason, SENTENCE_CHARS_MAX)?;
    at_most("likeness", &wish.likeness, NAME_CHARS_MAX)?;
    let review = shared.engine.review(&row.review.to_string()).await?;
    let count = shared.engine.decide_review_alike(actor, &review.row, wish).await?;
    Ok(Json(Decided { count }))
}
