//! `GET /api/v1/delegations/{ref}`: one delegation with what was decided by it.

use crate::api::prelude::*;
use tenure_engine::DelegationShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/delegations/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Delegation },
    evidence: None,
    about: "One delegation: in whose place, who decides, what, from when until when, how it ended, and the last 100 things that were decided by it.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Delegation"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<DelegationShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let row = super::found(&shared, &asked, &given).await?;
    Ok(Json(shared.engine.delegation_shown(&row).await?))
}
