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
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use std::{collections::BTreeSet, time::Duration};
use tenure_engine::{ExceptionsMeant, QueueItem, Soon, Tx, Waits};
use tenure_model::{IdentityId, Instant, PersonId, PlanState};

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
/// Exceptions that wait for others and are named, at most; the rest is on their own page.
const WISHED: i64 = 10;
/// How far back one may look, each in its words.
const LOOKS_BACK: [(&str, u64); 3] = [("24\u{a0}hours", 1), ("7\u{a0}days", 7), ("30\u{a0}days", 30)];

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage {
    frame: Frame,
    sources: usize,
    findings: Vec<Queued>,
    counted: Counted,
    undecided: Vec<PlanLine>,
    held: Vec<HeldSurvey>,
    doing: Vec<PlanLine>,
    ended: Vec<PlanLine>,
    /// What waits for whoever looks.
    yours: ForYou,
    /// Exceptions that somebody else asked for and that wait.
    wished: Vec<ExceptionLine>,
    /// People who left and what nobody took up since.
    left: Option<Left>,
    /// What happened since then, for whoever may read evidence.
    since: Vec<(&'static str, String)>,
}

/// What waits for whoever looks, what comes first first.
#[derive(Default)]
struct ForYou {
    overdue: u32,
    /// Ids of what stands there, so that it stands nowhere else.
    subjects: BTreeSet<String>,
    lines: Vec<YourLine>,
    more: Vec<MoreLine>,
    /// What became of what they asked for.
    answered: Vec<YourLine>,
    note: Option<String>,
}

struct YourLine {
    kind: String,
    tone: &'static str,
    mark: &'static str,
    href: String,
    what: String,
    why: String,
    risk: Option<&'static str>,
    at: When,
    word: &'static str,
}

struct MoreLine {
    kind: String,
    at_least: u32,
    href: String,
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

/// Of when what is to be done first is.
enum Counted {
    /// Of now.
    Now,
    /// Of then; it is being counted again.
    Before(When),
    /// It is being counted for the first time.
    NotYet,
}

impl Counted {
    const fn is_not_yet(&self) -> bool {
        matches!(self, Self::NotYet)
    }
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let waits = shared.engine.waiting().await.map_err(Problem::from)?;
    let may_see_plans = asked.may_also(ApiAction::View, ApiResourceKind::Plan);
    let may_see_sources = asked.may_also(ApiAction::View, ApiResourceKind::Source);
    let now = shared.engine.now();
    let may_read = asked.may_also(ApiAction::ReadEvidence, ApiResourceKind::Evidence);
    let frame = Frame::of("Now", Place::Now, &asked);
    let wished =
        shared.engine.exceptions(ExceptionsMeant::Waiting, 0, WISHED).await.map_err(Problem::from)?;
    let yours = for_you(&shared, &asked, now).await?;
    let waits = without(waits, &yours);
    let left = left(&shared, &asked).await?;
    let others = wished.iter().filter(|one| !yours.subjects.contains(&one.row.id.to_string()));
    let shown = NowPage {
        left,
        wished: others.map(|one| exceptions::line(one, now)).collect(),
        yours,
        since: if may_read { since(now) } else { Vec::new() },
        ..view(frame, waits, may_see_plans, may_see_sources, now)
    };
    Ok(page(StatusCode::OK, &shown))
}

/// Without what stands among what waits for whoever looks.
fn without(waits: Waits, yours: &ForYou) -> Waits {
    let is_others = |id: &str| !yours.subjects.contains(id);
    Waits {
        undecided: waits.undecided.into_iter().filter(|plan| is_others(&plan.id.to_string())).collect(),
        held: waits.held.into_iter().filter(|(_, survey)| is_others(&survey.id.to_string())).collect(),
        ..waits
    }
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

/// What waits for this person.
async fn for_you(shared: &Shared, asked: &Asked, now: Instant) -> Result<ForYou, Problem> {
    let inbox = shared.engine.inbox(&asked.person).await?;
    let line = |one: &tenure_engine::Waiting, overdue: bool| YourLine {
        kind: text::spaced(one.kind.as_str()),
        tone: if overdue { "bad" } else { "warn" },
        mark: if overdue { "▲" } else { "?" },
        href: one.page.clone(),
        what: text::shown_long(&one.what),
        why: text::shown_long(&one.why),
        risk: one.risk.map(|risk| risk.as_str()),
        at: text::when(one.due.unwrap_or(one.since), now),
        word: match (overdue, one.due) {
            (true, _) => "overdue since",
            (false, Some(_)) => "to be done",
            (false, None) => "waits since",
        },
    };
    let more = |one: &tenure_engine::MoreWaiting| MoreLine {
        kind: text::spaced(one.kind.as_str()),
        at_least: one.at_least,
        href: one.page.clone(),
    };
    Ok(ForYou {
        overdue: inbox.overdue,
        subjects: inbox.waiting.iter().map(|one| one.waiting.subject.clone()).collect(),
        lines: inbox.waiting.iter().map(|one| line(&one.waiting, one.overdue)).collect(),
        more: inbox.more.iter().map(more).collect(),
        answered: inbox.answered.iter().map(|one| line(one, false)).collect(),
        note: inbox.note.as_deref().map(text::shown_long),
    })
}

/// Reports of what happened since some days ago.
fn since(now: Instant) -> Vec<(&'static str, String)> {
    let back = |days: u64| now.minus(Duration::from_hours(24 * days)).to_string();
    LOOKS_BACK.map(|(word, days)| (word, format!("/report?since={}", address::encoded(&back(days))))).to_vec()
}

fn view(frame: Frame, waits: Waits, may_see_plans: bool, may_see_sources: bool, now: Instant) -> NowPage {
    let Waits { queue, undecided, held, mut plans, sources } = waits;
    let (queue, counted) = match queue {
        Soon::Made(first) => (Some(first), Counted::Now),
        Soon::UnderWay(Some(first)) => {
            let at = text::when(first.at, now);
            (Some(first), Counted::Before(at))
        }
        Soon::UnderWay(None) => (None, Counted::NotYet),
    };
    let queue = queue.iter().flat_map(|first| &first.items);
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
        findings: queue.map(|one| queued(one, now)).collect(),
        counted,
        undecided: undecided.map(|plan| plan_line(plan, now)).collect(),
        held: held.collect(),
        doing: doing.into_iter().map(|plan| plan_line(plan, now)).collect(),
        ended: ended.into_iter().take(ENDED).map(|plan| plan_line(plan, now)).collect(),
        yours: ForYou::default(),
        left: None,
        wished: Vec::new(),
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
