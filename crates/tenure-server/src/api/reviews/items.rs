//! `GET /api/v1/reviews/{ref}/items`: one page of the items of a review, in their order.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{ReviewItemShown, ReviewItemsMeant};
use tenure_model::{ReviewAnswer, ReviewItemState};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/reviews/{ref}/items",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "Items of a review, in their order: all of them, or those in a `state`, of which Tenure `recommends` something when it looked last, or that are the caller's to decide (`mine=true`).",
    query: &[
        ("state", "text"),
        ("recommends", "text"),
        ("mine", "flag"),
        ("limit", "limit"),
        ("after", "text"),
    ],
    takes: None,
    answers: Answers::Json(200, "ReviewItemPage"),
    route: || get(handle),
};

/// What stands after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<ReviewItemState>,
    recommends: Option<ReviewAnswer>,
    mine: Option<bool>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<ReviewItemShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = size(wanted.limit)?;
    let after: Option<i64> = read_mark_of(wanted.after.as_deref())?;
    let review = super::found(&shared, &asked, &given).await?;
    let meant = ReviewItemsMeant {
        state: wanted.state,
        recommends: wanted.recommends,
        reviewer: (wanted.mine == Some(true)).then_some(asked.person.id),
    };
    let rows = shared.engine.review_items(&review.row, meant, after, i64::from(size) + 1).await?;
    Ok(Json(Page::cut(rows, size, |last| vec![last.row.number.to_string()])))
}
