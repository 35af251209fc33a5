//! `GET /api/v1/as-of/identities`: identities as they were, by id, filtered by what they were then.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{IdentityThen, ThenQuery};
use tenure_model::{IdentityId, Standing};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/as-of/identities",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Identities that Tenure knew at a day (its last instant in UTC) or an instant, as they were then, by id.",
    query: &[
        ("at", "text"),
        ("standing", "Standing"),
        ("class", "text"),
        ("built_in", "flag"),
        ("limit", "limit"),
        ("after", "text"),
    ],
    takes: None,
    answers: Answers::Json(200, "IdentityThenPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    at: String,
    standing: Option<Standing>,
    class: Option<String>,
    built_in: Option<bool>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<IdentityThen>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = size(wanted.limit)?;
    let after: Option<IdentityId> = read_mark_of(wanted.after.as_deref())?;
    let at = shared.engine.past_instant(&wanted.at).await?;
    let query = ThenQuery {
        standing: wanted.standing,
        class: wanted.class,
        built_in: wanted.built_in.unwrap_or(false),
    };
    let found = shared.engine.identities_as_of(at, query, after, i64::from(size) + 1).await?;
    let place = |id: IdentityId| vec![id.to_string()];
    Ok(Json(Page::scanned(found, size, |last| place(last.id), place)))
}
