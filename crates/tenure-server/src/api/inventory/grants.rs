//! `GET /api/v1/grants`: every right that is held, holder by holder.

use super::rows::{self, Wanted};
use crate::api::{filter, prelude::*};
use tenure_engine::HeldGrant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/grants",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Rights as they were last seen, holder by holder; `q` filters as in the console.",
    query: &[("q", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "HeldGrantPage"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<HeldGrant>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let words = filter::grants(wanted.q.as_deref().unwrap_or_default()).strict()?;
    let found = rows::grants(&shared, words, wanted).await?;
    Ok(Json(found.map(|held| held.row)))
}
