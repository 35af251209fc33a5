//! `GET /api/v1/credentials`: every one that was ever seen, oldest first.

use super::rows::{self, Wanted};
use crate::api::{filter, prelude::*};
use tenure_engine::CredentialRow;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/credentials",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Credentials as they were last seen, oldest first; `q` filters as in the console.",
    query: &[("q", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "CredentialPage"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<CredentialRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let words = filter::credentials(wanted.q.as_deref().unwrap_or_default()).strict()?;
    let found = rows::credentials(&shared, words, wanted).await?;
    Ok(Json(found.map(|held| held.row)))
}
