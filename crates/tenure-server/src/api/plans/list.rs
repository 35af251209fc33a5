//! `GET /api/v1/plans`: plans, newest first.

use crate::api::prelude::*;
use tenure_engine::{PlanRow, Tx};

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

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(paging): Asking<Paging>,
) -> Result<Json<Page<PlanRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let rows = |tx: &mut Tx<'_>, before, most| tx.plans(before, most);
    paging.read(&shared, "plans", rows, |_, last, _| last.id.to_string()).await.map(Json)
}
