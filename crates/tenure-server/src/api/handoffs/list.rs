//! `GET /api/v1/handoffs`: those that wait, or those that are over.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{HandoffLine, HandoffsMeant};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/handoffs",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Handoff },
    evidence: None,
    about: "Handoffs: with `state` `offered` (unless said) those that wait, by their end; `over` the others, last first.",
    query: &[("state", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "HandoffPage"),
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
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Offered,
    Over,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<HandoffLine>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let meant = match wanted.state {
        Some(Which::Offered) | None => HandoffsMeant::Offered,
        Some(Which::Over) => HandoffsMeant::Over,
    };
    let size = size(wanted.limit)?;
    let skip: u32 = read_mark_of(wanted.after.as_deref())?.unwrap_or(0);
    let rows = shared.engine.handoffs(meant, skip, i64::from(size) + 1).await?;
    Ok(Json(Page::cut(rows, size, |_| vec![skip.saturating_add(size).to_string()])))
}
