//! `GET /api/v1/chats`: the chats that are configured. `PUT /api/v1/people/{name}/chat`: in which somebody is told. No address of a
//! chat is shown: whoever knows one may post there.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, at_most};
use tenure_engine::ChatShown;
use tenure_model::Person;

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/chats",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "The chats that `tenure.toml` names, at most 50, and how many people are told in each; never their addresses.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ChatList"),
    route: || get(show),
};
pub(crate) static SET: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/people/{name}/chat",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.chat_set"),
    about: "Says in which chat a person is told what waits for them, which everybody there reads; without `chat`, in none any more.",
    query: &[],
    takes: Some("ChatOfPerson"),
    answers: Answers::Json(200, "Person"),
    route: || put(set),
};

#[derive(Serialize)]
struct ChatList {
    chats: Vec<ChatShown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatOfPerson {
    chat: Option<String>,
}

async fn show(State(shared): State<Shared>, asked: Asked) -> Result<Json<ChatList>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(ChatList { chats: shared.engine.chats_shown().await? }))
}

async fn set(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(given): Body<ChatOfPerson>,
) -> Result<Json<Person>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("chat", given.chat.as_deref().unwrap_or_default(), NAME_CHARS_MAX)?;
    Ok(Json(shared.engine.set_chat(actor, &name, given.chat.as_deref()).await?))
}
