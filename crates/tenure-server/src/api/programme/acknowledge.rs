//! `POST /api/v1/programme/acknowledgement`: whoever asks says that messages reach them; nobody says it for another.

use crate::api::prelude::*;
use tenure_engine::ContactShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/programme/acknowledgement",
    access: Access::Decided { action: ApiAction::Acknowledge, kind: ApiResourceKind::System },
    evidence: Some("contact.acknowledged"),
    about: "Whoever asks says that messages reach them; it counts for 92 days. Only for those whom the programme in force names.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ContactShown"),
    route: || post(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<ContactShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.acknowledge(actor).await?))
}
