//! `GET /api/v1/exceptions/{ref}`: one exception, with all that counts when it is decided.

use crate::api::prelude::*;
use tenure_engine::ExceptionCase;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/exceptions/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "One exception: what is asked and by whom, what is wrong, former terms of the same condition, who may grant it, and the digest by which it is decided.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ExceptionCase"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<ExceptionCase>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let row = shared.engine.exception_row(&given).await?;
    Ok(Json(shared.engine.exception_case(row).await?))
}
