//! `GET /api/v1/event-streams`: how far other systems were told of the log. `POST /api/v1/event-streams/{name}/test`: tries one now.

use crate::api::prelude::*;
use tenure_engine::EventStreamShown;

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/event-streams",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "The streams of events that `tenure.toml` names: to which machine, in which form, how far each is, and why one stands still.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "[EventStream]"),
    route: || get(list),
};
pub(crate) static TEST: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/event-streams/{name}/test",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::System },
    evidence: Some("events.tested"),
    about: "Writes an entry for a stream to tell, tries at once, and says what became of it.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "EventStream"),
    route: || post(test),
};

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Json<Vec<EventStreamShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.event_streams_shown().await?))
}

async fn test(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<EventStreamShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.test_events(actor, &name).await?))
}
