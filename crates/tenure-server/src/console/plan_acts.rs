//! What a page may set going: a plan drafted, applied, withdrawn, taken back. Each is a form, and ends on the plan's page.
//!
//! Applying needs the name, typed, and the digest of what was shown: nothing dangerous happens in one click. A
//! session sends forms only from our own pages (`guard.rs`, `enter.rs`). It decides nothing: the verbs and the access
//! policies are those of the API. Next: `plan.rs`.

use super::{HTML, PageProblem, address, form::Sent, plan, see_other};
use crate::api::{find_plan, prelude::*};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use axum::response::Response;
use tenure_engine::{PlanRequest, PlanShown};
use tenure_model::{DecisionRight, PlanKind};

const fn endpoint(
    path: &'static str,
    (action, kind): (ApiAction, ApiResourceKind),
    evidence: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Post,
        path,
        access: Access::Decided { action, kind },
        evidence: Some(evidence),
        about,
        query: &[],
        takes: None,
        answers: Answers::Page(HTML),
        route,
    }
}

pub(super) static DRAFT: Endpoint = endpoint(
    "/identities/{ref}/plans",
    (ApiAction::Plan, ApiResourceKind::Identity),
    "plan.proposed",
    "The console: drafts a plan from a form.",
    || post(draft),
);
pub(super) static APPLY: Endpoint = endpoint(
    "/plans/{handle}/apply",
    (ApiAction::Apply, ApiResourceKind::Plan),
    "plan.approved",
    "The console: approves a plan whose name was typed, and lets it begin.",
    || post(apply),
);
pub(super) static WITHDRAW: Endpoint = endpoint(
    "/plans/{handle}/withdraw",
    (ApiAction::Plan, ApiResourceKind::Plan),
    "plan.withdrawn",
    "The console: withdraws a plan that has not begun.",
    || post(withdraw),
);
pub(super) static UNDO: Endpoint = endpoint(
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
}

async fn draft(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Drafted>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    let Drafted { kind, reason } = sent.read()?;
    at_most("reason", &reason, SENTENCE_CHARS_MAX)?;
    let kind: PlanKind = kind.parse().map_err(|_| Problem::refused("choose what to do with it"))?;
    let request = PlanRequest { kind, identity: identity.id.to_string(), reason, heir: None };
    let drafted = shared.engine.draft_plan(actor, request).await.map_err(Problem::from)?;
    Ok(to(&drafted))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    digest: String,
}

async fn apply(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Typed>,
) -> Result<Response, PageProblem> {
    let (shown, charter) = find_plan(&shared, &given).await?;
    let right = match shown.plan.kind {
        PlanKind::Revoke => DecisionRight::Revoke,
        PlanKind::Disable | PlanKind::Enable => DecisionRight::Disable,
    };
    let actor = asked.authorise_decision(right, Whose::Chartered(&charter))?;
    let Typed { name, digest } = sent.read()?;
    if ![&shown.identity_name, &shown.plan.principal_name].contains(&&name) {
        return plan::again(&shared, &asked, shown, &charter, "Another name was typed. Nothing was done.")
            .await;
    }
    let applied = shared.engine.apply(actor, &shown.plan.id.to_string(), Some(&digest)).await;
    Ok(to(&applied.map_err(Problem::from)?))
}

/// A form without fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn withdraw(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let (shown, charter) = find_plan(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&charter))?;
    let Nothing {} = sent.read()?;
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
    Ok(to(&shared.engine.undo(actor, &shown.plan.id.to_string()).await.map_err(Problem::from)?))
}

fn to(shown: &PlanShown) -> Response {
    see_other(&format!("/plans/{}", shown.plan.handle))
}
