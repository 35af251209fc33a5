//! `POST /api/v1/clocks/{ref}/pause`: lets a clock stand still until an instant, for a reason.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::ClockShown;
use tenure_model::Instant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/clocks/{ref}/pause",
    access: Access::Decided { action: ApiAction::Approve, kind: ApiResourceKind::Request },
    evidence: Some("clock.paused"),
    about: "Pauses the clock of what waits, given by its id or short form, until an instant, as long as its service level allows; never by whoever asked for that or answers for what it is about.",
    query: &[],
    takes: Some("NewClockPause"),
    answers: Answers::Json(200, "Clock"),
    route: || post(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPause {
    until: Instant,
    reason: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(pause): Body<NewPause>,
) -> Result<Json<ClockShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("reason", &pause.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.pause_clock(actor, &given, pause.until, &pause.reason).await?))
}
