//! `GET /plans/{handle}`: one action live. Steps, what was answered, what each point said, the
//! level reached and what is not known. It shows what is written down and computes no level:
//! that is `tenure-govern`. The template is `console/plan.html`.

use super::{Frame, HTML, PageProblem, page, text};
use crate::api::{find_plan, has_settled, prelude::*};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tenure_engine::{EngineFailure, PlanShown, ProbeRow, StepRow};
use tenure_model::{ControlPlane, Instant, PersonId, PlanState, ProbeAnswer, ProofLevel, ShortName};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/plans/{handle}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Plan },
    evidence: None,
    about: "The console: one plan, live.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    frame: Frame,
    handle: String,
    kind: &'static str,
    name: String,
    state: &'static str,
    mark: &'static str,
    tone: &'static str,
    is_live: bool,
    level: Option<&'static str>,
    level_meaning: &'static str,
    required: &'static str,
    required_meaning: &'static str,
    sentence: Option<String>,
    reason: String,
    requested: Said,
    approvals: Vec<Said>,
    waits_for_approval: bool,
    steps: Vec<StepLine>,
    points: Vec<PointLine>,
    control_plane: Option<Answered>,
    derived: Option<Answered>,
    touches: Vec<String>,
    warnings: Vec<String>,
    evidence: Option<String>,
    digest: String,
}

/// Who said something, and when.
struct Said {
    who: String,
    note: &'static str,
    at: text::When,
}

struct StepLine {
    position: i64,
    kind: String,
    mark: &'static str,
    state: &'static str,
    tone: &'static str,
    attempts: u32,
    done: Option<text::When>,
    answer: String,
    escalated: Option<text::When>,
}

/// One answer of a point.
struct Answered {
    mark: &'static str,
    word: &'static str,
    tone: &'static str,
    detail: String,
    at: text::When,
}

struct PointLine {
    name: String,
    before: Option<Answered>,
    after: Option<Answered>,
    /// How often it was asked after the act.
    times: usize,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    handle: Result<Named<String>, Problem>,
) -> Result<Response, PageProblem> {
    let Named(handle) = handle?;
    let (shown, charter) = find_plan(&shared, &handle).await?;
    asked.authorise(Whose::Chartered(&charter))?;
    let mut people: Vec<PersonId> = shown.approvals.iter().map(|approval| approval.person).collect();
    people.push(shown.plan.requested_by);
    let names = names_of(&shared, people).await?;
    let frame = Frame::of(format!("Plan {}", shown.plan.handle), &asked.person);
    Ok(page(StatusCode::OK, &view(frame, shown, &names, shared.engine.now())))
}

async fn names_of(shared: &Shared, people: Vec<PersonId>) -> Result<BTreeMap<PersonId, String>, Problem> {
    let read = move |tx: &mut tenure_engine::Tx<'_>| {
        let mut names = BTreeMap::new();
        for id in &people {
            let name =
                tx.person(*id)?.map_or_else(|| String::from("(left)"), |person| text::shown(&person.name));
            names.insert(*id, name);
        }
        Ok(names)
    };
    Ok(shared.engine.store().read("names", read).await.map_err(EngineFailure::from)?)
}

fn view(frame: Frame, shown: PlanShown, names: &BTreeMap<PersonId, String>, now: Instant) -> PlanPage {
    let name_of = |id| names.get(&id).cloned().unwrap_or_default();
    let is_live = !has_settled(&shown);
    let plan = shown.plan;
    let approvals = shown.approvals.iter().map(|approval| Said {
        who: name_of(approval.person),
        note: if approval.alone { "alone: who asked also decided" } else { "" },
        at: text::when(approval.decided, now),
    });
    let list = |name: &str| texts_of(&plan.blast_radius, name);
    PlanPage {
        frame,
        kind: plan.kind.as_str(),
        name: text::shown(&shown.identity_name),
        state: plan.state.as_str(),
        mark: text::plan_mark(plan.state),
        tone: text::plan_tone(plan.state),
        is_live,
        level: plan.level.map(ProofLevel::as_str),
        level_meaning: plan.level.map_or("", ProofLevel::meaning),
        required: plan.required_level.as_str(),
        required_meaning: plan.required_level.meaning(),
        sentence: plan.sentence.as_deref().map(text::shown_long),
        reason: text::shown_long(&plan.reason),
        requested: Said { who: name_of(plan.requested_by), note: "", at: text::when(plan.created, now) },
        approvals: approvals.collect(),
        waits_for_approval: plan.state == PlanState::Proposed,
        steps: shown.steps.iter().map(|step| step_line(step, now)).collect(),
        points: plan.points.iter().map(|point| point_line(point, &shown.probes, now)).collect(),
        control_plane: last_of(&shown.probes, "control_plane").and_then(|probe| control_plane(probe, now)),
        derived: last_of(&shown.probes, "derived").map(|probe| derived(probe, now)),
        touches: touches(&plan.blast_radius),
        warnings: list("warnings").into_iter().chain(list("unread")).collect(),
        evidence: span(&shown.evidence),
        digest: plan.digest,
        handle: plan.handle,
    }
}

