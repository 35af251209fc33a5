//! `/requests/{request}`: one request with all that is asked, and the forms that decide it or take it back.
//!
//! A decision gives back the digest of what the page showed: what changed meanwhile is not decided unseen. It must never
//! offer a decision to whoever asked, nor of a step that is not theirs. Next: `requests.rs`, where one is asked for.

use super::{
    Frame, HTML, PageProblem, Place,
    clock::{self, ClockLine},
    form::{self, Field, Sent},
    page, requests, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{
    prelude::*,
    requests::{found, whose},
};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{RequestAnswer, RequestDecision, RequestRow, RequestShown, RequestStep};
use tenure_model::{Creation, DecisionRight, Instant, Ownership, Privilege, RequestState, Wanted};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/requests/{request}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Request },
    evidence: None,
    about: "The console: one request, and who decides it.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static DECIDE: Endpoint = form::act(
    "/requests/{request}/decide",
    (ApiAction::Approve, ApiResourceKind::Request),
    "request.decided",
    "The console: decides the step of a request that is this person's, as it was shown.",
    || post(decide),
);
pub(super) static WITHDRAW: Endpoint = form::act(
    "/requests/{request}/withdraw",
    (ApiAction::Request, ApiResourceKind::Request),
    "request.withdrawn",
    "The console: takes a request back.",
    || post(withdraw),
);

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    frame: Frame,
    what: String,
    address: String,
    handle: String,
    state: StateShown,
    reason: text::Prose,
    /// What is asked, a line each: its word, and what is said.
    facts: Vec<(&'static str, text::Prose)>,
    federation_preferred: bool,
    /// It was there before it was asked for.
    is_late: bool,
    /// It asks for rights of something that is there.
    of_rights: Option<OfRights>,
    /// It asks that somebody answers for something.
    of_owning: Option<OfOwning>,
    asked_by: String,
    asked: When,
    /// How long it may still wait, under a service level.
    clock: Option<ClockLine>,
    decide_by: Option<When>,
    use_by: Option<When>,
    usable: bool,
    ended: Option<When>,
    ended_why: Option<text::Prose>,
    identity: Option<(String, String)>,
    steps: Vec<StepLine>,
    digest: String,
    /// The field of the form that decides; nothing for whom no step waits.
    decides: Option<Field>,
    /// Why the next step is not this person's.
    not_theirs: Option<text::Prose>,
    /// The field of the form that takes it back.
    takes_back: Option<Field>,
    wrong: Option<text::Prose>,
}

/// Rights that are asked for of something that is there.
struct OfRights {
    /// It holds them already.
    is_held: bool,
}

/// Somebody who is to answer for something.
struct OfOwning {
    /// The handle of the handoff that it led to.
    handoff: Option<String>,
}

/// A step and its decision.
struct StepLine {
    who: String,
    by: Option<String>,
    at: Option<When>,
    reason: Option<text::Prose>,
    /// It was decided, and that does not count any more.
    is_void: bool,
}

fn step(one: &RequestStep, is_over: bool, now: Instant) -> StepLine {
    let by = one.person.map(|_| text::decider(one.person_name.as_deref(), one.in_place_of_name.as_deref()));
    StepLine {
        who: text::shown(&one.who),
        is_void: by.is_some() && !one.counts && !is_over,
        by,
        at: one.decided.map(|at| text::when(at, now)),
        reason: one.reason.as_deref().map(text::prose),
    }
}

fn facts(one: &RequestShown) -> Vec<(&'static str, text::Prose)> {
    match &one.row.wanted {
        Wanted::Creation(creation) => facts_of_making(one, creation),
        Wanted::Privilege(asked) => facts_of_rights(one, asked),
        Wanted::Ownership(asked) => facts_of_owning(one, asked),
    }
}

