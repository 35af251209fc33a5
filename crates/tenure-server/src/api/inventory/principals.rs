//! `GET /api/v1/principals`: every one that was ever seen, oldest first.

use crate::api::prelude::*;
use tenure_engine::PrincipalRow;
use tenure_model::PrincipalId;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/principals",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Principals as they were last seen, oldest first.",
    query: &[("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "PrincipalPage"),
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
) -> Result<Json<Page<PrincipalRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = page::size(wanted.limit)?;
    let after: Option<PrincipalId> = page::read_mark_of(wanted.after.as_deref())?;
    let rows = shared.engine.store();
    let rows = rows.read("principals", move |tx| tx.principals_page(after, i64::from(size) + 1)).await?;
    Ok(Json(Page::cut(rows, size, |last| vec![last.id.to_string()])))
}
