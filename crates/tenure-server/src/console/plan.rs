//! `GET /plans/{handle}`: one action live. Steps, what was answered, what each point said, the
//! level reached and what is not known. It shows what is written down and computes no level:
//! that is `tenure-govern`. The template is `console/plan.html`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    clock::{self, ClockLine},
    page,
    text::{self, Prose},
};
use crate::api::{find_plan, has_settled, prelude::*, whose_plan as whose};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tenure_engine::{
    Approval, DecisionNeeded, EngineFailure, FileChange, PlanRow, PlanShown, ProbeRow, StepRow,
};
use tenure_model::{
    Charter, ControlPlane, Instant, PersonId, PlanKind, PlanState, ProbeAnswer, ProofLevel, ShortName,
    StepKind, StepState, counted,
};

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
    /// Whether it is loaded again by itself without script: never while somebody may be typing.
    refreshes: bool,
    level: Option<&'static str>,
    level_meaning: &'static str,
    required: &'static str,
    required_meaning: &'static str,
    /// The most that can be proved, and why, where that is less.
    at_most: Option<(String, Prose)>,
    sentence: Option<Prose>,
    reason: Prose,
    requested: Said,
    approvals: Vec<Said>,
    /// How long it may still wait, under a service level.
    clock: Option<ClockLine>,
    /// The decisions it needs, in order; none where one is enough.
    decisions: Vec<DecisionLine>,
    /// Why it is not theirs to decide who looks at it.
    not_theirs: Option<Prose>,
    /// What may be done with it from here.
    offer: Offer,
    /// What was wrong in a form.
    wrong: Option<&'static str>,
    /// The identity's address.
    identity: String,
    /// How it can be taken back.
    way_back: Prose,
    sessions: Vec<String>,
    owned: Vec<String>,
    members: Vec<String>,
    heir: Option<String>,
    /// The file, where it is about one.
    file: Option<FileLine>,
    /// What has to be typed; nothing when the name cannot be typed in one line.
    typed: Option<String>,
    steps: Vec<StepLine>,
    points: Vec<PointLine>,
    control_plane: Option<Answered>,
    derived: Option<Answered>,
    touches: Vec<String>,
    warnings: Vec<text::Prose>,
    evidence: Option<String>,
    digest: String,
}

/// A file that is tightened: from what to what, and for whom.
struct FileLine {
    place: String,
    /// Where it lies on the machine that Tenure runs on, where that is another path.
    path_here: Option<String>,
    mode_before: String,
    mode_after: String,
    owner: String,
    group: String,
    lose: Vec<String>,
    keep: Vec<String>,
    /// Who tries to read it before and after, or why nobody can.
    tried: Prose,
}

/// One of the decisions that a plan needs.
struct DecisionLine {
    who: String,
    by: Option<String>,
    ends: Option<text::When>,
}

/// Who said something, and when.
struct Said {
    who: String,
    note: String,
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
    answer: Prose,
    escalated: Option<text::When>,
}

/// One answer of a point.
struct Answered {
    mark: &'static str,
    word: &'static str,
    tone: &'static str,
    detail: Prose,
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
    asked.authorise(whose(&shared, &asked, (&shown, &charter)).await?)?;
    show(&shared, &asked, shown, &charter, None).await
}

/// The page once more, because of what was wrong in a form of it.
pub(super) async fn again(
    shared: &Shared,
    asked: &Asked,
    shown: PlanShown,
    charter: &Charter,
    wrong: &'static str,
) -> Result<Response, PageProblem> {
    show(shared, asked, shown, charter, Some(wrong)).await
}

async fn show(
    shared: &Shared,
    asked: &Asked,
    shown: PlanShown,
    charter: &Charter,
    wrong: Option<&'static str>,
) -> Result<Response, PageProblem> {
    let mut people: Vec<PersonId> = shown.approvals.iter().map(|approval| approval.person).collect();
    people.extend(shown.plan.requested_by);
    people.extend(shown.decisions.iter().flat_map(|one| [one.person, one.in_place_of]).flatten());
    let names = names_of(shared, people).await?;
    let whose = whose(shared, asked, (&shown, charter)).await?;
    let may = |action| asked.may_about(action, ApiResourceKind::Plan, whose);
    let offers = Offers { apply: may(ApiAction::Apply), withdraw: may(ApiAction::Plan), wrong };
    let not_theirs = match shown.plan.state {
        PlanState::Proposed if offers.apply => {
            shared.engine.not_theirs(asked.person.id, &shown.plan).await.map_err(Problem::from)?
        }
        _ => None,
    };
    let identity = shown.plan.identity;
    let read = move |tx: &mut tenure_engine::Tx<'_>| tx.identity(identity);
    let identity = shared.engine.store().read("identity", read).await.map_err(Problem::from)?;
    let frame = Frame::of(format!("Plan {}", shown.plan.handle), Place::Plans, asked);
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let address = address::of_identity(&identity.name, &identity.handle);
    let clock = clock::of(shared, &shown.plan.id).await?;
    Ok(page(status, &view(frame, shown, &names, (offers, not_theirs), (address, clock), shared.engine.now())))
}

