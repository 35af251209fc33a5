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
use tenure_engine::{QueueItem, Waits};
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
    /// Whose, each with its address.
    names: Vec<(String, String)>,
    /// How many more findings it ends.
    more: i64,
    cause: Option<String>,
    is_new: bool,
    reason: String,
    remedy: String,
    due: When,
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
    let Waits { queue, undecided, held, mut plans, sources } = waits;
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
        findings: queue.iter().map(|one| queued(one, now)).collect(),
        undecided: undecided.map(|plan| plan_line(plan, now)).collect(),
        held: held.collect(),
        doing: doing.into_iter().map(|plan| plan_line(plan, now)).collect(),
        ended: ended.into_iter().take(ENDED).map(|plan| plan_line(plan, now)).collect(),
    }
}

fn queued(item: &QueueItem, now: Instant) -> Queued {
    let address = |name: &String| (format!("/identities/{}", address::encoded(name)), text::shown(name));
    let named = i64::try_from(item.names.len()).unwrap_or(0);
    Queued {
        severity: item.severity.as_str(),
        names: item.names.iter().map(address).collect(),
        more: (item.count - named).max(0),
        cause: item.cause.as_deref().map(text::shown),
        is_new: item.is_new,
        reason: text::shown_long(&item.reason),
        remedy: text::shown_long(&item.remedy),
        due: text::when(item.due, now),
        opened: text::when(item.opened, now),
    }
}
