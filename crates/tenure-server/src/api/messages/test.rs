//! `POST /api/v1/people/{name}/test-message`: sends a person a message now, to see whether messages reach them.

use crate::api::prelude::*;
use tenure_engine::MessageShown;
use tenure_model::MessageWay;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people/{name}/test-message",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("message.asked"),
    about: "Sends a person a message now, by mail unless `way` says otherwise, and says what became of it; at most three within an hour.",
    query: &[("way", "MessageWay")],
    takes: None,
    answers: Answers::Json(200, "Message"),
    route: || post(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default = "by_mail")]
    way: MessageWay,
}

const fn by_mail() -> MessageWay {
    MessageWay::Mail
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<MessageShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.test_message(actor, &name, wanted.way).await?))
}
