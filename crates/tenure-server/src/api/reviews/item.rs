//! `GET /api/v1/review-items/{ref}`: what whoever decides an item looks at.

use crate::api::prelude::*;
use tenure_engine::ToReview;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/review-items/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "One item of a review as it is now: charter, credentials, rights gained, last use, copies that were seen, findings, what Tenure recommends and why, whose turn it is, and the digest by which it is decided.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ToReview"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<ToReview>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let row = super::found_item(&shared, &asked, &given).await?;
    Ok(Json(shared.engine.to_review(row.id).await?))
}
