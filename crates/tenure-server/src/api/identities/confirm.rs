//! `GET` and `POST /api/v1/identities/{ref}/confirmation`: whether an identity is still needed as it is.

use super::find;
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most, at_most_if};
use tenure_engine::{Actor, CharterChange, Confirmation, IdentityRow, PlanRequest, PlanShown, ToConfirm};
use tenure_model::{DecisionRight, PlanKind};

/// Characters of a digest.
const DIGEST_CHARS_MAX: usize = 64;
/// Why a plan is drafted when nobody said more.
const NOT_NEEDED: &str = "whoever was asked to confirm it says that it is not needed any more";

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/identities/{ref}/confirmation",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "What whoever confirms an identity looks at, with the digest that names it, what was answered last, and when it is due.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "ToConfirm"),
    route: || get(show),
};
pub(crate) static ANSWER: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/identities/{ref}/confirmation",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("identity.confirmed"),
    about: "Says whether an identity is still needed as it was shown; of one that is not, a plan is drafted and nothing ends.",
    query: &[],
    takes: Some("Confirmation"),
    answers: Answers::Json(200, "ConfirmationMade"),
    route: || post(answer),
};

/// What an answer led to.
#[derive(Serialize)]
pub(crate) struct ConfirmationMade {
    identity: IdentityRow,
    /// The plan to end what is not needed any more.
    pub(crate) plan: Option<PlanShown>,
    /// Why there is none, where there should be one.
    pub(crate) no_plan_because: Option<String>,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<ToConfirm>, Problem> {
    let identity = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    Ok(Json(shared.engine.to_confirm(&identity.id.to_string()).await?))
}

async fn answer(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(answer): Body<Confirmation>,
) -> Result<Json<ConfirmationMade>, Problem> {
    let identity = find(&shared, &given).await?;
    let actor = authorised(&shared, &asked, &identity).await?;
    made(&shared, &asked, actor, identity, answer).await.map(Json)
}

/// Whether whoever asks may speak for it.
pub(crate) async fn authorised(
    shared: &Shared,
    asked: &Asked,
    identity: &IdentityRow,
) -> Result<Actor, Problem> {
    let claimed = shared.engine.claim(asked.person.id, identity.id, &CharterChange::default()).await?;
    asked.authorise_decision(DecisionRight::Own, Whose::Claimed(claimed))
}

/// Writes the answer down, and drafts the plan that follows from it.
pub(crate) async fn made(
    shared: &Shared,
    asked: &Asked,
    actor: Actor,
    identity: IdentityRow,
    answer: Confirmation,
) -> Result<ConfirmationMade, Problem> {
    at_most("digest", &answer.digest, DIGEST_CHARS_MAX)?;
    at_most_if("note", answer.note.as_deref(), SENTENCE_CHARS_MAX)?;
    let (is_needed, note) = (answer.needed, answer.note.clone());
    let written = shared.engine.confirm(actor, &identity.id.to_string(), answer).await?;
    let mut made = ConfirmationMade { identity: written, plan: None, no_plan_because: None };
    if is_needed {
        return Ok(made);
    }
    if !asked.may_about(ApiAction::Plan, ApiResourceKind::Identity, Whose::Chartered(&identity.charter)) {
        made.no_plan_because = Some(String::from("whoever answered may not plan for it"));
        return Ok(made);
    }
    let request = PlanRequest {
        kind: PlanKind::Revoke,
        identity: identity.id.to_string(),
        reason: note.filter(|note| !note.trim().is_empty()).unwrap_or_else(|| NOT_NEEDED.to_owned()),
        heir: None,
        file: None,
        readers: None,
    };
    match shared.engine.draft_plan(actor, request).await {
        Ok(plan) => made.plan = Some(plan),
        Err(failure) => made.no_plan_because = Some(Problem::from(failure).detail),
    }
    Ok(made)
}
