//! `POST /api/v1/people/{name}/test-message`: sends a person a message now, to see whether messages reach them.

use crate::api::prelude::*;
use tenure_engine::MessageShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people/{name}/test-message",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("message.asked"),
    about: "Sends a person a message now and says what became of it; at most three within an hour.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Message"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<MessageShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.test_message(actor, &name).await?))
}
