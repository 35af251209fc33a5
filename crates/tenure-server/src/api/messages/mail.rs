//! `GET /api/v1/mail`: the mail server that is configured. `PUT /api/v1/people/{name}/mail`: where mail reaches somebody. Beside it:
//! `chats.rs`.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, at_most};
use tenure_engine::MailShown;
use tenure_model::Person;

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/mail",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "The mail server that `tenure.toml` names, without user and password; nothing where none is named.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "MailWay"),
    route: || get(show),
};
pub(crate) static SET: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/people/{name}/mail",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.mail_set"),
    about: "Says where mail reaches a person; without `address`, nowhere any more. The address goes with the person and stands in no entry.",
    query: &[],
    takes: Some("MailAddress"),
    answers: Answers::Json(200, "Person"),
    route: || put(set),
};

#[derive(Serialize)]
struct MailWay {
    mail: Option<MailShown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailAddress {
    address: Option<String>,
}

async fn show(State(shared): State<Shared>, asked: Asked) -> Result<Json<MailWay>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(MailWay { mail: shared.engine.mail_shown() }))
}

async fn set(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(given): Body<MailAddress>,
) -> Result<Json<Person>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("address", given.address.as_deref().unwrap_or_default(), NAME_CHARS_MAX)?;
    Ok(Json(shared.engine.set_mail_address(actor, &name, given.address.as_deref()).await?))
}
