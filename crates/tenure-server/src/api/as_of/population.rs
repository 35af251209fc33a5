//! `GET /api/v1/as-of/population`: the lines whose SHA-256 the log holds of each day that is over.

use crate::api::prelude::*;
use crate::page::{read_mark, size};
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
    // A mark holds the instant of the first page: those that follow are of the same, also where today is asked for.
    let unread = || Problem::malformed("`after` is not a mark that this list gave out");
    let (given, after) = match read_mark::<2>(wanted.after.as_deref())? {
        None => (wanted.at, None),
        Some([at, id]) => (at, Some(id.parse::<IdentityId>().map_err(|_| unread())?)),
    };
    let at = shared.engine.past_instant(&given).await?;
    let rows = shared.engine.population_page(at, after, i64::from(size) + 1).await?;
    let page = Page::cut(rows, size, |(last, _)| vec![at.to_string(), last.to_string()]);
    Ok(Json(page.map(|(_, line)| line)))
}
