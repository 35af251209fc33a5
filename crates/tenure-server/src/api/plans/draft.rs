//! `POST /api/v1/plans`: what should change, drafted against a fresh blast radius.

use super::or_by_hand;
use crate::api::identities;
use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, PATH_CHARS_MAX, SENTENCE_CHARS_MAX, at_most, at_most_if};
use tenure_engine::{PlanRequest, PlanShown};
use tenure_model::PlanKind;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/plans",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Identity },
    evidence: Some("plan.proposed"),
    about: "Drafts a plan: reads what it would touch, refuses what is dangerous, changes nothing outside.",
    query: &[],
    takes: Some("PlanRequest"),
    answers: Answers::Json(201, "PlanShown"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<PlanRequest>,
) -> Result<(StatusCode, Json<PlanShown>), Problem> {
    let request = match request.kind {
        PlanKind::Tighten => match about_file(&shared, request).await {
            Ok(request) => request,
            // What is known of files is told to nobody who may not plan.
            Err(problem) => {
                asked.authorise(Whose::Nobodys)?;
                return Err(problem);
            }
        },
        PlanKind::Disable | PlanKind::Revoke | PlanKind::Enable => request,
    };
    let identity = identities::find(&shared, &request.identity).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    at_most("reason", &request.reason, SENTENCE_CHARS_MAX)?;
    at_most_if("heir", request.heir.as_deref(), NAME_CHARS_MAX)?;
    at_most_if("file", request.file.as_deref(), PATH_CHARS_MAX)?;
    let request = PlanRequest { identity: identity.id.to_string(), ..request };
    let drafted = shared.engine.draft_plan(actor, request).await;
    Ok((StatusCode::CREATED, Json(drafted.map_err(|failure| or_by_hand(failure, identity.id))?)))
}

/// Whose file is meant is whose decision it is; a path leads to that.
async fn about_file(shared: &Shared, request: PlanRequest) -> Result<PlanRequest, Problem> {
    at_most("identity", &request.identity, PATH_CHARS_MAX)?;
    let found = shared.engine.find_file(&request.identity, request.file.as_deref()).await?;
    Ok(PlanRequest { identity: found.identity.to_string(), file: Some(found.file), ..request })
}
