//! `GET /api/v1/review-items`: what waits for the caller's decision.

use crate::api::prelude::*;
use tenure_engine::ReviewItemShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/review-items",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "Items of open reviews that wait for the caller, by their end: those that are theirs, and of operators and administrators those too that are asked of no one in particular.",
    query: &[("limit", "limit")],
    takes: None,
    answers: Answers::Json(200, "ReviewItemPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    limit: Option<u32>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<ReviewItemShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let (person, role) = (asked.person.id, asked.person.role);
    let most = i64::from(crate::page::size(wanted.limit)?);
    let rows = shared.engine.review_items_of(person, role, most).await?;
    Ok(Json(Page::whole(rows)))
}
