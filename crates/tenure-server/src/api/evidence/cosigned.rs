//! `GET /api/v1/evidence/cosignatures`: checkpoints of the log that witnesses signed too.

use crate::api::prelude::*;
use tenure_engine::Cosigned;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/evidence/cosignatures",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "Checkpoints of the log that witnesses signed too, the largest tree first.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "[Cosigned]"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Vec<Cosigned>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.cosigned().await?))
}
