//! `GET /doctor`: what is well, what is not, and what to do about it. What is not well stands first.
//!
//! The whole log is checked whenever this page is opened; nobody is led here without asking for it.

use super::{Frame, HTML, PageProblem, Place, page, table::StateShown, text};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{Check, CheckState};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/doctor",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "The console: every check, with what to do where something is not well.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

#[derive(Template)]
#[template(path = "doctor.html")]
struct DoctorPage {
    frame: Frame,
    headline: String,
    headline_tone: &'static str,
    checks: Vec<Line>,
}

struct Line {
    state: StateShown,
    what: String,
    found: text::Prose,
    remedy: Option<text::Prose>,
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let mut checks = shared.engine.doctor().await.map_err(Problem::from)?;
    checks.sort_by_key(|check| match check.state {
        CheckState::Broken => 0,
        CheckState::Look => 1,
        CheckState::Well => 2,
    });
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (headline, headline_tone) = match (count(CheckState::Broken), count(CheckState::Look)) {
        (0, 0) => (format!("All {} checks are well.", checks.len()), "good"),
        (0, look) => (format!("Nothing is broken; {look} of {} checks want a look.", checks.len()), "warn"),
        (broken, look) => {
            (format!("{broken} broken, {look} want a look, of {} checks.", checks.len()), "bad")
        }
    };
    let shown = DoctorPage {
        frame: Frame::of("Doctor", Place::Doctor, &asked),
        headline,
        headline_tone,
        checks: checks.into_iter().map(line).collect(),
    };
    Ok(page(StatusCode::OK, &shown))
}

fn line(check: Check) -> Line {
    let (mark, word, tone) = match check.state {
        CheckState::Well => ("✓", "well", "good"),
        CheckState::Look => ("◔", "look", "warn"),
        CheckState::Broken => ("▲", "broken", "bad"),
    };
    Line {
        state: StateShown { mark, word: String::from(word), tone: String::from(tone) },
        what: text::shown(&check.what),
        found: text::prose(&check.found),
        remedy: check.remedy.filter(|remedy| !remedy.is_empty()).map(|remedy| text::prose(&remedy)),
    }
}
