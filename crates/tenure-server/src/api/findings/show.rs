//! `GET /api/v1/findings/{ref}`: one open finding, and what it rests on now, to be given back by whoever dismisses it.

use crate::api::prelude::*;
use tenure_engine::FindingSeen;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/findings/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "One open finding, dismissed or not, with the digest of what it rests on now.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "FindingSeen"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<FindingSeen>, Problem> {
    let finding = super::viewed(&shared, &asked, &given).await?;
    let mut seen = shared.engine.look_at(vec![finding]).await?;
    seen.pop().map(Json).ok_or_else(|| Problem::missing("this finding is over already"))
}
