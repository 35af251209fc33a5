//! `GET /`: what needs a person now. The five findings to begin with, what waits for a decision, what Tenure does.
//!
//! It is never empty: with nothing to do it says so, and with nothing known it says how to begin. It counts
//! nothing over the whole inventory. Next: `tenure-engine/src/verbs/list_waiting.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    identity::{PlanLine, plan_line},
    page,
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{Waiting, Waits};
use tenure_model::{Instant, PlanState};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: what needs a person now.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Plans that ended lately, at most.
const ENDED: usize = 5;

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage {
    frame: Frame,
    sources: usize,
    findings: Vec<Queued>,
    undecided: Vec<PlanLine>,
    held: Vec<HeldSurvey>,
    doing: Vec<PlanLine>,
    ended: Vec<PlanLine>,
}

struct Queued {
    severity: &'static str,
    identity: String,
    href: String,
    reason: String,
    remedy: String,
    due: Option<When>,
    opened: When,
}

struct HeldSurvey {
    source: String,
    href: String,
    missing: i64,
    seen: i64,
    at: When,
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let waits = shared.engine.waiting().await.map_err(Problem::from)?;
    let may_see_plans = asked.may_also(ApiAction::View, ApiResourceKind::Plan);
    let may_see_sources = asked.may_also(ApiAction::View, ApiResourceKind::Source);
    let frame = Frame::of("Now", Place::Now, &asked);
    Ok(page(StatusCode::OK, &view(frame, waits, may_see_plans, may_see_sources, shared.engine.now())))
}

fn view(frame: Frame, waits: Waits, may_see_plans: bool, may_see_sources: bool, now: Instant) -> NowPage {
    let Waits { findings, undecided, held, mut plans, sources } = waits;
    if !may_see_plans {
        plans.clear();
    }
    let is_at_work = |state| matches!(state, PlanState::Approved | PlanState::Running | PlanState::Undoing);
    let (doing, ended): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| is_at_work(plan.state));
    let undecided = undecided.iter().filter(|_| may_see_plans);
    let held = held.into_iter().filter(|_| may_see_sources).map(|(source, survey)| HeldSurvey {
        href: format!("/sources/{}", address::encoded(&source)),
        source: text::shown(&source),
        missing: survey.missing,
        seen: survey.seen,
        at: text::when(survey.ended.unwrap_or(survey.started), now),
    });
    NowPage {
        frame,
        sources,
        findings: findings.into_iter().map(|one| queued(one, now)).collect(),
        undecided: undecided.map(|plan| plan_line(plan, now)).collect(),
        held: held.collect(),
        doing: doing.into_iter().map(|plan| plan_line(plan, now)).collect(),
        ended: ended.into_iter().take(ENDED).map(|plan| plan_line(plan, now)).collect(),
    }
}

fn queued(waiting: Waiting, now: Instant) -> Queued {
    let Waiting { finding, due, handle } = waiting;
    Queued {
        severity: finding.severity.as_str(),
        href: address::of_identity(&finding.identity_name, &handle),
        identity: text::shown(&finding.identity_name),
        reason: text::shown_long(&finding.reason),
        remedy: text::shown_long(&finding.remedy),
        due: due.map(|due| text::when(due, now)),
        opened: text::when(finding.opened, now),
    }
}
