//! `GET /api/v1/sources/{name}/baseline`: from when on what appears there is news, and how much is.

use crate::api::prelude::*;
use tenure_engine::Baseline;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/sources/{name}/baseline",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Source },
    evidence: None,
    about: "When the baseline of a source was set, and how many findings are new since. Changes nothing.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Baseline"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<Baseline>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.baseline(&name).await?))
}
