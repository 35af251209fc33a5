//! `GET /api/v1/plans`: plans, newest first.

use crate::api::prelude::*;
use tenure_engine::PlanRow;
use tenure_model::PlanId;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/plans",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Plan },
    evidence: None,
    about: "Plans, newest first.",
    query: &[("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "PlanPage"),
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
) -> Result<Json<Page<PlanRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = page::size(wanted.limit)?;
    let before: Option<PlanId> = page::read_mark_of(wanted.after.as_deref())?;
    let rows = shared.engine.store().read("plans", move |tx| tx.plans(before, i64::from(size) + 1)).await?;
    Ok(Json(Page::cut(rows, size, |last| vec![last.id.to_string()])))
}