/// Names of people, for whoever asks about them.
pub(super) async fn names_of(
    shared: &Shared,
    people: Vec<PersonId>,
) -> Result<BTreeMap<PersonId, String>, Problem> {
    let read = move |tx: &mut tenure_engine::Tx<'_>| {
        let mut names = BTreeMap::new();
        for id in &people {
            if names.contains_key(id) {
                continue;
            }
            let name =
                tx.person(*id)?.map_or_else(|| String::from("(left)"), |person| text::shown(&person.name));
            names.insert(*id, name);
        }
        Ok(names)
    };
    Ok(shared.engine.store().read("names", read).await.map_err(EngineFailure::from)?)
}

/// What the page offers to do.
#[derive(Clone, Copy)]
struct Offers {
    apply: bool,
    withdraw: bool,
    wrong: Option<&'static str>,
}

/// What keeps a plan from reaching what it must, as it was when it was made.
fn at_most(plan: &PlanRow) -> Option<(String, Prose)> {
    let level: ProofLevel = plan.blast_radius.pointer("/at_most/level")?.as_str()?.parse().ok()?;
    let why = plan.blast_radius.pointer("/at_most/why")?.as_str()?;
    (level < plan.required_level).then(|| (level.to_string(), text::prose(why)))
}

fn view(
    frame: Frame,
    shown: PlanShown,
    names: &BTreeMap<PersonId, String>,
    (offers, not_theirs): (Offers, Option<String>),
    (identity, clock): (String, Option<ClockLine>),
    now: Instant,
) -> PlanPage {
    let name_of = |id| names.get(&id).cloned().unwrap_or_default();
    let is_live = !has_settled(&shown);
    let offer = offer(&shown, offers);
    let (plan, path_here) = (shown.plan, shown.path_here);
    let approvals = shown.approvals.iter().map(|approval| Said {
        who: name_of(approval.person),
        note: note_of(approval),
        at: text::when(approval.decided, now),
    });
    let list = |name: &str| texts_of(&plan.blast_radius, name);
    PlanPage {
        frame,
        clock,
        offer,
        wrong: offers.wrong,
        identity,
        way_back: way_back(&plan.blast_radius, plan.kind),
        sessions: derived_texts(&plan.blast_radius),
        owned: owned_texts(&plan.blast_radius),
        heir: plan.heir.as_deref().map(text::shown),
        typed: typed(plan.about()),
        file: file_line(&plan, path_here.as_deref()),
        kind: plan.kind.as_str(),
        name: text::shown(&shown.identity_name),
        state: plan.state.as_str(),
        mark: text::plan_mark(plan.state),
        tone: text::plan_tone(plan.state),
        is_live,
        refreshes: is_live && plan.state != PlanState::Proposed && offers.wrong.is_none(),
        level: plan.level.map(ProofLevel::as_str),
        level_meaning: plan.level.map_or("", |level| level.meaning_for(plan.kind)),
        required: plan.required_level.as_str(),
        required_meaning: plan.required_level.meaning_for(plan.kind),
        at_most: at_most(&plan),
        sentence: plan.sentence.as_deref().map(text::prose),
        reason: text::prose(&plan.reason),
        requested: Said {
            who: plan.requested_by.map_or_else(|| String::from("Tenure"), name_of),
            note: String::new(),
            at: text::when(plan.created, now),
        },
        approvals: approvals.collect(),
        decisions: decisions(&shown.decisions, names, now),
        not_theirs: not_theirs.as_deref().map(text::prose),
        members: list("members"),
        steps: shown.steps.iter().map(|step| step_line(step, now)).collect(),
        points: plan.points.iter().map(|point| point_line(point, &shown.probes, now)).collect(),
        control_plane: last_of(&shown.probes, "control_plane")
            .and_then(|probe| control_plane(probe, plan.kind, now)),
        derived: last_of(&shown.probes, "derived").map(|probe| derived(probe, plan.kind, now)),
        touches: if plan.file.is_some() { Vec::new() } else { touches(&plan.blast_radius) },
        warnings: list("warnings").iter().chain(&list("unread")).map(|one| text::prose(one)).collect(),
        evidence: span(&shown.evidence),
        digest: plan.digest,
        handle: plan.handle,
    }
}

