//! `GET /api/v1/messages`: what people were told, and whether it was sent; never what it said.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{MessageShown, MessagesMeant};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/messages",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "Messages of the last 90 days, the newest first: to whom, of how many things, and whether a mail server or a chat took them; never what they said. With `failed` only those that wait or were given up.",
    query: &[("failed", "flag"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "MessagePage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    failed: bool,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<MessageShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let meant = if wanted.failed { MessagesMeant::NotSent } else { MessagesMeant::All };
    let size = size(wanted.limit)?;
    let skip: u32 = read_mark_of(wanted.after.as_deref())?.unwrap_or(0);
    let rows = shared.engine.messages(meant, skip, i64::from(size) + 1).await?;
    Ok(Json(Page::cut(rows, size, |_| vec![skip.saturating_add(size).to_string()])))
}
