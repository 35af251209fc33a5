//! `GET /exceptions`: what is permitted to fail: what waits for a decision, what stands and until when, what is over.
//!
//! The figures stand first: a control of which much is excepted is what does not fit. It must never decide anything.
//! Next: `exception.rs`, one of them.

use super::{
    Frame, HTML, PageProblem, Place, page,
    table::StateShown,
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{ControlFigures, ExceptionFigures, ExceptionShown, ExceptionsMeant};
use tenure_model::{ExceptionKind, ExceptionState, Instant};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/exceptions",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: exceptions that wait, that stand, and that are over, with their figures.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Of each kind, at most; the API has all of them.
const ROWS: u32 = 200;
const OVER: u32 = 20;

#[derive(Template)]
#[template(path = "exceptions.html")]
struct ExceptionsPage {
    frame: Frame,
    figures: ExceptionFigures,
    oldest: Option<When>,
    /// Identities that stand excepted, in per cent of those of which anything is asked; with one digit.
    share: String,
    flagged: Vec<ControlFigures>,
    waiting: Vec<ExceptionLine>,
    standing: Vec<ExceptionLine>,
    over: Vec<ExceptionLine>,
    /// A list is cut.
    is_cut: bool,
}

/// An exception on a line of its own.
pub(super) struct ExceptionLine {
    pub(super) state: StateShown,
    pub(super) href: String,
    pub(super) handle: String,
    /// `rotation overdue of pg-main/app`.
    pub(super) what: String,
    pub(super) kind: &'static str,
    pub(super) by: String,
    pub(super) reason: text::Prose,
    /// What comes next, before its time: `decided by`, `ends`, `ended`.
    pub(super) word: &'static str,
    pub(super) at: When,
    pub(super) why: Option<text::Prose>,
}

/// One line.
pub(super) fn line(one: &ExceptionShown, now: Instant) -> ExceptionLine {
    let row = &one.row;
    let (word, at) = match row.state {
        ExceptionState::Requested => ("to be decided", row.decide_by),
        ExceptionState::Granted => ("counts again", row.ends),
        ExceptionState::Refused | ExceptionState::Withdrawn | ExceptionState::Ended => {
            ("over", row.ended.unwrap_or(row.ends))
        }
    };
    ExceptionLine {
        state: state(row.state),
        href: format!("/exceptions/{}", one.handle),
        handle: one.handle.clone(),
        what: text::shown(&format!("{} of {}", text::spaced(&row.policy), row.identity_name)),
        kind: if row.kind == ExceptionKind::Constraint { "constraint" } else { "exception" },
        by: one.requested_by_name.as_deref().map_or_else(|| String::from("somebody who left"), text::shown),
        reason: text::prose(&row.reason),
        word,
        at: text::when(at, now),
        why: row.ended_why.as_deref().map(text::prose),
    }
}

/// How it stands, with a mark that does not need its colour.
pub(super) fn state(state: ExceptionState) -> StateShown {
    let (mark, tone) = match state {
        ExceptionState::Requested => ("?", "warn"),
        ExceptionState::Granted => ("◐", "warn"),
        ExceptionState::Refused => ("×", "quiet"),
        ExceptionState::Withdrawn => ("–", "quiet"),
        ExceptionState::Ended => ("■", "quiet"),
    };
    StateShown { mark, word: state.to_string(), tone: tone.to_owned() }
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let engine = &shared.engine;
    let now = engine.now();
    let figures = engine.exception_figures().await.map_err(Problem::from)?;
    let mut is_cut = false;
    let mut lists = Vec::new();
    for (meant, most) in
        [(ExceptionsMeant::Waiting, ROWS), (ExceptionsMeant::Standing, ROWS), (ExceptionsMeant::Over, OVER)]
    {
        let mut rows = engine.exceptions(meant, 0, i64::from(most) + 1).await.map_err(Problem::from)?;
        let most = most as usize;
        is_cut |= rows.len() > most;
        rows.truncate(most);
        lists.push(rows.iter().map(|one| line(one, now)).collect::<Vec<_>>());
    }
    let (over, standing, waiting) = (lists.pop(), lists.pop(), lists.pop());
    let shown = ExceptionsPage {
        frame: Frame::of("Exceptions", Place::Exceptions, &asked),
        oldest: figures.numbers.oldest.map(|at| text::when(at, now)),
        share: share(figures.identities_excepted, figures.identities_enrolled),
        flagged: figures.controls.iter().filter(|one| one.flagged).cloned().collect(),
        figures,
        waiting: waiting.unwrap_or_default(),
        standing: standing.unwrap_or_default(),
        over: over.unwrap_or_default(),
        is_cut,
    };
    Ok(page(StatusCode::OK, &shown))
}

/// Per cent with one digit; nothing of nothing is 0.
fn share(part: i64, whole: i64) -> String {
    let thousandths = part.saturating_mul(1_000) / whole.max(1);
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_share_is_said_with_one_digit_and_nothing_of_nothing_is_none() {
        assert_eq!(super::share(1, 3), "33.3 %");
        assert_eq!(super::share(0, 0), "0.0 %");
        assert_eq!(super::share(5, 5), "100.0 %");
    }
}
