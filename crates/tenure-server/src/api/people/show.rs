//! `GET /api/v1/people/{name}`: a person, their tokens with their ends, and by which accounts they sign in.

use crate::api::prelude::*;
use tenure_engine::{LinkRow, TokenShown};
use tenure_model::Person;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/people/{name}",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: None,
    about: "A person: tokens with their ends, never a value, accounts of a provider they sign in by, and where mail reaches them.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "PersonShown"),
    route: || get(handle),
};

#[derive(Serialize)]
struct PersonShown {
    person: Person,
    tokens: Vec<TokenShown>,
    links: Vec<LinkRow>,
    /// Where mail reaches them.
    mail: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<PersonShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let person = shared.engine.person_called(&name).await?;
    let tokens = shared.engine.tokens_of(person.id).await?;
    let links = shared.engine.links_of(person.id).await?;
    let mail = shared.engine.mail_address(person.id).await?;
    Ok(Json(PersonShown { person, tokens, links, mail }))
}
