//! `POST /api/v1/keys/{ring}/rotate`: a new current key; the old one keeps working beside it.

use super::ring_named;
use crate::api::prelude::*;
use tenure_engine::KeyShown;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/keys/{ring}/rotate",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::System },
    evidence: Some("key.rotated"),
    about: "Makes a new current key; the old one keeps working beside it until it is retired.",
    query: &[],
    takes: None,
    answers: Answers::Json(201, "Key"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(ring): Named<String>,
) -> Result<(StatusCode, Json<KeyShown>), Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    let key = shared.engine.rotate_key(actor, ring_named(&ring)?).await?;
    Ok((StatusCode::CREATED, Json(key)))
}
