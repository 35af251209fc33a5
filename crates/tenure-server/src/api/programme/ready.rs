//! `GET /api/v1/programme/check`: whether the people of each control in force are there and can be reached.

use crate::api::prelude::*;
use tenure_engine::ProgrammeChecked;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/programme/check",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "What the check says of every control of the programme in force, and when whoever it names said that messages reach them. Nothing is begun by itself for a control that is not ready.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ProgrammeReadiness"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<ProgrammeChecked>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.check_in_force().await?))
}
