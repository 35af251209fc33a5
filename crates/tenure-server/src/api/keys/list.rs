//! `GET /api/v1/keys`: every key, ring by ring, without the keys.

use crate::api::prelude::*;
use tenure_engine::KeyShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/keys",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "Every key by its id, ring by ring, newest first.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "[Key]"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Vec<KeyShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.list_keys()))
}
