//! `/api/v1/programme/playbooks`: what is done when something happens, and that somebody tried it.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{DrillSaid, PlaybookShown};

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/programme/playbooks",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "The playbooks of the programme in force, and until when the last drill of each counts, or why none does.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PlaybookList"),
    route: || get(show),
};

pub(crate) static DRILL: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/programme/playbooks/{id}/drills",
    access: Access::Decided { action: ApiAction::Drill, kind: ApiResourceKind::System },
    evidence: Some("playbook.drilled"),
    about: "Says that a playbook was tried, as `says` names it, and whether it held; the last one counts, for as long as the playbook says.",
    query: &[],
    takes: Some("DrillRequest"),
    answers: Answers::Json(200, "Playbook"),
    route: || post(drill),
};

#[derive(Serialize)]
struct PlaybookList {
    playbooks: Vec<PlaybookShown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DrillRequest {
    says: String,
    held: bool,
    reason: String,
}

async fn show(State(shared): State<Shared>, asked: Asked) -> Result<Json<PlaybookList>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(PlaybookList { playbooks: shared.engine.playbooks().await? }))
}

async fn drill(
    State(shared): State<Shared>,
    asked: Asked,
    Named(playbook): Named<String>,
    Body(DrillRequest { says, held, reason }): Body<DrillRequest>,
) -> Result<Json<PlaybookShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("says", &says, NAME_CHARS_MAX)?;
    at_most("reason", &reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.drill_playbook(actor, DrillSaid { playbook, says, held, reason }).await?))
}
