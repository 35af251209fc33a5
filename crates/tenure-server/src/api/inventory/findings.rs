//! `GET /api/v1/findings`: what is wrong now, worst first.
//!
//! Ordered by severity, so a mark is a position: a finding that opens meanwhile may move the rest.

use crate::api::prelude::*;
use tenure_engine::{FindingRow, Tx};

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

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(paging): Asking<Paging>,
) -> Result<Json<Page<FindingRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let rows = |tx: &mut Tx<'_>, skip: Option<u32>, most| tx.open_findings(skip.unwrap_or(0).into(), most);
    let mark = |skip: Option<u32>, _: &FindingRow, size| skip.unwrap_or(0).saturating_add(size).to_string();
    paging.read(&shared, "findings", rows, mark).await.map(Json)
}
