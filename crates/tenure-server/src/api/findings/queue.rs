//! `GET /api/v1/queue`: what to do first. Findings of one policy with one cause are one thing to do.

use crate::api::prelude::*;
use crate::page::size;
use tenure_engine::{FindingsMeant, Queue};

/// Things to do when nothing is said.
const FIRST: u32 = 5;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/queue",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "What to do first: worst, then new, then by policy and name; what is mended in one place is one. Five unless said.",
    query: &[("limit", "limit"), ("new", "flag")],
    takes: None,
    answers: Answers::Json(200, "Queue"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    limit: Option<u32>,
    new: Option<bool>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Queue>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let most = size(Some(wanted.limit.unwrap_or(FIRST)))?;
    let meant = if wanted.new == Some(true) { FindingsMeant::New } else { FindingsMeant::Counted };
    Ok(Json(shared.engine.queue(meant, most).await?))
}
