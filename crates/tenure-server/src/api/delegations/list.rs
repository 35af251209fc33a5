//! `GET /api/v1/delegations`: those that wait or count, or those that are over.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{DelegationLine, DelegationsMeant};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/delegations",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Delegation },
    evidence: None,
    about: "Delegations: with `state` `current` (unless said) those that wait or count, by their end; `over` the others, last first.",
    query: &[("state", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "DelegationPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<Which>,
    limit: Option<u32>,
    after: Option<String>,
}

/// Which are meant.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Current,
    Over,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<DelegationLine>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let meant = match wanted.state {
        Some(Which::Current) | None => DelegationsMeant::Current,
        Some(Which::Over) => DelegationsMeant::Over,
    };
    let size = size(wanted.limit)?;
    let skip: u32 = read_mark_of(wanted.after.as_deref())?.unwrap_or(0);
    let rows = shared.engine.delegations(meant, skip, i64::from(size) + 1).await?;
    Ok(Json(Page::cut(rows, size, |_| vec![skip.saturating_add(size).to_string()])))
}