/// Each right with what was seen of it, and until when.
fn facts_of_rights(one: &RequestShown, asked: &Privilege) -> Vec<(&'static str, text::Prose)> {
    let mut facts: Vec<(&'static str, String)> = one
        .rights
        .iter()
        .map(|right| {
            let seen = match (right.seen, right.gone) {
                (None, _) => String::from("not seen yet"),
                (Some(seen), None) => format!("seen {seen:#}"),
                (Some(seen), Some(gone)) => format!("seen {seen:#}, gone {gone:#}"),
            };
            ("Right", format!("{} ({seen})", right.says))
        })
        .collect();
    facts.push(("Until", format!("{:#}", asked.until)));
    facts.extend(asked.class.clone().map(|class| ("Class", class)));
    facts.into_iter().map(|(word, said)| (word, text::prose(&said))).collect()
}

/// Who is to answer for what.
fn facts_of_owning(one: &RequestShown, asked: &Ownership) -> Vec<(&'static str, text::Prose)> {
    let to = one.to_name.clone().unwrap_or_else(|| String::from("somebody who left"));
    let mut facts = vec![
        ("To be offered to", to),
        ("As", format!("{} owner", asked.role)),
        ("Where the work stands", asked.stage.as_str().replace('_', " ")),
        ("Runbook", asked.runbook.clone()),
    ];
    facts.extend(asked.class.clone().map(|class| ("Class", class)));
    facts.into_iter().map(|(word, said)| (word, text::prose(&said))).collect()
}

fn facts_of_making(one: &RequestShown, creation: &Creation) -> Vec<(&'static str, text::Prose)> {
    let charter = &creation.charter;
    let name = |given: &Option<String>| given.clone().unwrap_or_else(|| String::from("somebody who left"));
    let mut facts = vec![
        ("Kind", creation.principal_kind.to_string()),
        ("Business owner", name(&one.business_owner_name)),
        ("Technical owner", name(&one.technical_owner_name)),
        ("Purpose", charter.purpose.clone().unwrap_or_default()),
        ("Boundary", charter.boundary.clone().unwrap_or_default()),
        ("May hold", charter.allowed_scope.join(", ")),
        ("Environment", charter.environment.map_or_else(String::new, |one| one.to_string())),
    ];
    facts.extend(charter.data_class.map(|data| ("Data class", data.to_string())));
    facts.extend(creation.class.clone().map(|class| ("Class", class)));
    facts.extend(
        charter.rotation_days.map(|days| ("Its credential is changed every", format!("{days} days"))),
    );
    facts.extend(charter.expires_at.map(|at| ("Ends", format!("{at:#}"))));
    facts.push(("What ends it earlier", charter.retirement_trigger.clone().unwrap_or_default()));
    facts.push(("Its credential will live in", creation.store.clone()));
    facts.into_iter().map(|(word, said)| (word, text::prose(&said))).collect()
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let row = found(&shared, &asked, &given).await?;
    shown(&shared, &asked, &row, (StatusCode::OK, None, None)).await
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    row: &RequestRow,
    (status, field, wrong): (StatusCode, Option<Field>, Option<String>),
) -> Result<Response, PageProblem> {
    let now = shared.engine.now();
    let one = shared.engine.request_shown(row).await.map_err(Problem::from)?;
    let waits = one.row.state == RequestState::Asked;
    let charter = shared.engine.request_charter(&one.row).await.map_err(Problem::from)?;
    let whose = whose(shared, asked, (&one.row, &charter)).await?;
    let may_decide = waits
        && asked.may_about(ApiAction::Approve, ApiResourceKind::Request, whose)
        && asked.holds(DecisionRight::Create, ApiResourceKind::Request, whose);
    let mut not_theirs = None;
    if may_decide {
        not_theirs =
            shared.engine.request_not_theirs(asked.person.id, &one.row).await.map_err(Problem::from)?;
    }
    let may_any = asked.holds(DecisionRight::Create, ApiResourceKind::Request, Whose::Nobodys);
    let may_take_back = one.row.ended.is_none()
        && asked.may_also(ApiAction::Request, ApiResourceKind::Request)
        && (one.row.asked_by == asked.person.id || may_any);
    let is_over = one.row.ended.is_some();
    let page_shown = RequestPage {
        frame: Frame::of(format!("Request {}", one.handle), Place::Requests, asked),
        what: requests::what(&one),
        address: format!("/requests/{}", one.handle),
        handle: one.handle.clone(),
        state: requests::state(one.row.state),
        reason: text::prose(&one.row.reason),
        facts: facts(&one),
        federation_preferred: one.federation_preferred,
        is_late: one.row.wanted.is_late(),
        of_owning: one.row.wanted.ownership().map(|_| OfOwning { handoff: one.handoff.clone() }),
        of_rights: one.row.wanted.privilege().map(|asked| OfRights { is_held: asked.late_for.is_some() }),
        asked_by: one.asked_by_name.as_deref().map_or_else(|| String::from("somebody who left"), text::shown),
        asked: text::when(one.row.asked, now),
        clock: clock::of(shared, &one.row.id).await?,
        decide_by: waits.then(|| text::when(one.row.decide_by, now)),
        use_by: (one.row.state == RequestState::Approved).then(|| text::when(one.row.use_by, now)),
        usable: one.usable,
        ended: one.row.ended.map(|at| text::when(at, now)),
        ended_why: one.row.ended_why.as_deref().map(text::prose),
        identity: one
            .identity_name
            .as_deref()
            .zip(one.row.identity.or(one.row.wanted.identity()))
            .map(|(name, id)| (text::shown(name), super::address::of_identity(name, &id.handle()))),
        steps: one.decisions.iter().map(|one| step(one, is_over, now)).collect(),
        digest: one.digest.clone(),
        decides: (may_decide && not_theirs.is_none()).then(|| field.unwrap_or_else(|| reason_field(""))),
        not_theirs: not_theirs.as_deref().map(text::prose),
        takes_back: may_take_back
            .then(|| Field::line("why", "Why it is taken back", "May be left empty. It is kept.", "")),
        wrong: wrong.as_deref().map(text::prose),
    };
    Ok(page(status, &page_shown))
}

fn reason_field(value: &str) -> Field {
    Field::needed("reason", "Why", "It is shown beside the request and kept.", value)
}

/// The decision as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    answer: RequestAnswer,
    reason: String,
    digest: String,
}

