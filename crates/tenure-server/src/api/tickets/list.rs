//! `GET /api/v1/tickets`: those that are closed although what they name was seen since, and the others.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{TicketShown, TicketsMeant};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/tickets",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Tickets that were brought in, closed last first: with `which` `seen_since` those that are closed although something of what they name was seen since; `unread` not looked at since; `unmatched` naming nothing known; `all` unless said.",
    query: &[("which", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "TicketPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    which: Option<Which>,
    limit: Option<u32>,
    after: Option<String>,
}

/// Which are meant.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    SeenSince,
    Unread,
    Unmatched,
    All,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<TicketShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let meant = match wanted.which {
        Some(Which::SeenSince) => TicketsMeant::SeenSince,
        Some(Which::Unread) => TicketsMeant::Unread,
        Some(Which::Unmatched) => TicketsMeant::Unmatched,
        Some(Which::All) | None => TicketsMeant::All,
    };
    let size = size(wanted.limit)?;
    let skip: u32 = read_mark_of(wanted.after.as_deref())?.unwrap_or(0);
    let rows = shared.engine.tickets(meant, skip, i64::from(size) + 1).await?;
    Ok(Json(Page::cut(rows, size, |_| vec![skip.saturating_add(size).to_string()])))
}
