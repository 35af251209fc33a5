//! `GET /api/v1/principals`: every one that was ever seen, by name.

use super::rows::{self, Wanted};
use crate::api::{filter, prelude::*};
use tenure_engine::PrincipalRow;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/principals",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Principals as they were last seen, by name; `q` filters as in the console.",
    query: &[("q", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "PrincipalPage"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<PrincipalRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let words = wanted.q.as_deref().map(|q| filter::principals(q).strict()).transpose()?;
    let found = rows::principals(&shared, words, wanted).await?;
    Ok(Json(found.map(|held| held.row)))
}
