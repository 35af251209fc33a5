//! `POST /api/v1/programme/replay`: what a programme would have found on days that are past.
//!
//! Asked again with the same files and days it answers how far it is, until it is known. Nothing is written. Next: `foresee.rs`.

use crate::api::prelude::*;
use crate::limits::at_most;
use std::{sync::Arc, time::Duration};
use tenure_engine::{ProgrammeReplayed, Replayed};
use tenure_judge::ProgrammeFiles;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/programme/replay",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "What a programme would have found from one day to another, at most 92, beside what was in force on each of them; while that is looked at, how far it is. Nothing is written.",
    query: &[],
    takes: Some("ProgrammeReplayRequest"),
    answers: Answers::Json(200, "ProgrammeReplay"),
    route: || post(handle),
};

/// How long an answer waits for what is being looked at.
const WAIT: Duration = Duration::from_secs(2);
/// Characters of a day or an instant, at most.
const DAY_CHARS_MAX: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgrammeReplayRequest {
    files: ProgrammeFiles,
    /// The first day; thirty days, as far as they are kept, unless said.
    #[serde(default)]
    since: Option<String>,
    /// The last day; today unless said.
    #[serde(default)]
    until: Option<String>,
}

#[derive(Serialize)]
struct ProgrammeReplay {
    /// What it would have found; nothing while that is looked at.
    replayed: Option<Arc<ProgrammeReplayed>>,
    /// Identities that were looked at so far.
    judged: i64,
    /// Of about so many.
    of: i64,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<ProgrammeReplayRequest>,
) -> Result<Json<ProgrammeReplay>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    for (name, given) in [("since", &request.since), ("until", &request.until)] {
        at_most(name, given.as_deref().unwrap_or_default(), DAY_CHARS_MAX)?;
    }
    let days = (request.since.as_deref(), request.until.as_deref());
    Ok(Json(match shared.engine.replay_programme(&request.files, days, WAIT).await? {
        Replayed::Made(made) => {
            ProgrammeReplay { judged: made.identities, of: made.identities, replayed: Some(made) }
        }
        Replayed::UnderWay { judged, of } => ProgrammeReplay { replayed: None, judged, of },
    }))
}
