//! `/handoffs`: what is offered to whom and until when, and what is over; and the form that offers an identity.
//!
//! What is wrong with the form is said beside it, with what was typed still in it. It must never move anything.
//! Next: `handoff.rs`, one of them, where it is accepted.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent, Shape},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{
    handoffs::{THEIRS, limited},
    prelude::*,
};
use askama::Template;
use axum::response::Response;
use tenure_engine::{HandoffLine, HandoffWish, HandoffsMeant, IdentityRow};
use tenure_model::{DecisionRight, HandoffStage, HandoffState, Instant, OwnerRole};

pub(super) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/handoffs",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Handoff },
    evidence: None,
    about: "The console: handoffs that wait, and that are over.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(list),
};
pub(super) static FORM: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/handoff",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: the form that offers somebody to answer for an identity.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(form),
};
pub(super) static OFFER: Endpoint = form::act(
    "/identities/{ref}/handoff",
    (ApiAction::Own, ApiResourceKind::Identity),
    "handoff.offered",
    "The console: offers somebody to answer for an identity.",
    || post(offer),
);

/// Of each kind, at most; the API has all of them.
const ROWS: u32 = 200;
const OVER: u32 = 20;

#[derive(Template)]
#[template(path = "handoffs.html")]
struct HandoffsPage {
    frame: Frame,
    waiting: Vec<HandoffShownLine>,
    over: Vec<HandoffShownLine>,
    /// A list is cut.
    is_cut: bool,
}

/// A handoff on a line of its own.
pub(super) struct HandoffShownLine {
    pub(super) state: StateShown,
    pub(super) href: String,
    pub(super) what: String,
    pub(super) role: &'static str,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) reason: text::Prose,
    pub(super) word: &'static str,
    pub(super) at: When,
    pub(super) why: Option<text::Prose>,
}

/// One line.
pub(super) fn line(one: &HandoffLine, now: Instant) -> HandoffShownLine {
    let row = &one.row;
    let (word, at) = match row.ended {
        None => ("to be accepted", row.accept_by),
        Some(ended) => ("over", ended),
    };
    HandoffShownLine {
        state: state(row.state),
        href: format!("/handoffs/{}", one.handle),
        what: text::shown(&row.identity_name),
        role: role(row.role),
        from: giver(one),
        to: name(one.to_name.as_deref()),
        reason: text::prose(&row.reason),
        word,
        at: text::when(at, now),
        why: row.ended_why.as_deref().map(text::prose),
    }
}

pub(super) fn name(given: Option<&str>) -> String {
    given.map_or_else(|| String::from("somebody who left"), text::shown)
}

/// Whose share it was, or that it was nobody's.
pub(super) fn giver(one: &HandoffLine) -> String {
    match one.row.from {
        Some(_) => name(one.from_name.as_deref()),
        None => String::from("nobody"),
    }
}

pub(super) const fn role(role: OwnerRole) -> &'static str {
    match role {
        OwnerRole::Business => "business owner",
        OwnerRole::Technical => "technical owner",
    }
}

/// How it stands, with a mark that does not need its colour.
pub(super) fn state(state: HandoffState) -> StateShown {
    let (mark, tone) = match state {
        HandoffState::Offered => ("?", "warn"),
        HandoffState::Accepted => ("✓", "good"),
        HandoffState::Declined => ("×", "quiet"),
        HandoffState::Withdrawn => ("–", "quiet"),
        HandoffState::Lapsed => ("■", "quiet"),
    };
    StateShown { mark, word: state.to_string(), tone: tone.to_owned() }
}

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let now = shared.engine.now();
    let (mut is_cut, mut lists) = (false, Vec::new());
    for (meant, most) in [(HandoffsMeant::Offered, ROWS), (HandoffsMeant::Over, OVER)] {
        let mut rows = shared.engine.handoffs(meant, 0, i64::from(most) + 1).await.map_err(Problem::from)?;
        is_cut |= rows.len() > most as usize;
        rows.truncate(most as usize);
        lists.push(rows.iter().map(|one| line(one, now)).collect::<Vec<_>>());
    }
    let (over, waiting) = (lists.pop(), lists.pop());
    let shown = HandoffsPage {
        frame: Frame::of("Handoffs", Place::Requests, &asked),
        waiting: waiting.unwrap_or_default(),
        over: over.unwrap_or_default(),
        is_cut,
    };
    Ok(page(StatusCode::OK, &shown))
}

