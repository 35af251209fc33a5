//! `GET /`: what needs a person now. The five findings to begin with, what waits for a decision, what Tenure does.
//!
//! It is never empty: with nothing to do it says so, and with nothing known it says how to begin. It counts
//! nothing over the whole inventory. Next: `tenure-engine/src/verbs/list_waiting.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    exceptions::{self, ExceptionLine},
    identity::{PlanLine, plan_line},
    page,
    people::BEHIND,
    requests::{self, RequestLine},
    text::{self, When},
    whose::{PassedLine, passed_line},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use std::{collections::BTreeSet, time::Duration};
use tenure_engine::{ExceptionsMeant, QueueItem, RequestsMeant, Suggested, SuggestionQuery, Tx, Waits};
use tenure_model::{DecisionRight, IdentityId, Instant, PersonId, PlanState};

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
/// Identities that were passed on and are named, at most; the rest is on their own page.
const PASSED: i64 = 10;
/// What waits to be confirmed and is named, at most.
const UNCONFIRMED: i64 = 10;
/// How far back one may look, each in its words.
const LOOKS_BACK: [(&str, u64); 3] = [("24\u{a0}hours", 1), ("7\u{a0}days", 7), ("30\u{a0}days", 30)];

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
    /// What others said is not theirs but this person's.
    passed: Vec<Passed>,
    /// Exceptions that somebody else asked for and that wait.
    wished: Vec<ExceptionLine>,
    /// People who left and what nobody took up since.
    left: Option<Left>,
    /// Requests whose next step is theirs.
    requested: Vec<RequestLine>,
    /// What they are to review: name, address, by when.
    reviews: Vec<(String, String, When)>,
    /// What is theirs and waits to be confirmed: name and address.
    unconfirmed: Vec<(String, String)>,
    /// What happened since then, for whoever may read evidence.
    since: Vec<(&'static str, String)>,
}

struct Passed {
    name: String,
    href: String,
    said: Vec<PassedLine>,
}

struct Queued {
    severity: &'static str,
    /// Whose, each with its address.
    names: Vec<(String, String)>,
    /// Of how many more identities.
    more: i64,
    /// What to say before an example where one act ends several.
    fix_once: Option<text::Prose>,
    is_new: bool,
    reason: text::Prose,
    remedy: text::Prose,
    due: When,
    opened: When,
}

/// People who left, and what waits because of it.
struct Left {
    /// How many of them answered for something that nobody took up.
    people: usize,
    /// So many identities.
    behind: usize,
    /// Leavings that a person must agree to.
    held: i64,
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
    let query = SuggestionQuery { passed_to: Some(asked.person.id), ..SuggestionQuery::default() };
    let passed = shared.engine.suggestions(query, None, PASSED).await.map_err(Problem::from)?.rows;
    let unconfirmed =
        shared.engine.to_confirm_by(asked.person.id, UNCONFIRMED).await.map_err(Problem::from)?;
    let now = shared.engine.now();
    let may_read = asked.may_also(ApiAction::ReadEvidence, ApiResourceKind::Evidence);
    let frame = Frame::of("Now", Place::Now, &asked);
    let wished =
        shared.engine.exceptions(ExceptionsMeant::Waiting, 0, PASSED).await.map_err(Problem::from)?;
    let left = left(&shared, &asked).await?;
    let requested = requested(&shared, &asked, now).await?;
    let shown = NowPage {
        left,
        requested,
        reviews: reviews(&shared, &asked, now).await?,
        wished: wished.iter().map(|one| exceptions::line(one, now)).collect(),
        passed: passed.iter().map(|one| passed_on(one, now)).collect(),
        unconfirmed: unconfirmed
            .iter()
            .map(|one| {
                let href = format!("{}/confirm", address::of_identity(&one.name, &one.handle));
                (text::shown(&one.name), href)
            })
            .collect(),
        since: if may_read { since(now) } else { Vec::new() },
        ..view(frame, waits, may_see_plans, may_see_sources, now)
    };
    Ok(page(StatusCode::OK, &shown))
}

/// Who left, where something waits for a decision because of it.
async fn left(shared: &Shared, asked: &Asked) -> Result<Option<Left>, Problem> {
    if !asked.may_also(ApiAction::View, ApiResourceKind::Person) {
        return Ok(None);
    }
    let read = |tx: &mut Tx<'_>| Ok((tx.left_behind(BEHIND)?, tx.held_leavings_count()?));
    let (found, held) = shared.engine.store().read("left_behind", read).await?;
    let people: BTreeSet<PersonId> = found.iter().map(|one| one.person).collect();
    let behind: BTreeSet<IdentityId> = found.iter().map(|one| one.identity).collect();
    let waits = !behind.is_empty() || held > 0;
    Ok(waits.then_some(Left { people: people.len(), behind: behind.len(), held }))
}

/// Requests whose next step is this person's, the oldest first.
async fn requested(shared: &Shared, asked: &Asked, now: Instant) -> Result<Vec<RequestLine>, Problem> {
    let mut theirs = Vec::new();
    for one in shared.engine.requests(RequestsMeant::Asked, 0, PASSED).await? {
        let whose = Whose::Chartered(&one.row.creation.charter);
        if asked.holds(DecisionRight::Create, ApiResourceKind::Request, whose)
            && shared.engine.request_not_theirs(asked.person.id, &one.row).await?.is_none()
        {
            theirs.push(requests::line(&one, now));
        }
    }
    Ok(theirs)
}

/// What this person is to review, by its end.
async fn reviews(
    shared: &Shared,
    asked: &Asked,
    now: Instant,
) -> Result<Vec<(String, String, When)>, Problem> {
    if !asked.may_also(ApiAction::View, ApiResourceKind::Review) {
        return Ok(Vec::new());
    }
    let items = shared.engine.review_items_of(asked.person.id, asked.person.role, PASSED).await?;
    let line = |one: &tenure_engine::ReviewItemShown| {
        let href = format!("/review-items/{}", one.row.handle);
        (text::shown(&one.row.identity_name), href, text::when(one.row.due, now))
    };
    Ok(items.iter().map(line).collect())
}

fn passed_on(one: &Suggested, now: Instant) -> Passed {
    Passed {
        name: text::shown(&one.name),
        href: format!("{}/charter", address::of_identity(&one.name, &one.handle)),
        said: one.passed.iter().take(2).map(|it| passed_line(it, now)).collect(),
    }
}

/// Reports of what happened since some days ago.
fn since(now: Instant) -> Vec<(&'static str, String)> {
    let back = |days: u64| now.minus(Duration::from_hours(24 * days)).to_string();
    LOOKS_BACK.map(|(word, days)| (word, format!("/report?since={}", address::encoded(&back(days))))).to_vec()
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
        passed: Vec::new(),
        left: None,
        wished: Vec::new(),
        requested: Vec::new(),
        reviews: Vec::new(),
        unconfirmed: Vec::new(),
        since: Vec::new(),
    }
}

fn queued(item: &QueueItem, now: Instant) -> Queued {
    let address = |name: &String| (format!("/identities/{}", address::encoded(name)), text::shown(name));
    let named = i64::try_from(item.names.len()).unwrap_or(0);
    Queued {
        severity: item.severity.as_str(),
        names: item.names.iter().map(address).collect(),
        more: (item.identities - named).max(0),
        fix_once: item.fix_once.as_deref().map(text::prose),
        is_new: item.is_new,
        reason: text::prose(&item.reason),
        remedy: text::prose(&item.remedy),
        due: text::when(item.due, now),
        opened: text::when(item.opened, now),
    }
}
