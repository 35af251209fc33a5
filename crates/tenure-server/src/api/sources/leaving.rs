//! `GET /api/v1/sources/{name}/leaving`: what would follow if a source were removed. Changes nothing.

use crate::api::prelude::*;
use tenure_engine::SourceLeaving;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/sources/{name}/leaving",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Source },
    evidence: None,
    about: "What would follow if a source were removed: identities that nothing shows then, their findings, open plans.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "SourceLeaving"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<SourceLeaving>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.source_leaving(&name).await?))
}
