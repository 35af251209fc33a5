//! `GET /api/v1/as-of/population`: the lines whose SHA-256 the log holds of each day that is over.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_model::IdentityId;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/as-of/population",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "Every identity that Tenure knew at a day or an instant, as one line of canonical JSON each, by id. The SHA-256 of all lines of a day, each with its line feed, is in the log (`day.closed`).",
    query: &[("at", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "PopulationPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    at: String,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<String>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = size(wanted.limit)?;
    let after: Option<IdentityId> = read_mark_of(wanted.after.as_deref())?;
    let at = shared.engine.past_instant(&wanted.at).await?;
    let rows = shared.engine.population_page(at, after, i64::from(size) + 1).await?;
    let page = Page::cut(rows, size, |(last, _)| vec![last.to_string()]);
    Ok(Json(page.map(|(_, line)| line)))
}
