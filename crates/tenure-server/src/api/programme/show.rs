//! `GET /api/v1/programme`: the programme in force, and how many identities are of each of its classes.

use crate::api::prelude::*;
use tenure_engine::ProgrammeShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/programme",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "The programme in force: its classes with how many identities are of each, its policies, and how many identities wait to be judged by it.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ProgrammeShown"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<ProgrammeShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.programme_shown().await?))
}