#[derive(Template)]
#[template(path = "handoff-new.html")]
struct FormPage {
    frame: Frame,
    name: String,
    identity: String,
    address: String,
    fields: Vec<Field>,
    people: Vec<String>,
    wrong: Option<text::Prose>,
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Offered {
    to: String,
    role: String,
    stage: String,
    runbook: String,
    reason: String,
}

fn fields(sent: &Offered) -> Vec<Field> {
    let roles = Shape::Choice(OwnerRole::ALL.iter().map(|one| one.as_str()).collect());
    let stages = Shape::Choice(HandoffStage::ALL.iter().map(|one| one.as_str()).collect());
    vec![
        Field::needed("to", "To whom", "They accept it, or it stays as it is.", &sent.to)
            .shaped(Shape::Line { names: true }),
        Field::line(
            "role",
            "Which share",
            "Yours, or the only one that nobody has, unless said.",
            &sent.role,
        )
        .shaped(roles),
        Field::line(
            "stage",
            "Where the work stands",
            "Being set up, in use, changing or ending.",
            &sent.stage,
        )
        .shaped(stages),
        Field::needed("runbook", "Runbook", "What to do about it: an address, or a text.", &sent.runbook),
        Field::needed("reason", "Why", "Whom it is offered to reads it, and it is kept.", &sent.reason),
    ]
}

async fn shown(
    (shared, asked): (&Shared, &Asked),
    identity: &IdentityRow,
    sent: &Offered,
    (status, wrong): (StatusCode, Option<String>),
) -> Result<Response, PageProblem> {
    let people = shared.engine.store().read("people", |tx: &mut tenure_engine::Tx<'_>| tx.people()).await;
    let people = people.map_err(tenure_engine::EngineFailure::from).map_err(Problem::from)?;
    let at = address::of_identity(&identity.name, &identity.handle);
    let name = text::shown(&identity.name);
    let shown = FormPage {
        frame: Frame::of(format!("Hand on {name}"), Place::Requests, asked),
        address: format!("{at}/handoff"),
        identity: at,
        name,
        fields: fields(sent),
        people: people.iter().map(|one| text::shown(&one.name)).collect(),
        wrong: wrong.as_deref().map(text::prose),
    };
    Ok(page(status, &shown))
}

async fn form(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    asked.authorise(Whose::Claimed(THEIRS))?;
    shown((&shared, &asked), &identity, &Offered::default(), (StatusCode::OK, None)).await
}

/// What is offered; or what of it cannot be read.
fn read(identity: &IdentityRow, sent: &Offered) -> Result<HandoffWish, String> {
    let role = match sent.role.trim() {
        "" => None,
        given => Some(given.parse().map_err(|why: tenure_model::UnknownWord| why.to_string())?),
    };
    let stage = match sent.stage.trim() {
        "" => return Err(String::from("say where the work stands")),
        given => given.parse().map_err(|why: tenure_model::UnknownWord| why.to_string())?,
    };
    Ok(HandoffWish {
        identity: identity.id.to_string(),
        to: sent.to.trim().to_owned(),
        role,
        stage,
        runbook: sent.runbook.clone(),
        reason: sent.reason.clone(),
    })
}

async fn offer(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Offered>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    asked.authorise(Whose::Claimed(THEIRS))?;
    let sent = sent.read()?;
    let wrong = |why: String| format!("Nothing was offered: {why}.");
    let wish = match read(&identity, &sent) {
        Ok(wish) => wish,
        Err(why) => {
            let answer = (StatusCode::UNPROCESSABLE_ENTITY, Some(wrong(why)));
            return shown((&shared, &asked), &identity, &sent, answer).await;
        }
    };
    let claimed = shared.engine.handoff_claim(asked.person.id, &wish).await.map_err(Problem::from)?;
    let made = match asked.authorise_decision(DecisionRight::Own, Whose::Claimed(claimed)) {
        Ok(actor) => match limited(&wish.to, &wish.runbook, &wish.reason) {
            Ok(()) => shared.engine.offer_handoff(actor, wish).await.map_err(Problem::from),
            Err(problem) => Err(problem),
        },
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(see_other(&format!("/handoffs/{}", made.line.handle))),
        Err(problem)
            if matches!(
                problem.status,
                StatusCode::UNPROCESSABLE_ENTITY
                    | StatusCode::CONFLICT
                    | StatusCode::FORBIDDEN
                    | StatusCode::NOT_FOUND
            ) =>
        {
            let answer = (problem.status, Some(wrong(problem.detail)));
            shown((&shared, &asked), &identity, &sent, answer).await
        }
        Err(problem) => Err(problem.into()),
    }
}
