//! `GET /api/v1/claimable`: which identities a rule means, and which of them are owned and stay. Changes nothing.

use super::{key_after, looked_through, rule};
use crate::api::prelude::*;
use tenure_engine::Meant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/claimable",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Which identities a rule means, such as `name:web-* kind:workload`, and whose they are already.",
    query: &[("rule", "text"), ("limit", "limit"), ("after", "text")],
    takes: None,
    answers: Answers::Json(200, "MeantPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    rule: String,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<Meant>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let (size, after) = (page::size(wanted.limit)?, key_after(wanted.after.as_deref())?);
    let rule = rule(&wanted.rule)?;
    Ok(Json(looked_through(shared.engine.meant(rule, after, i64::from(size)).await?)))
}
