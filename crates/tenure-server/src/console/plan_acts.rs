//! What a page may set going: a plan drafted, applied, withdrawn, taken back. Each is a form, and ends on the plan's page.
//!
//! Applying needs the name, typed, and the digest of what was shown: nothing dangerous happens in one click. A form
//! that is sent twice does once what it says. A session sends forms only from our own pages (`guard.rs`, `enter.rs`). It decides nothing: the verbs and the access
//! policies are those of the API. Next: `plan.rs`.

use super::{
    PageProblem, address,
    form::{self, Nothing, Sent},
    identity::{self, PlanRefused},
    plan, see_other,
};
use crate::api::{find_plan, prelude::*, whose_plan as whose};
use crate::limits::{PATH_CHARS_MAX, SENTENCE_CHARS_MAX, at_most, at_most_if};
use axum::response::Response;
use tenure_engine::{IdentityRow, PlanRequest, PlanRow, PlanShown, Tx};
use tenure_model::{DecisionRight, PlanKind, PlanState};

pub(super) static DRAFT: Endpoint = form::act(
    "/identities/{ref}/plans",
    (ApiAction::Plan, ApiResourceKind::Identity),
    "plan.proposed",
    "The console: drafts a plan from a form.",
    || post(draft),
);
pub(super) static APPLY: Endpoint = form::act(
    "/plans/{handle}/apply",
    (ApiAction::Apply, ApiResourceKind::Plan),
    "plan.approved",
    "The console: approves a plan whose name was typed, and lets it begin.",
    || post(apply),
);
pub(super) static WITHDRAW: Endpoint = form::act(
    "/plans/{handle}/withdraw",
    (ApiAction::Plan, ApiResourceKind::Plan),
    "plan.withdrawn",
    "The console: withdraws a plan that has not begun.",
    || post(withdraw),
);
pub(super) static UNDO: Endpoint = form::act(
    "/plans/{handle}/undo",
    (ApiAction::Apply, ApiResourceKind::Plan),
    "plan.undo_asked",
    "The console: takes a plan back, as long as its removal has not begun.",
    || post(undo),
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drafted {
    kind: String,
    reason: String,
    /// Which file, where it is about one.
    #[serde(default)]
    file: Option<String>,
}

async fn draft(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Drafted>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    let Drafted { kind, reason, file } = sent.read()?;
    at_most_if("file", file.as_deref(), PATH_CHARS_MAX)?;
    let kind: PlanKind = kind.parse().map_err(|_| Problem::refused("choose what to do with it"))?;
    if let Err(problem) = at_most("reason", &reason, SENTENCE_CHARS_MAX) {
        return refused(&shared, &asked, identity, (kind, reason), problem).await;
    }
    let (id, me, why, place) = (identity.id, actor.person, reason.clone(), file.clone());
    let read = move |tx: &mut Tx<'_>| tx.plans_of(id);
    let plans = shared.engine.store().read("plans_of", read).await.map_err(Problem::from)?;
    let same = |plan: &&PlanRow| {
        (plan.state, plan.kind, plan.requested_by, &plan.reason)
            == (PlanState::Proposed, kind, Some(me), &why)
            && plan.file.as_ref().map(|file| &file.place) == place.as_ref()
    };
    if let Some(plan) = plans.iter().find(same) {
        return Ok(at(plan));
    }
    let request = PlanRequest {
        kind,
        identity: identity.id.to_string(),
        reason: reason.clone(),
        heir: None,
        file,
        readers: None,
    };
    match shared.engine.draft_plan(actor, request).await.map_err(Problem::from) {
        Ok(drafted) => Ok(to(&drafted)),
        Err(problem) => refused(&shared, &asked, identity, (kind, reason), problem).await,
    }
}

/// The identity's page once more with what was typed, where what was typed may be the reason.
async fn refused(
    shared: &Shared,
    asked: &Asked,
    identity: IdentityRow,
    (kind, reason): (PlanKind, String),
    problem: Problem,
) -> Result<Response, PageProblem> {
    if problem.status != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(problem.into());
    }
    let refused = PlanRefused { why: problem.detail, reason, revokes: kind == PlanKind::Revoke };
    identity::show(shared, asked, identity, Some(refused)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    digest: String,
    /// Why nobody is waited for.
    #[serde(default)]
    emergency: Option<String>,
}

async fn apply(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Typed>,
) -> Result<Response, PageProblem> {
    let (shown, charter) = find_plan(&shared, &given).await?;
    let whose = whose(&shared, &asked, (&shown, &charter)).await?;
    let actor = asked.authorise_decision(shown.plan.kind.decided_by(), whose)?;
    let Typed { name, digest, emergency } = sent.read()?;
    at_most_if("emergency", emergency.as_deref(), SENTENCE_CHARS_MAX)?;
    let is_meant = name == shown.plan.about() || (shown.plan.file.is_none() && name == shown.identity_name);
    if !is_meant {
        return plan::again(&shared, &asked, shown, &charter, "Another name was typed. Nothing was done.")
            .await;
    }
    let mut decided = shown.approvals.iter().map(|one| (one.person, &one.digest));
    // Sent twice, it was decided by the first.
    let again = decided.any(|one| one == (actor.person, &digest)) && emergency.is_none();
    if again && (shown.plan.state != PlanState::Proposed || !shown.decisions.is_empty()) {
        return Ok(at(&shown.plan));
    }
    let (engine, id) = (&shared.engine, shown.plan.id.to_string());
    let applied = match emergency.as_deref() {
        None => engine.apply(actor, &id, Some(&digest)).await,
        Some(why) => engine.apply_in_emergency(actor, &id, Some(&digest), why).await,
    };
    Ok(to(&applied.map_err(Problem::from)?))
}

async fn withdraw(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let (shown, charter) = find_plan(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&charter))?;
    let Nothing {} = sent.read()?;
    if shown.plan.state == PlanState::Withdrawn {
        return Ok(to(&shown));
    }
    Ok(to(&shared.engine.withdraw(actor, &shown.plan.id.to_string()).await.map_err(Problem::from)?))
}

async fn undo(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let (shown, charter) = find_plan(&shared, &given).await?;
    let actor = asked.authorise_decision(DecisionRight::Disable, Whose::Chartered(&charter))?;
    let Nothing {} = sent.read()?;
    if matches!(shown.plan.state, PlanState::Undoing | PlanState::Undone) {
        return Ok(to(&shown));
    }
    Ok(to(&shared.engine.undo(actor, &shown.plan.id.to_string()).await.map_err(Problem::from)?))
}

fn to(shown: &PlanShown) -> Response {
    at(&shown.plan)
}

fn at(plan: &PlanRow) -> Response {
    see_other(&format!("/plans/{}", plan.handle))
}
