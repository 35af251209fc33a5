//! `GET /api/v1/programmes`: the programmes that were applied, the last one first.

use crate::api::prelude::*;
use tenure_engine::ProgrammeListed;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/programmes",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "The programmes that were applied, the last one first, at most 200.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ProgrammePage"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<ProgrammeListed>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(Page::whole(shared.engine.programmes().await?)))
}
