//! `GET /api/v1/charters`: charters with names, to be taken out, changed and brought back.

use super::{key_after, looked_through};
use crate::api::prelude::*;
use tenure_engine::{CharterTaken, IdentityQuery};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/charters",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Charters of enrolled identities with the names of their owners, and with what they are taken out as.",
    query: &[("contains", "text"), ("source", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "CharterPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    contains: Option<String>,
    source: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<CharterTaken>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let (size, after) = (page::size(wanted.limit)?, key_after(wanted.after.as_deref())?);
    let query =
        IdentityQuery { contains: wanted.contains, source_name: wanted.source, ..IdentityQuery::default() };
    Ok(Json(looked_through(shared.engine.charters(query, after, i64::from(size)).await?)))
}
