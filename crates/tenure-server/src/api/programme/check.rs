//! `POST /api/v1/programme/check`: everything that is wrong with the files of a programme, by file and line.

use crate::api::prelude::*;
use tenure_engine::check_programme;
use tenure_judge::{ProgrammeFault, ProgrammeFiles};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/programme/check",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "Everything that is wrong with the files of a programme, by file and line; nothing where it can be applied.",
    query: &[],
    takes: Some("ProgrammeFilesRequest"),
    answers: Answers::Json(200, "ProgrammeChecked"),
    route: || post(handle),
};

/// The files of a programme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgrammeFilesRequest {
    pub(super) files: ProgrammeFiles,
}

#[derive(Serialize)]
struct ProgrammeChecked {
    faults: Vec<ProgrammeFault>,
}

async fn handle(
    asked: Asked,
    Body(request): Body<ProgrammeFilesRequest>,
) -> Result<Json<ProgrammeChecked>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    // Own policies are run on their examples: that takes a thread, and no other call waits for it.
    let checked = tokio::task::spawn_blocking(move || check_programme(&request.files)).await;
    let faults = checked.map_err(|_| Problem::ours())?;
    Ok(Json(ProgrammeChecked { faults }))
}