fn decisions(
    needed: &[DecisionNeeded],
    names: &BTreeMap<PersonId, String>,
    now: Instant,
) -> Vec<DecisionLine> {
    let line = |one: &DecisionNeeded| DecisionLine {
        who: match (one.people.is_empty(), one.person) {
            (false, _) => text::shown(&format!("{}: {}", one.who, one.people.join(", "))),
            (true, None) => text::shown(&format!("{} (nobody here may)", one.who)),
            (true, Some(_)) => text::shown(&one.who),
        },
        by: one.person.and_then(|id| {
            let name = names.get(&id)?.clone();
            let from = one.in_place_of.and_then(|id| names.get(&id));
            Some(from.map_or_else(|| name.clone(), |from| format!("{name} (for {from})")))
        }),
        ends: one.ends.map(|at| text::when(at, now)),
    };
    needed.iter().map(line).collect()
}

/// What is to be known of an approval: whether somebody decided alone, which step, or in an emergency.
fn note_of(approval: &Approval) -> String {
    let emergency = approval.emergency.as_ref().map(|why| format!("in an emergency: {}", text::shown(why)));
    let alone = approval.alone.then(|| String::from("alone: who asked also decided"));
    let step = approval.step.map(|step| format!("step {}", step + 1));
    [step, alone, emergency].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What a page offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    /// To decide, the name typed, or to withdraw.
    Decide {
        may_withdraw: bool,
    },
    /// It waits, for somebody else.
    Wait {
        may_withdraw: bool,
    },
    /// To withdraw it: it was decided and has not begun.
    Withdraw,
    /// To take it back.
    Undo,
    Nothing,
}

fn offer(shown: &PlanShown, offers: Offers) -> Offer {
    let removal_began = shown.steps.iter().any(|step| {
        step.kind == StepKind::Delete && !matches!(step.state, StepState::Waiting | StepState::Skipped)
    });
    match shown.plan.state {
        PlanState::Proposed if offers.apply => Offer::Decide { may_withdraw: offers.withdraw },
        PlanState::Proposed => Offer::Wait { may_withdraw: offers.withdraw },
        PlanState::Approved if offers.withdraw => Offer::Withdraw,
        PlanState::Running | PlanState::Proved | PlanState::Short if offers.apply && !removal_began => {
            Offer::Undo
        }
        PlanState::Approved
        | PlanState::Running
        | PlanState::Proved
        | PlanState::Short
        | PlanState::Undoing
        | PlanState::Undone
        | PlanState::Withdrawn => Offer::Nothing,
    }
}

/// A name as it is typed: only one that is shown as it is can be.
fn typed(name: &str) -> Option<String> {
    (text::shown(name) == name && name.trim() == name).then(|| name.to_owned())
}

/// How it can be taken back, and until when.
fn way_back(blast_radius: &serde_json::Value, kind: PlanKind) -> Prose {
    let until = match kind {
        PlanKind::Revoke => "It can be taken back until the step `delete` begins",
        PlanKind::Disable | PlanKind::Enable => "It can be taken back",
        PlanKind::Tighten => {
            return text::prose(
                "It can be taken back: the file gets its former mode, while it is the same file and nobody else changed it.",
            );
        }
    };
    let value = match blast_radius.get("undo_restores_value") {
        Some(restores) if restores.get("Ok").is_some() => String::from("; what it had works again then."),
        Some(restores) => match restores.get("Err").and_then(serde_json::Value::as_str) {
            Some(why) => format!("; what it had does not come back: {why}."),
            None => String::from("."),
        },
        None => String::from("."),
    };
    text::prose(&format!("{until}{value}"))
}

/// What is logged in now, a line each, the first few.
fn derived_texts(blast_radius: &serde_json::Value) -> Vec<String> {
    let said = |session: &serde_json::Value| {
        let of = |name| session.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        text::shown(&format!("{} {} at {}", of("kind"), of("name"), of("point")))
    };
    first_few(blast_radius.get("sessions"), said)
}

/// What it owns, a line each, the first few.
fn owned_texts(blast_radius: &serde_json::Value) -> Vec<String> {
    let said = |owned: &serde_json::Value| {
        let of = |name| owned.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let count = owned.get("count").and_then(serde_json::Value::as_i64).unwrap_or(0);
        text::shown(&format!("{count} {} in {}", of("kind"), of("place")))
    };
    first_few(blast_radius.get("owned"), said)
}

