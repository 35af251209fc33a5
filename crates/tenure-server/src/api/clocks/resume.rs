//! `DELETE /api/v1/clocks/{ref}/pause`: lets a clock that stands still run again.

use crate::api::prelude::*;
use tenure_engine::ClockShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/clocks/{ref}/pause",
    access: Access::Decided { action: ApiAction::Approve, kind: ApiResourceKind::Request },
    evidence: Some("clock.resumed"),
    about: "Lets a paused clock run again, with as much time as was left when it was paused.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Clock"),
    route: || delete(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<ClockShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.resume_clock(actor, &given).await?))
}
