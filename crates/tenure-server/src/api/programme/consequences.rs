//! `GET /api/v1/programme/consequences`: what follows from what stays lapsed, and how far that came.

use crate::api::prelude::*;
use tenure_engine::ConsequenceShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/programme/consequences",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "What follows from what stays lapsed by a control: warned, would be disabled and why not, or proposed; at most 1,000, those that came furthest first.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ConsequencePage"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<ConsequenceShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(Page::whole(shared.engine.consequences().await?)))
}
