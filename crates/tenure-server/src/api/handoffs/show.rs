//! `GET /api/v1/handoffs/{ref}`: one handoff with everything that goes with it.

use crate::api::prelude::*;
use tenure_engine::HandoffShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/handoffs/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Handoff },
    evidence: None,
    about: "One handoff: stage, runbook, who uses it and where it lies, what is wrong, excepted, asked for and under way; what of that changed since it was offered; and the digest by which it is accepted.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Handoff"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<HandoffShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let row = super::found(&shared, &asked, &given).await?;
    Ok(Json(shared.engine.handoff_shown(&row).await?))
}
