//! `GET /api/v1/identities/{ref}`: everything about one identity, opened by the three questions.

use super::find;
use crate::api::prelude::*;
use tenure_engine::IdentityShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/identities/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Everything about one identity, opened by the three questions.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "IdentityShown"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<IdentityShown>, Problem> {
    let identity = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    Ok(Json(shared.engine.show(&identity.id.to_string()).await?))
}
