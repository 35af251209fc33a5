//! `GET /api/v1/people/{name}/leaving`: what would follow if a person were removed. Changes nothing.

use crate::api::prelude::*;
use tenure_engine::PersonLeaving;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/people/{name}/leaving",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "What would follow if a person were removed: what they answer for, and approvals that would not count.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PersonLeaving"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<PersonLeaving>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.leaving(actor.person, &name).await?))
}
