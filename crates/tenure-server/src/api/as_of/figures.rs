//! `GET /api/v1/as-of`: how many of what there was, and what the log holds of that day.

use super::At;
use crate::api::prelude::*;
use tenure_engine::AsOf;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/as-of",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "How many identities of each standing, open findings and exceptions there were at a day (its last instant in UTC) or an instant, which programme was in force, and the digest that the log holds of that day's population.",
    query: &[("at", "text")],
    takes: None,
    answers: Answers::Json(200, "AsOf"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<At>,
) -> Result<Json<AsOf>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let at = shared.engine.past_instant(&wanted.at).await?;
    Ok(Json(shared.engine.as_of(at).await?))
}
