//! `/delegations/{delegation}`: one delegation with what was decided by it, and the forms that answer or end it.
//!
//! It must never offer to accept to anybody but whom it was offered to. Next: `delegations.rs`, where one is offered.

use super::{
    Frame, HTML, PageProblem, Place,
    delegations::{kinds, name, state},
    form::{self, Field, Sent},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{
    delegations::{answer::DelegationWord, found, party},
    prelude::*,
};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{DelegatedDecision, DelegationRow};
use tenure_model::{DelegatedKind, DelegationState, Instant};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/delegations/{delegation}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Delegation },
    evidence: None,
    about: "The console: one delegation, and what was decided by it.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static ANSWER: Endpoint = form::act(
    "/delegations/{delegation}/answer",
    (ApiAction::Delegate, ApiResourceKind::Delegation),
    "delegation.accepted",
    "The console: accepts or declines a delegation.",
    || post(answer),
);
pub(super) static WITHDRAW: Endpoint = form::act(
    "/delegations/{delegation}/withdraw",
    (ApiAction::Delegate, ApiResourceKind::Delegation),
    "delegation.withdrawn",
    "The console: ends a delegation before its time.",
    || post(withdraw),
);

#[derive(Template)]
#[template(path = "delegation.html")]
struct DelegationPage {
    frame: Frame,
    address: String,
    handle: String,
    state: StateShown,
    from: String,
    to: String,
    kinds: String,
    reason: text::Prose,
    offered: When,
    begins: When,
    ends: When,
    accepted: Option<When>,
    ended: Option<When>,
    ended_why: Option<text::Prose>,
    decided: Vec<DecisionLine>,
    /// Whom it was offered to looks at it, and it waits.
    answers: bool,
    /// The field of the form that ends it.
    ends_it: Option<Field>,
}

/// Something that was decided by it.
struct DecisionLine {
    kind: &'static str,
    href: String,
    handle: String,
    at: When,
}

fn decision(one: &DelegatedDecision, now: Instant) -> DecisionLine {
    let page = match one.kind {
        DelegatedKind::Plan => "/plans",
        DelegatedKind::Request => "/requests",
        DelegatedKind::Exception => "/exceptions",
        DelegatedKind::Review => "/review-items",
    };
    DecisionLine {
        kind: one.kind.as_str(),
        href: format!("{page}/{}", one.handle),
        handle: text::shown(&one.handle),
        at: text::when(one.decided, now),
    }
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let row = found(&shared, &asked, &given).await?;
    let now = shared.engine.now();
    let one = shared.engine.delegation_shown(&row).await.map_err(Problem::from)?;
    let (line, row) = (&one.line, &one.line.row);
    let may = asked.may_about(ApiAction::Delegate, ApiResourceKind::Delegation, party(&asked, row));
    let is_receiver = row.to == asked.person.id;
    let waits = row.state == DelegationState::Offered;
    let lives = row.ended.is_none();
    let hint = "May be left empty. It is kept. What was decided by it and has not begun counts no more.";
    let page_shown = DelegationPage {
        frame: Frame::of(format!("Delegation {}", line.handle), Place::Requests, &asked),
        address: format!("/delegations/{}", line.handle),
        handle: line.handle.clone(),
        state: state(row.state, line.counts),
        from: name(line.from_name.as_deref()),
        to: name(line.to_name.as_deref()),
        kinds: kinds(&row.kinds),
        reason: text::prose(&row.reason),
        offered: text::when(row.offered, now),
        begins: text::when(row.begins, now),
        ends: text::when(row.ends, now),
        accepted: row.accepted.map(|at| text::when(at, now)),
        ended: row.ended.map(|at| text::when(at, now)),
        ended_why: row.ended_why.as_deref().map(text::prose),
        decided: one.decided.iter().map(|one| decision(one, now)).collect(),
        answers: waits && may && is_receiver && row.ends > now,
        ends_it: (lives && may && !(waits && is_receiver))
            .then(|| Field::line("why", "Why it is ended", hint, "")),
    };
    Ok(page(StatusCode::OK, &page_shown))
}

/// The answer as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    answer: DelegationWord,
}

/// Whether somebody answered so already: sent twice, it was the first that did.
fn is_answered(row: &DelegationRow, answer: DelegationWord) -> bool {
    match answer {
        DelegationWord::Accept => row.state == DelegationState::Accepted,
        DelegationWord::Decline => row.state == DelegationState::Declined,
    }
}

async fn answer(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Answered>,
) -> Result<Response, PageProblem> {
    let row = found(&shared, &asked, &given).await?;
    let actor = asked.authorise(party(&asked, &row))?;
    let sent = sent.read()?;
    let here = format!("/delegations/{}", row.id.handle());
    if row.to == actor.person && is_answered(&row, sent.answer) {
        return Ok(see_other(&here));
    }
    let engine = &shared.engine;
    match sent.answer {
        DelegationWord::Accept => engine.accept_delegation(actor, &row).await,
        DelegationWord::Decline => engine.decline_delegation(actor, &row, "").await,
    }
    .map_err(Problem::from)?;
    Ok(see_other(&here))
}

/// The form that ends it, as it is sent.
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
    let actor = asked.authorise(party(&asked, &row))?;
    let sent = sent.read()?;
    at_most("why", &sent.why, SENTENCE_CHARS_MAX)?;
    // Sent twice, it was over after the first.
    if row.ended.is_none() {
        shared.engine.withdraw_delegation(actor, &row, &sent.why).await.map_err(Problem::from)?;
    }
    Ok(see_other(&format!("/delegations/{}", row.id.handle())))
}
