//! `GET /api/v1/principals`: every one that was ever seen, oldest first.

use crate::api::prelude::*;
use tenure_engine::{PrincipalRow, Tx};

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

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(paging): Asking<Paging>,
) -> Result<Json<Page<PrincipalRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let rows = |tx: &mut Tx<'_>, after, most| tx.principals_page(after, most);
    paging.read(&shared, "principals", rows, |_, last, _| last.id.to_string()).await.map(Json)
}
