//! `POST /api/v1/review-previews`: what a review would ask of whom.

use super::start::limited;
use crate::api::prelude::*;
use tenure_engine::{ReviewMeant, ReviewStart};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/review-previews",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Review },
    evidence: None,
    about: "Says how many identities a review would have, who would be asked about how many, how many have nobody whom a charter or the programme names, and how many wait in another review. Begins nothing.",
    query: &[],
    takes: Some("ReviewStart"),
    answers: Answers::Json(200, "ReviewMeant"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(start): Body<ReviewStart>,
) -> Result<Json<ReviewMeant>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    limited(&start)?;
    Ok(Json(shared.engine.preview_review(&start).await?))
}
