//! `POST /api/v1/programme/plan`: what a programme would change, before anything is applied.
//!
//! Asked again with the same files it answers how far it is, until it is known. Nothing is written. Next: `apply.rs`.

use super::check::ProgrammeFilesRequest;
use crate::api::prelude::*;
use std::{sync::Arc, time::Duration};
use tenure_engine::{Foreseen, ProgrammeForeseen};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/programme/plan",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "What a programme would change: which identities come to stand otherwise, of which classes, by which policies; while that is looked at, how far it is. Nothing is written.",
    query: &[],
    takes: Some("ProgrammeFilesRequest"),
    answers: Answers::Json(200, "ProgrammePlan"),
    route: || post(handle),
};

/// How long an answer waits for what is being looked at.
const WAIT: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct ProgrammePlan {
    /// What it would change; nothing while that is looked at.
    foreseen: Option<Arc<ProgrammeForeseen>>,
    /// Identities that were looked at so far.
    judged: i64,
    /// Of about so many.
    of: i64,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<ProgrammeFilesRequest>,
) -> Result<Json<ProgrammePlan>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(match shared.engine.foresee_programme(&request.files, WAIT).await? {
        Foreseen::Made(made) => {
            ProgrammePlan { judged: made.identities, of: made.identities, foreseen: Some(made) }
        }
        Foreseen::UnderWay { judged, of } => ProgrammePlan { foreseen: None, judged, of },
    }))
}
