//! `POST /api/v1/plans/{ref}/apply`: approves a plan that was looked at, and lets it begin.

use super::{find, or_by_hand, whose};
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most_if};
use tenure_engine::PlanShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/plans/{ref}/apply",
    access: Access::Decided { action: ApiAction::Apply, kind: ApiResourceKind::Plan },
    evidence: Some("plan.approved"),
    about: "Approves a plan that was looked at, or the step of it that is the asker's; with the last it begins. `digest` is what was looked at, `emergency` why nobody waits for the steps that the programme asks for.",
    query: &[],
    takes: Some("ApplyRequest"),
    answers: Answers::Json(202, "PlanShown"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyRequest {
    digest: String,
    #[serde(default)]
    emergency: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(request): Body<ApplyRequest>,
) -> Result<(StatusCode, Json<PlanShown>), Problem> {
    let (shown, charter) = find(&shared, &given).await?;
    let whose = whose(&shared, &asked, (&shown, &charter)).await?;
    let actor = asked.authorise_decision(shown.plan.kind.decided_by(), whose)?;
    at_most_if("emergency", request.emergency.as_deref(), SENTENCE_CHARS_MAX)?;
    let (engine, id, digest) = (&shared.engine, shown.plan.id.to_string(), Some(&*request.digest));
    let applied = match request.emergency.as_deref() {
        None => engine.apply(actor, &id, digest).await,
        Some(why) => engine.apply_in_emergency(actor, &id, digest, why).await,
    };
    Ok((StatusCode::ACCEPTED, Json(applied.map_err(|failure| or_by_hand(failure, shown.plan.identity))?)))
}
