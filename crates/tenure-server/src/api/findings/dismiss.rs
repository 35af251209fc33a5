//! `PUT /api/v1/findings/{ref}/dismissal`: says that a finding is none, with a reason and an end.

use super::planned;
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{Dismissal, FindingRow};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/findings/{ref}/dismissal",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Identity },
    evidence: Some("finding.dismissed"),
    about: "Says that an open finding is none, until an end at most 365 days away; then it counts again by itself.",
    query: &[],
    takes: Some("Dismissal"),
    answers: Answers::Json(200, "Finding"),
    route: || put(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(dismissal): Body<Dismissal>,
) -> Result<Json<FindingRow>, Problem> {
    let (actor, finding) = planned(&shared, &asked, &given).await?;
    at_most("reason", &dismissal.reason, SENTENCE_CHARS_MAX)?;
    Ok(Json(shared.engine.dismiss(actor, &finding, dismissal).await?))
}
