//! `/exceptions/{exception}`: one exception with all that counts when it is decided, and the forms that decide it or take it back.
//!
//! A decision gives back the digest of what the page showed: what changed meanwhile is not decided unseen. It must never
//! offer a decision to whoever asked. Next: `except.rs`, where one is asked for.

use super::{
    Frame, HTML, PageProblem, Place, address,
    clock::{self, ClockLine},
    exceptions::{self, ExceptionLine},
    form::{self, Field, Sent},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{exceptions::found, prelude::*};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{ExceptionAnswer, ExceptionCase, ExceptionDecision, ExceptionRow, IdentityRow};
use tenure_model::{DecisionRight, ExceptionState};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/exceptions/{exception}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: one exception, and who may grant it.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static DECIDE: Endpoint = form::act(
    "/exceptions/{exception}/decide",
    (ApiAction::Approve, ApiResourceKind::Identity),
    "exception.granted",
    "The console: grants or refuses an exception as it was shown.",
    || post(decide),
);
pub(super) static WITHDRAW: Endpoint = form::act(
    "/exceptions/{exception}/withdraw",
    (ApiAction::Plan, ApiResourceKind::Identity),
    "exception.withdrawn",
    "The console: takes an exception back.",
    || post(withdraw),
);

#[derive(Template)]
#[template(path = "exception.html")]
struct ExceptionPage {
    frame: Frame,
    name: String,
    identity: String,
    address: String,
    handle: String,
    policy: String,
    kind: &'static str,
    state: StateShown,
    finding: Option<text::Prose>,
    reason: text::Prose,
    compensation: text::Prose,
    instead: Vec<String>,
    requested_by: String,
    requested: When,
    /// How long it may still wait, under a service level.
    clock: Option<ClockLine>,
    decide_by: Option<When>,
    ends: When,
    replace_by: Option<When>,
    decided_by: Option<String>,
    decided: Option<When>,
    decision_reason: Option<text::Prose>,
    ended: Option<When>,
    ended_why: Option<text::Prose>,
    used_days: u64,
    before: Vec<ExceptionLine>,
    granted_by: Option<String>,
    not_granted_because: Option<text::Prose>,
    digest: String,
    /// The field of the form that decides; nothing for whoever may not, or who asked.
    decides: Option<Field>,
    is_own: bool,
    /// The field of the form that takes it back.
    takes_back: Option<Field>,
    wrong: Option<text::Prose>,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let (row, identity) = found(&shared, &asked, &given).await?;
    shown(&shared, &asked, (row, identity), StatusCode::OK, None, None).await
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    (row, identity): (ExceptionRow, IdentityRow),
    status: StatusCode,
    decides: Option<Field>,
    wrong: Option<String>,
) -> Result<Response, PageProblem> {
    let now = shared.engine.now();
    let ExceptionCase { shown, finding_reason, used_days, before, granted_by, not_granted_because } =
        shared.engine.exception_case(row).await.map_err(Problem::from)?;
    let whose = Whose::Chartered(&identity.charter);
    let may = |action| asked.may_about(action, ApiResourceKind::Identity, whose);
    let row = &shown.row;
    let waits = row.state == ExceptionState::Requested;
    let is_own = row.requested_by == asked.person.id;
    let may_decide =
        may(ApiAction::Approve) && asked.holds(DecisionRight::Except, ApiResourceKind::Identity, whose);
    let is_open = waits || row.state == ExceptionState::Granted;
    let name = |given: &Option<String>| {
        given.as_deref().map_or_else(|| String::from("somebody who left"), text::shown)
    };
    let page_shown = ExceptionPage {
        frame: Frame::of(format!("Exception {}", shown.handle), Place::Exceptions, asked),
        name: text::shown(&identity.name),
        identity: address::of_identity(&identity.name, &identity.handle),
        address: format!("/exceptions/{}", shown.handle),
        handle: shown.handle.clone(),
        policy: text::shown(&text::spaced(&row.policy)),
        kind: row.kind.as_str(),
        state: exceptions::state(row.state),
        finding: finding_reason.as_deref().map(text::prose),
        reason: text::prose(&row.reason),
        compensation: text::prose(&row.compensation),
        instead: row.instead.iter().map(|policy| text::shown(&text::spaced(policy))).collect(),
        requested_by: name(&shown.requested_by_name),
        requested: text::when(row.requested, now),
        clock: clock::of(shared, &row.id).await?,
        decide_by: waits.then(|| text::when(row.decide_by, now)),
        ends: text::when(row.ends, now),
        replace_by: row.replace_by.map(|at| text::when(at, now)),
        decided_by: row
            .decided_by
            .map(|_| text::decider(shown.decided_by_name.as_deref(), shown.in_place_of_name.as_deref())),
        decided: row.decided.map(|at| text::when(at, now)),
        decision_reason: row.decision_reason.as_deref().map(text::prose),
        ended: row.ended.map(|at| text::when(at, now)),
        ended_why: row.ended_why.as_deref().map(text::prose),
        used_days,
        before: before.iter().map(|one| exceptions::line(one, now)).collect(),
        granted_by: granted_by.map(|who| text::shown(&who)),
        not_granted_because: not_granted_because.as_deref().map(text::prose),
        digest: shown.digest.clone(),
        decides: (waits && may_decide && !is_own).then(|| decides.unwrap_or_else(|| reason_field(""))),
        is_own: waits && is_own,
        takes_back: (is_open && may(ApiAction::Plan))
            .then(|| Field::line("why", "Why it is taken back", "May be left empty. It is kept.", "")),
        wrong: wrong.as_deref().map(text::prose),
    };
    Ok(page(status, &page_shown))
}

fn reason_field(value: &str) -> Field {
    Field::needed("reason", "Why", "It is shown beside the exception and kept.", value)
}

/// The decision as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    answer: ExceptionAnswer,
    reason: String,
    digest: String,
}

