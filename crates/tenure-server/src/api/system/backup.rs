//! `POST /api/v1/backups`: a backup into a new directory of the machine Tenure runs on.
//!
//! Only for callers on that machine: whoever is elsewhere should not choose its paths.

use crate::api::prelude::*;
use std::path::PathBuf;
use tenure_engine::{BackupReport, EngineFailure};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/backups",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::System },
    evidence: Some("backup.made"),
    about: "Writes a backup into a new directory of this machine; only over the socket.",
    query: &[],
    takes: Some("BackupRequest"),
    answers: Answers::Json(201, "BackupReport"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupRequest {
    directory: PathBuf,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<BackupRequest>,
) -> Result<(StatusCode, Json<BackupReport>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    if !asked.local {
        return Err(Problem::denied("a backup is made from the machine Tenure runs on, over its socket"));
    }
    if !request.directory.is_absolute() {
        return Err(Problem::refused("`directory` is an absolute path of a directory that is not there yet"));
    }
    match shared.engine.backup(actor, &request.directory).await {
        Ok(report) => Ok((StatusCode::CREATED, Json(report))),
        // Here the path is the caller's own, and so is what is wrong with it.
        Err(EngineFailure::File { path, why }) => Err(Problem::refused(format!("{path}: {why}"))),
        Err(EngineFailure::Keys { why }) => {
            Err(Problem::refused(format!("the backup could not be written: {why}")))
        }
        Err(failure) => Err(failure.into()),
    }
}
