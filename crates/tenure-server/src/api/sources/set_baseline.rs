//! `PUT /api/v1/sources/{name}/baseline`: what is there now is no news any more.

use crate::api::prelude::*;
use tenure_engine::Baseline;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/sources/{name}/baseline",
    access: Access::Decided { action: ApiAction::Configure, kind: ApiResourceKind::Source },
    evidence: Some("source.baseline_set"),
    about: "Sets the baseline of a source to now: its open findings stay, and are new no longer.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Baseline"),
    route: || put(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<Baseline>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    Ok(Json(shared.engine.set_baseline(actor, &name).await?))
}