fn step_line(step: &StepRow, now: Instant) -> StepLine {
    StepLine {
        position: step.position,
        kind: step.kind.as_str().replace('_', " "),
        mark: text::step_mark(step.state),
        state: step.state.as_str(),
        tone: text::step_tone(step.state),
        attempts: step.attempt,
        done: step.done.map(|at| text::when(at, now)),
        answer: step.answer.as_deref().map(text::shown_long).unwrap_or_default(),
        escalated: step.escalated.map(|at| text::when(at, now)),
    }
}

fn last_of<'probes>(probes: &'probes [ProbeRow], kind: &str) -> Option<&'probes ProbeRow> {
    probes.iter().rev().find(|probe| probe.kind == kind)
}

fn point_line(point: &ShortName, probes: &[ProbeRow], now: Instant) -> PointLine {
    let of = |kind: &str| -> Vec<&ProbeRow> {
        probes.iter().filter(|probe| probe.kind == kind && probe.point == point.as_str()).collect()
    };
    let after = of("after");
    PointLine {
        name: point.to_string(),
        before: of("control").last().and_then(|probe| probed(probe, Time::Before, now)),
        after: after.last().and_then(|probe| probed(probe, Time::After, now)),
        times: after.len(),
    }
}

/// Whether an attempt was made before or after the act: being let in is good before, bad after.
#[derive(Clone, Copy)]
enum Time {
    Before,
    After,
}

fn probed(probe: &ProbeRow, time: Time, now: Instant) -> Option<Answered> {
    let answer: ProbeAnswer = serde_json::from_value(probe.answer.clone()).ok()?;
    let at = text::when(probe.at, now);
    let answered = |mark, word, tone, detail: String| Answered {
        mark,
        word,
        tone,
        detail: text::shown_long(&detail),
        at,
    };
    Some(match (answer, time) {
        (ProbeAnswer::Refused { how }, Time::After) => answered("✓", "refused", "good", how),
        (ProbeAnswer::Refused { how }, Time::Before) => answered("▲", "refused", "bad", how),
        (ProbeAnswer::Accepted, Time::After) => answered("▲", "accepted", "bad", String::new()),
        (ProbeAnswer::Accepted, Time::Before) => answered("✓", "accepted", "good", String::new()),
        (ProbeAnswer::Unreachable { why }, _) => answered("?", "unreachable", "warn", why),
        (ProbeAnswer::CannotKnow { why }, _) => answered("?", "cannot know", "warn", why),
    })
}

fn control_plane(probe: &ProbeRow, now: Instant) -> Option<Answered> {
    let read: ControlPlane = serde_json::from_value(probe.answer.clone()).ok()?;
    let at = text::when(probe.at, now);
    Some(match read {
        ControlPlane::Absent => {
            Answered { mark: "✓", word: "absent", tone: "good", detail: String::new(), at }
        }
        ControlPlane::Disabled => {
            Answered { mark: "✓", word: "disabled", tone: "good", detail: String::new(), at }
        }
        ControlPlane::Enabled => {
            Answered { mark: "▲", word: "enabled", tone: "bad", detail: String::new(), at }
        }
        ControlPlane::Unread { why } => {
            Answered { mark: "?", word: "unread", tone: "warn", detail: text::shown_long(&why), at }
        }
    })
}

fn derived(probe: &ProbeRow, now: Instant) -> Answered {
    let count = |name: &str| probe.answer.get(name).and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let at = text::when(probe.at, now);
    match (count("found"), count("unread")) {
        (0, 0) => Answered { mark: "✓", word: "nothing alive", tone: "good", detail: String::new(), at },
        (0, unread) => Answered {
            mark: "?",
            word: "not read everywhere",
            tone: "warn",
            detail: format!("{unread} points unread"),
            at,
        },
        (found, _) => {
            Answered { mark: "▲", word: "alive", tone: "bad", detail: format!("{found} things alive"), at }
        }
    }
}

fn texts_of(blast_radius: &serde_json::Value, name: &str) -> Vec<String> {
    let items = blast_radius.get(name).and_then(serde_json::Value::as_array);
    items.into_iter().flatten().filter_map(serde_json::Value::as_str).map(text::shown_long).collect()
}

/// What it touches, in a few words each.
fn touches(blast_radius: &serde_json::Value) -> Vec<String> {
    let length =
        |name: &str| blast_radius.get(name).and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let number = |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_i64).unwrap_or(0);
    let owned = blast_radius.get("owned").and_then(serde_json::Value::as_array);
    let owned: i64 = owned.into_iter().flatten().map(|owned| number(owned.get("count"))).sum();
    let sessions = i64::try_from(length("sessions")).unwrap_or(i64::MAX);
    let members = i64::try_from(length("members")).unwrap_or(i64::MAX);
    let touched: Vec<String> = [
        (sessions, "live session", "live sessions"),
        (number(blast_radius.get("grants")), "right", "rights"),
        (owned, "thing it owns", "things it owns"),
        (members, "member", "members"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count != 0)
    .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
    .collect();
    if touched.is_empty() { vec![String::from("nothing that could be seen")] } else { touched }
}

/// Where its evidence is: `42–49`.
fn span(leaves: &[u64]) -> Option<String> {
    match (leaves.first(), leaves.last()) {
        (Some(first), Some(last)) if first != last => Some(format!("{first}–{last}")),
        (Some(first), _) => Some(first.to_string()),
        (None, _) => None,
    }
}
