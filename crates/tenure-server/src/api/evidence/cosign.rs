//! `POST /api/v1/evidence/cosignatures`: keeps a checkpoint of ours that a witness signed too.

use crate::api::prelude::*;
use tenure_engine::EngineFailure;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/evidence/cosignatures",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Evidence },
    evidence: Some("log.cosigned"),
    about: "Keeps a checkpoint of this log that witnesses signed too; exports then carry it.",
    query: &[],
    takes: Some("CosignedRequest"),
    answers: Answers::Json(201, "Witnesses"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CosignedRequest {
    checkpoint: String,
}

#[derive(Serialize)]
struct Witnesses {
    witnesses: Vec<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<CosignedRequest>,
) -> Result<(StatusCode, Json<Witnesses>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    match shared.engine.keep_cosigned(actor, &request.checkpoint).await {
        Ok(witnesses) => Ok((StatusCode::CREATED, Json(Witnesses { witnesses }))),
        // Here the note is the caller's own, and so is what is wrong with it.
        Err(EngineFailure::Evidence { why }) => {
            Err(Problem::refused(format!("this is not a checkpoint: {why}")))
        }
        Err(failure) => Err(failure.into()),
    }
}
