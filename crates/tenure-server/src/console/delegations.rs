//! `/delegations`: who decides in whose place and until when, what is over, and the form that offers one's own decisions.
//!
//! What is wrong with the form is said beside it, with what was typed still in it. It must never offer another's decisions.
//! Next: `delegation.rs`, one of them, where it is accepted or ended.

use super::{
    Frame, HTML, PageProblem, Place,
    form::{self, Field, Sent, Shape},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{
    delegations::offer::{THEIRS, limited},
    prelude::*,
};
use askama::Template;
use axum::response::Response;
use tenure_engine::{DelegationLine, DelegationWish, DelegationsMeant};
use tenure_model::{DelegatedKind, DelegationState, Instant};

pub(super) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/delegations",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Delegation },
    evidence: None,
    about: "The console: who decides in whose place, and the form that lets somebody.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(list),
};
pub(super) static OFFER: Endpoint = form::act(
    "/delegations",
    (ApiAction::Delegate, ApiResourceKind::Delegation),
    "delegation.offered",
    "The console: offers somebody to decide in one's place.",
    || post(offer),
);

/// Of each kind, at most; the API has all of them.
const ROWS: u32 = 200;
const OVER: u32 = 20;

#[derive(Template)]
#[template(path = "delegations.html")]
struct DelegationsPage {
    frame: Frame,
    current: Vec<DelegationShownLine>,
    over: Vec<DelegationShownLine>,
    /// A list is cut.
    is_cut: bool,
    /// The form; nothing for whoever decides nothing.
    fields: Option<Vec<Field>>,
    people: Vec<String>,
    wrong: Option<text::Prose>,
}

/// A delegation on a line of its own.
pub(super) struct DelegationShownLine {
    state: StateShown,
    href: String,
    from: String,
    to: String,
    kinds: String,
    begins: When,
    word: &'static str,
    at: When,
    reason: text::Prose,
    why: Option<text::Prose>,
}

fn line(one: &DelegationLine, now: Instant) -> DelegationShownLine {
    let row = &one.row;
    let (word, at) = match row.ended {
        None => ("ends", row.ends),
        Some(ended) => ("over", ended),
    };
    DelegationShownLine {
        state: state(row.state, one.counts),
        href: format!("/delegations/{}", one.handle),
        from: name(one.from_name.as_deref()),
        to: name(one.to_name.as_deref()),
        kinds: kinds(&row.kinds),
        begins: text::when(row.begins, now),
        word,
        at: text::when(at, now),
        reason: text::prose(&row.reason),
        why: row.ended_why.as_deref().map(text::prose),
    }
}

pub(super) fn name(given: Option<&str>) -> String {
    given.map_or_else(|| String::from("somebody who left"), text::shown)
}

/// What is decided, in words.
pub(super) fn kinds(given: &[DelegatedKind]) -> String {
    if given.len() == DelegatedKind::ALL.len() {
        return String::from("plans, requests, exceptions and reviews");
    }
    given.iter().map(|kind| format!("{kind}s")).collect::<Vec<_>>().join(" and ")
}