async fn decide(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Decided>,
) -> Result<Response, PageProblem> {
    let (row, identity) = found(&shared, &asked, &given).await?;
    let actor = asked.authorise_decision(DecisionRight::Except, Whose::Chartered(&identity.charter))?;
    let sent = sent.read()?;
    let here = format!("/exceptions/{}", row.id.handle());
    let mut field = reason_field(&sent.reason);
    if let Err(problem) = at_most("reason", &sent.reason, SENTENCE_CHARS_MAX) {
        field.wrong = Some(problem.detail);
    } else if sent.reason.trim().is_empty() {
        field.wrong = Some(String::from("say why; whoever reads it later will ask"));
    }
    if field.wrong.is_some() {
        return shown(&shared, &asked, (row, identity), StatusCode::UNPROCESSABLE_ENTITY, Some(field), None)
            .await;
    }
    let wanted = match sent.answer {
        ExceptionAnswer::Grant => ExceptionState::Granted,
        ExceptionAnswer::Refuse => ExceptionState::Refused,
    };
    // Sent twice, it was decided by the first.
    if (row.state, row.decided_by) == (wanted, Some(actor.person)) {
        return Ok(see_other(&here));
    }
    let decision = ExceptionDecision { answer: sent.answer, reason: sent.reason, digest: sent.digest };
    match shared.engine.decide_exception(actor, &row, decision).await.map_err(Problem::from) {
        Ok(_) => Ok(see_other(&here)),
        Err(problem) if is_told(problem.status) => {
            let said = format!("Nothing was decided: {}.", problem.detail);
            let (row, identity) = found(&shared, &asked, &given).await?;
            shown(&shared, &asked, (row, identity), problem.status, Some(field), Some(said)).await
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
    let (row, identity) = found(&shared, &asked, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    let sent = sent.read()?;
    at_most("why", &sent.why, SENTENCE_CHARS_MAX)?;
    let here = format!("/exceptions/{}", row.id.handle());
    // Sent twice, it was over after the first.
    if row.ended.is_none() {
        shared.engine.withdraw_exception(actor, &row, &sent.why).await.map_err(Problem::from)?;
    }
    Ok(see_other(&here))
}
