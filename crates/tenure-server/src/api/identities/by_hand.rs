//! `GET /api/v1/identities/{ref}/by-hand`: the system's own commands, when Tenure cannot write.

use super::find;
use crate::api::prelude::*;
use tenure_engine::ByHand;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/identities/{ref}/by-hand",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The commands that end an identity by hand, source by source, in order; nothing is done or recorded.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "[ByHand]"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<Vec<ByHand>>, Problem> {
    let identity = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    Ok(Json(shared.engine.by_hand(&identity.id.to_string()).await?))
}
