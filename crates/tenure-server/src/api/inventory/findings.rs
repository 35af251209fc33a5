//! `GET /api/v1/findings`: what is wrong now, worst first.
//!
//! Ordered by severity, so a mark is a position: a finding that opens meanwhile may move the rest.

use crate::api::prelude::*;
use tenure_engine::FindingRow;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/findings",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "What is wrong now, worst first.",
    query: &[("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "FindingPage"),
    route: || get(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<FindingRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = page::size(wanted.limit)?;
    let skip = i64::from(page::read_mark_of::<u32>(wanted.after.as_deref())?.unwrap_or(0));
    let rows = shared.engine.store();
    let rows = rows.read("findings", move |tx| tx.open_findings(skip, i64::from(size) + 1)).await?;
    Ok(Json(Page::cut(rows, size, |_| vec![(skip + i64::from(size)).to_string()])))
}
