//! `GET /api/v1/as-of/sample`: identities drawn by a seed, so that anybody draws them again.

use crate::api::prelude::*;
use tenure_engine::Sample;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/as-of/sample",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "Identities drawn from those that Tenure knew at a day or an instant, built-in ones apart: the `size` of which SHA-256 of the seed, a line feed and the id is lowest, in that order.",
    query: &[("at", "text"), ("seed", "text"), ("size", "number")],
    takes: None,
    answers: Answers::Json(200, "Sample"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    at: String,
    seed: String,
    size: usize,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Sample>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let at = shared.engine.past_instant(&wanted.at).await?;
    Ok(Json(shared.engine.sample(at, wanted.seed, wanted.size).await?))
}
