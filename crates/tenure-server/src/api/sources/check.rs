//! `POST /api/v1/sources/{name}/check`: connects, and says what we can and cannot do there.

use crate::api::prelude::*;
use tenure_engine::CheckReport;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/sources/{name}/check",
    access: Access::Decided { action: ApiAction::Survey, kind: ApiResourceKind::Source },
    evidence: None,
    about: "Connects to a source and says what we can and cannot do there; changes nothing.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "CheckReport"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<CheckReport>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.check_source(&name).await?))
}
