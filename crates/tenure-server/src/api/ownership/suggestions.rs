//! `GET /api/v1/suggestions`: what nobody owns, with whose it might be, and what was passed on.

use super::{key_after, looked_through};
use crate::api::prelude::*;
use tenure_engine::{Suggested, SuggestionQuery};

/// Identities on one page, at most: for each one, everything beside it is looked at.
const SUGGESTIONS_MAX: u32 = 100;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/suggestions",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "What nobody owns, with whose it might be and why; `passed=true` only what was passed on to whoever asks. At most 100 a page.",
    query: &[
        ("contains", "text"),
        ("source", "text"),
        ("passed", "flag"),
        ("limit", "limit"),
        ("after", "text"),
    ],
    takes: None,
    answers: Answers::Json(200, "SuggestedPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    contains: Option<String>,
    source: Option<String>,
    passed: Option<bool>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<Suggested>>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let size = page::size(wanted.limit)?.min(SUGGESTIONS_MAX);
    let after = key_after(wanted.after.as_deref())?;
    let query = SuggestionQuery {
        passed_to: wanted.passed.unwrap_or(false).then_some(actor.person),
        source_name: wanted.source,
        contains: wanted.contains,
    };
    Ok(Json(looked_through(shared.engine.suggestions(query, after, i64::from(size)).await?)))
}
