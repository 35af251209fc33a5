//! `GET /api/v1/exceptions/figures`: how many, how old, how often renewed, and how much of each control.

use crate::api::prelude::*;
use tenure_engine::ExceptionFigures;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/exceptions/figures",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Exceptions as figures: how many wait and stand, the oldest, how many were renewed or end within 14 days, identities excepted among those enrolled, and controls of which more is excepted than the programme lets be.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ExceptionFigures"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<ExceptionFigures>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.exception_figures().await?))
}