/// How it stands, with a mark that does not need its colour. One that was accepted and whose time has not come says so.
pub(super) fn state(state: DelegationState, counts: bool) -> StateShown {
    let (mark, tone, word) = match state {
        DelegationState::Offered => ("?", "warn", "offered"),
        DelegationState::Accepted if counts => ("✓", "good", "counts"),
        DelegationState::Accepted => ("○", "quiet", "accepted"),
        DelegationState::Declined => ("×", "quiet", "declined"),
        DelegationState::Withdrawn => ("–", "quiet", "withdrawn"),
        DelegationState::Lapsed => ("■", "quiet", "lapsed"),
    };
    StateShown { mark, word: word.to_owned(), tone: tone.to_owned() }
}

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    shown(&shared, &asked, &Offered::default(), (StatusCode::OK, None)).await
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    sent: &Offered,
    (status, wrong): (StatusCode, Option<String>),
) -> Result<Response, PageProblem> {
    let now = shared.engine.now();
    let (mut is_cut, mut lists) = (false, Vec::new());
    for (meant, most) in [(DelegationsMeant::Current, ROWS), (DelegationsMeant::Over, OVER)] {
        let mut rows =
            shared.engine.delegations(meant, 0, i64::from(most) + 1).await.map_err(Problem::from)?;
        is_cut |= rows.len() > most as usize;
        rows.truncate(most as usize);
        lists.push(rows.iter().map(|one| line(one, now)).collect::<Vec<_>>());
    }
    let (over, current) = (lists.pop(), lists.pop());
    let may = asked.may_about(ApiAction::Delegate, ApiResourceKind::Delegation, Whose::Claimed(THEIRS));
    let people = shared.engine.store().read("people", |tx: &mut tenure_engine::Tx<'_>| tx.people()).await;
    let people = people.map_err(tenure_engine::EngineFailure::from).map_err(Problem::from)?;
    let page_shown = DelegationsPage {
        frame: Frame::of("Delegations", Place::Requests, asked),
        current: current.unwrap_or_default(),
        over: over.unwrap_or_default(),
        is_cut,
        fields: may.then(|| fields(sent)),
        people: people.iter().map(|one| text::shown(&one.name)).collect(),
        wrong: wrong.as_deref().map(text::prose),
    };
    Ok(page(status, &page_shown))
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Offered {
    to: String,
    begins: String,
    ends: String,
    kind: String,
    reason: String,
}

fn fields(sent: &Offered) -> Vec<Field> {
    let kinds = Shape::Choice(DelegatedKind::ALL.iter().map(|one| one.as_str()).collect());
    vec![
        Field::needed("to", "Who decides for you", "They accept it, or nothing changes.", &sent.to)
            .shaped(Shape::Line { names: true }),
        Field::line("begins", "From", "A day such as 2026-12-04; at once, unless said.", &sent.begins),
        Field::needed("ends", "Until", "The last day of it, such as 2026-12-18.", &sent.ends),
        Field::line("kind", "What they decide", "All of it, unless you say one kind.", &sent.kind)
            .shaped(kinds),
        Field::needed("reason", "Why", "Everybody who may sign in reads it, and it is kept.", &sent.reason),
    ]
}

/// What is offered; or what of it cannot be read.
fn read(sent: &Offered) -> Result<DelegationWish, String> {
    let begins = match sent.begins.trim() {
        "" => None,
        given => {
            let read = Instant::parse_begin(given);
            Some(read.map_err(|_| String::from("`from` is no day such as 2026-12-04"))?)
        }
    };
    let ends = Instant::parse_end(sent.ends.trim());
    let ends = ends.map_err(|_| String::from("`until` is no day such as 2026-12-18"))?;
    let kinds = match sent.kind.trim() {
        "" => Vec::new(),
        given => vec![given.parse().map_err(|why: tenure_model::UnknownWord| why.to_string())?],
    };
    Ok(DelegationWish { to: sent.to.trim().to_owned(), begins, ends, kinds, reason: sent.reason.clone() })
}

async fn offer(
    State(shared): State<Shared>,
    asked: Asked,
    sent: Sent<Offered>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Claimed(THEIRS))?;
    let sent = sent.read()?;
    let made = match read(&sent) {
        Ok(wish) => match limited(&wish) {
            Ok(()) => shared.engine.offer_delegation(actor, wish).await.map_err(Problem::from),
            Err(problem) => Err(problem),
        },
        Err(why) => {
            let answer = (StatusCode::UNPROCESSABLE_ENTITY, Some(format!("Nothing was offered: {why}.")));
            return shown(&shared, &asked, &sent, answer).await;
        }
    };
    match made {
        Ok(made) => Ok(see_other(&format!("/delegations/{}", made.line.handle))),
        Err(problem)
            if matches!(
                problem.status,
                StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::NOT_FOUND
            ) =>
        {
            let answer = (problem.status, Some(format!("Nothing was offered: {}.", problem.detail)));
            shown(&shared, &asked, &sent, answer).await
        }
        Err(problem) => Err(problem.into()),
    }
}
