//! `GET /api/v1/reviews`: those that are open, or those that are over.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::ReviewShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/reviews",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "Reviews, the last first: with `state` `open` (unless said) those that wait for something, `over` the others.",
    query: &[("state", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "ReviewPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<Which>,
    limit: Option<u32>,
    after: Option<String>,
}

/// Which are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Open,
    Over,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<ReviewShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = size(wanted.limit)?;
    let skip: u32 = read_mark_of(wanted.after.as_deref())?.unwrap_or(0);
    let open = wanted.state != Some(Which::Over);
    let rows = shared.engine.reviews(open, skip, i64::from(size) + 1).await?;
    Ok(Json(Page::cut(rows, size, |_| vec![skip.saturating_add(size).to_string()])))
}
