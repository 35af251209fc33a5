//! `GET /api/v1/plans/{ref}/evidence`: everything recorded about a plan, as a file (`tenure-export/1`).

use super::find;
use crate::api::evidence::as_file;
use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/plans/{ref}/evidence",
    access: Access::Decided { action: ApiAction::ExportEvidence, kind: ApiResourceKind::Plan },
    evidence: None,
    about: "Everything recorded about a plan, as a file that verifies offline.",
    query: &[],
    takes: None,
    answers: Answers::Bytes("application/octet-stream"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<impl IntoResponse, Problem> {
    let (shown, charter) = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&charter))?;
    let export = shared.engine.export_plan(shown.plan.id).await?;
    Ok(as_file(&format!("plan-{}.tenure", shown.plan.handle), export.bytes))
}