fn first_few(items: Option<&serde_json::Value>, said: impl Fn(&serde_json::Value) -> String) -> Vec<String> {
    const FEW: usize = 8;
    let items: Vec<&serde_json::Value> =
        items.and_then(serde_json::Value::as_array).into_iter().flatten().collect();
    let mut lines: Vec<String> = items.iter().take(FEW).map(|item| said(item)).collect();
    if items.len() > FEW {
        lines.push(format!("and {} more", items.len() - FEW));
    }
    lines
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
        answer: step.answer.as_deref().map(text::prose).unwrap_or_default(),
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
    let answered =
        |mark, word, tone, detail: String| Answered { mark, word, tone, detail: text::prose(&detail), at };
    Some(match (answer, time) {
        (ProbeAnswer::Refused { how }, Time::After) => answered("✓", "refused", "good", how),
        (ProbeAnswer::Refused { how }, Time::Before) => answered("▲", "refused", "bad", how),
        (ProbeAnswer::Accepted, Time::After) => answered("▲", "accepted", "bad", String::new()),
        (ProbeAnswer::Accepted, Time::Before) => answered("✓", "accepted", "good", String::new()),
        (ProbeAnswer::Unreachable { why }, _) => answered("?", "unreachable", "warn", why),
        (ProbeAnswer::CannotKnow { why }, _) => answered("?", "cannot know", "warn", why),
    })
}

fn control_plane(probe: &ProbeRow, kind: PlanKind, now: Instant) -> Option<Answered> {
    let read: ControlPlane = serde_json::from_value(probe.answer.clone()).ok()?;
    let at = text::when(probe.at, now);
    if kind == PlanKind::Tighten {
        return Some(control_plane_of_file(read, at));
    }
    Some(match read {
        ControlPlane::Absent => {
            Answered { mark: "✓", word: "absent", tone: "good", detail: Prose::default(), at }
        }
        ControlPlane::Disabled => {
            Answered { mark: "✓", word: "disabled", tone: "good", detail: Prose::default(), at }
        }
        ControlPlane::Enabled => {
            Answered { mark: "▲", word: "enabled", tone: "bad", detail: Prose::default(), at }
        }
        ControlPlane::Unread { why } => {
            Answered { mark: "?", word: "unread", tone: "warn", detail: text::prose(&why), at }
        }
    })
}

/// What a reading of a file's mode and access list showed.
fn control_plane_of_file(read: ControlPlane, at: text::When) -> Answered {
    let answered = |mark, word, tone| Answered { mark, word, tone, detail: Prose::default(), at };
    match read {
        ControlPlane::Disabled => answered("✓", "closed to others", "good"),
        ControlPlane::Enabled => answered("▲", "open to others", "bad"),
        ControlPlane::Absent => answered("▲", "not that file", "bad"),
        ControlPlane::Unread { why } => {
            Answered { detail: text::prose(&why), ..answered("?", "unread", "warn") }
        }
    }
}

/// The file of a plan, with what its blast radius says.
fn file_line(plan: &PlanRow, path_here: Option<&str>) -> Option<FileLine> {
    let place = text::shown(&plan.file.as_ref()?.place);
    let change: FileChange = serde_json::from_value(plan.blast_radius.get("file")?.clone()).ok()?;
    let names = |names: &[String]| names.iter().map(|name| text::shown(name)).collect();
    Some(FileLine {
        place,
        path_here: path_here.map(text::shown),
        mode_before: text::shown(&change.mode_before),
        mode_after: text::shown(&change.mode_after),
        owner: text::shown(&change.owner),
        group: text::shown(&change.group),
        lose: names(&change.lose),
        keep: names(&change.keep),
        tried: match &change.tried_as {
            Ok(account) => text::prose(&format!("{account} tries to read it before and after")),
            Err(why) => text::prose(why),
        },
    })
}

fn derived(probe: &ProbeRow, kind: PlanKind, now: Instant) -> Answered {
    let count = |name: &str| probe.answer.get(name).and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let at = text::when(probe.at, now);
    match (count("found"), count("unread")) {
        (0, 0) if kind == PlanKind::Tighten => {
            Answered { mark: "✓", word: "no open copy", tone: "good", detail: Prose::default(), at }
        }
        (found, _) if kind == PlanKind::Tighten && found > 0 => {
            let detail = format!("{} others can read", counted(found, "copy"));
            Answered { mark: "▲", word: "open copies", tone: "warn", detail: text::prose(&detail), at }
        }
        (0, 0) => Answered { mark: "✓", word: "nothing alive", tone: "good", detail: Prose::default(), at },
        (0, unread) => Answered {
            mark: "?",
            word: "not read everywhere",
            tone: "warn",
            detail: text::prose(&format!("{} unread", counted(unread, "point"))),
            at,
        },
        (found, _) => Answered {
            mark: "▲",
            word: "alive",
            tone: "bad",
            detail: text::prose(&format!("{} alive", counted(found, "thing"))),
            at,
        },
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
