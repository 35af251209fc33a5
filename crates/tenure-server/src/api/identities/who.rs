//! `GET /api/v1/identities/{ref}/who`: somebody who can be reached now and may stop an identity, and why they.

use super::find;
use crate::api::prelude::*;
use tenure_engine::Who;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/identities/{ref}/who",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Who can be reached now and may stop an identity, in the order in which they are asked, and why they; never empty.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Who"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<Who>, Problem> {
    let identity = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    Ok(Json(shared.engine.who(&identity.id.to_string()).await?))
}
