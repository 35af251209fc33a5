//! `POST /api/v1/people`: adds a person.

use crate::api::prelude::*;
use tenure_engine::NewPerson;
use tenure_model::{Person, Role};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.added"),
    about: "Adds a person; with `local_uid` they act from that account of this machine.",
    query: &[],
    takes: Some("PersonRequest"),
    answers: Answers::Json(201, "Person"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonRequest {
    name: String,
    role: Role,
    #[serde(default)]
    local_uid: Option<u32>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<PersonRequest>,
) -> Result<(StatusCode, Json<Person>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let PersonRequest { name, role, local_uid } = request;
    let person = shared.engine.add_person(actor, NewPerson { name, role, local_uid }).await?;
    Ok((StatusCode::CREATED, Json(person)))
}
