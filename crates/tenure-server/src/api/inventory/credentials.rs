//! `GET /api/v1/credentials`: every one that was ever seen, oldest first.

use crate::api::prelude::*;
use tenure_engine::{CredentialRow, Tx};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/credentials",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Credentials as they were last seen, oldest first.",
    query: &[("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "CredentialPage"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(paging): Asking<Paging>,
) -> Result<Json<Page<CredentialRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let rows = |tx: &mut Tx<'_>, after, most| tx.credentials_page(after, most);
    paging.read(&shared, "credentials", rows, |_, last, _| last.id.to_string()).await.map(Json)
}
