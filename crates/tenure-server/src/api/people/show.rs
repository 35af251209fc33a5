//! `GET /api/v1/people/{name}`: a person, their tokens with their ends, by which accounts they sign in, and where messages reach them.

use crate::api::prelude::*;
use tenure_engine::{LinkRow, TokenShown};
use tenure_model::{MessageWay, Person};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/people/{name}",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: None,
    about: "A person: tokens with their ends, never a value, accounts of a provider they sign in by, and where messages reach them.",
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
    /// In which chat they are told.
    chat: Option<String>,
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
    let mail = shared.engine.message_address(person.id, MessageWay::Mail).await?;
    let chat = shared.engine.message_address(person.id, MessageWay::Chat).await?;
    Ok(Json(PersonShown { person, tokens, links, mail, chat }))
}
