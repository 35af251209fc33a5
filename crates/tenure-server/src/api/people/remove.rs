//! `DELETE /api/v1/people/{name}`: removes a person, with their token and sessions.

use crate::api::prelude::*;
use tenure_engine::PersonLeaving;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/people/{name}",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.removed"),
    about: "Removes a person with their token and sessions, and says what they leave behind; what they decided stays.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PersonLeaving"),
    route: || delete(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<PersonLeaving>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let left = shared.engine.remove_person(actor, &name).await?;
    shared.sign_in.forget(left.person);
    Ok(Json(left))
}
