//! `/reviews`: what waits for this person, the reviews that are open with how far each is, and those that are over.
//!
//! It must never begin one: a population is looked at first, in a terminal. Next: `review.rs`, one of them.

use super::{
    Frame, HTML, PageProblem, Place, page,
    table::{Cell, StateShown, Table, column, naming},
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{ReviewItemShown, ReviewShown};
use tenure_model::{Instant, ReviewItemState, ReviewState};

pub(super) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/reviews",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "The console: what waits for this person's decision, and reviews with how far they are.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(list),
};

/// Of each kind, at most; the API has all of them.
const ROWS: i64 = 50;
const MINE: i64 = 100;

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    frame: Frame,
    mine: Option<Table>,
    open: Vec<ReviewLine>,
    over: Vec<ReviewLine>,
}

/// A review on a line of its own.
pub(super) struct ReviewLine {
    pub(super) state: StateShown,
    pub(super) href: String,
    pub(super) what: String,
    pub(super) reason: text::Prose,
    pub(super) items: i64,
    pub(super) over: i64,
    pub(super) waits_for: Option<String>,
    /// When it is to be decided, or was over.
    pub(super) at: When,
    pub(super) why: Option<text::Prose>,
}

/// One line.
pub(super) fn line(one: &ReviewShown, now: Instant) -> ReviewLine {
    let row = &one.row;
    let (mark, tone) = match row.state {
        ReviewState::Open => ("◔", "warn"),
        ReviewState::Closed => ("✓", "good"),
        ReviewState::Cancelled => ("–", "quiet"),
    };
    ReviewLine {
        state: StateShown { mark, word: row.state.to_string(), tone: tone.to_owned() },
        href: format!("/reviews/{}", row.handle),
        what: text::shown(&row.rule),
        reason: text::prose(&row.reason),
        items: row.items,
        over: one.counts.iter().filter(|(state, _)| !state.waits()).map(|(_, count)| count).sum(),
        waits_for: one.waits_for.clone(),
        at: text::when(row.ended.unwrap_or(row.until), now),
        why: row.ended_why.as_deref().map(text::prose),
    }
}

/// How an item stands, with a mark that does not need its colour.
pub(super) fn state(state: ReviewItemState) -> StateShown {
    let (mark, tone) = match state {
        ReviewItemState::Open => ("?", "warn"),
        ReviewItemState::Decided => ("◔", "warn"),
        ReviewItemState::Done => ("✓", "good"),
        ReviewItemState::Missed => ("▲", "bad"),
        ReviewItemState::Over => ("–", "quiet"),
    };
    StateShown { mark, word: state.to_string(), tone: tone.to_owned() }
}

/// Items as a table; nothing where there are none.
pub(super) fn items(caption: impl Into<String>, rows: &[ReviewItemShown], now: Instant) -> Option<Table> {
    let columns = [
        column("State", "state"),
        naming("Identity"),
        column("Recommended", "few"),
        column("Decided", "few"),
        column("Whose turn, or what was seen", "text"),
        column("Due", "when"),
    ];
    Table::of(caption, &columns, rows.iter().map(|one| row(one, now)).collect())
}

fn row(one: &ReviewItemShown, now: Instant) -> Vec<Cell> {
    let row = &one.row;
    let word = |answer: Option<tenure_model::ReviewAnswer>, none: &str| {
        answer.map_or_else(|| Cell::quiet(none), |answer| Cell::Ours(answer.to_string()))
    };
    let who = match (row.state, &one.reviewer_name, &row.outcome) {
        (ReviewItemState::Open, Some(name), _) => Cell::outside(name),
        (ReviewItemState::Open, None, _) => Cell::Ours(row.turn.clone()),
        (_, _, Some(outcome)) => Cell::outside(outcome),
        (_, _, None) => Cell::quiet("waits to be seen"),
    };
    let at = match row.state {
        ReviewItemState::Open => row.due,
        ReviewItemState::Decided
        | ReviewItemState::Done
        | ReviewItemState::Missed
        | ReviewItemState::Over => row.settled.or(row.decided).unwrap_or(row.due),
    };
    vec![
        Cell::State(state(row.state)),
        Cell::link(format!("/review-items/{}", row.handle), &row.identity_name),
        word(row.recommends, "not looked at yet"),
        word(row.answer, "not yet"),
        who,
        Cell::Time(text::when(at, now)),
    ]
}

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let now = shared.engine.now();
    let (person, role) = (asked.person.id, asked.person.role);
    let mine = shared.engine.review_items_of(person, role, MINE).await.map_err(Problem::from)?;
    let open = shared.engine.reviews(true, 0, ROWS).await.map_err(Problem::from)?;
    let over = shared.engine.reviews(false, 0, ROWS).await.map_err(Problem::from)?;
    let shown = ReviewsPage {
        frame: Frame::of("Reviews", Place::Reviews, &asked),
        mine: items("What waits for you, by its end", &mine, now),
        open: open.iter().map(|one| line(one, now)).collect(),
        over: over.iter().map(|one| line(one, now)).collect(),
    };
    Ok(page(StatusCode::OK, &shown))
}
