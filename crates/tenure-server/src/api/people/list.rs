//! `GET /api/v1/people`: everybody, by name.

use crate::api::prelude::*;
use tenure_model::Person;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/people",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "Everybody, by name.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PersonPage"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<Person>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let people = shared.engine.store().read("people", |tx| tx.people()).await?;
    Ok(Json(Page::whole(people)))
}