async fn decide(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Decided>,
) -> Result<Response, PageProblem> {
    let row = found(&shared, &asked, &given).await?;
    let charter = shared.engine.request_charter(&row).await.map_err(Problem::from)?;
    let whose = whose(&shared, &asked, (&row, &charter)).await?;
    let actor = asked.authorise_decision(DecisionRight::Create, whose)?;
    let sent = sent.read()?;
    let here = format!("/requests/{}", row.id.handle());
    let mut field = reason_field(&sent.reason);
    if let Err(problem) = at_most("reason", &sent.reason, SENTENCE_CHARS_MAX) {
        field.wrong = Some(problem.detail);
    } else if sent.reason.trim().is_empty() {
        field.wrong = Some(String::from("say why; whoever reads it later will ask"));
    }
    if field.wrong.is_some() {
        return shown(&shared, &asked, &row, (StatusCode::UNPROCESSABLE_ENTITY, Some(field), None)).await;
    }
    // Sent twice, it was decided by the first.
    let before = shared.engine.request_shown(&row).await.map_err(Problem::from)?;
    let is_theirs = |one: &RequestStep| {
        one.person == Some(actor.person) && one.reason.as_deref() == Some(sent.reason.trim())
    };
    if before.decisions.iter().any(is_theirs) {
        return Ok(see_other(&here));
    }
    let decision = RequestDecision { answer: sent.answer, reason: sent.reason, digest: sent.digest };
    match shared.engine.decide_request(actor, &row, decision).await.map_err(Problem::from) {
        Ok(_) => Ok(see_other(&here)),
        Err(problem) if is_told(problem.status) => {
            let said = format!("Nothing was decided: {}.", problem.detail);
            shown(&shared, &asked, &row, (problem.status, Some(field), Some(said))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What is told on the page itself, with what was typed.
const fn is_told(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::FORBIDDEN)
}

/// The form that takes it back, as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawn {
    #[serde(default)]
    why: String,
}

async fn withdraw(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Withdrawn>,
) -> Result<Response, PageProblem> {
    let row = found(&shared, &asked, &given).await?;
    let actor = asked.authorise(Whose::Nobodys)?;
    let sent = sent.read()?;
    at_most("why", &sent.why, SENTENCE_CHARS_MAX)?;
    // Sent twice, it was over after the first.
    if row.ended.is_none() {
        shared.engine.withdraw_request(actor, &row, &sent.why).await.map_err(Problem::from)?;
    }
    Ok(see_other(&format!("/requests/{}", row.id.handle())))
}
