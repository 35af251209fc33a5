//! `GET /api/v1/clocks`: what waits for people under a service level, and how long still.

use crate::api::prelude::*;
use tenure_engine::ClockShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/clocks",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Steps of requests, plans and exceptions that wait under a service level, the late ones first, each by when it is decided or passes on; with `late` only those that are late, with `of` only that of what is given by its id or short form.",
    query: &[("late", "flag"), ("of", "text"), ("limit", "limit")],
    takes: None,
    answers: Answers::Json(200, "ClockPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    late: bool,
    of: Option<String>,
    limit: Option<u32>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<ClockShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let most = i64::from(crate::page::size(wanted.limit)?);
    let read = if wanted.of.is_some() { i64::MAX } else { most };
    let mut rows = shared.engine.clocks(read).await?;
    // The late ones come first: what is cut off is late only where all before it is.
    rows.retain(|row| {
        let is_meant = wanted.of.as_ref().is_none_or(|of| row.handle == *of || row.subject == *of);
        is_meant && (!wanted.late || row.late.is_some())
    });
    Ok(Json(Page::whole(rows)))
}
