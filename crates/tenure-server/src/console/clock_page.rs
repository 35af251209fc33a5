//! `/clocks/{ref}`: how a service level stands, and the forms that pause it for a while and let it run again.
//!
//! It must never offer what would be refused for a reason that is known before. Next: `clock.rs`, the line on other pages.

use super::{
    Frame, HTML, PageProblem, Place, clock,
    form::{self, Field, Nothing, Sent},
    page, see_other,
    text::{self, When},
};
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::ClockShown;
use tenure_model::Instant;

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/clocks/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: how the service level of what waits stands, and why it stands still.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static PAUSE: Endpoint = form::act(
    "/clocks/{ref}/pause",
    (ApiAction::Approve, ApiResourceKind::Request),
    "clock.paused",
    "The console: pauses a clock until a day.",
    || post(pause),
);
pub(super) static RESUME: Endpoint = form::act(
    "/clocks/{ref}/resume",
    (ApiAction::Approve, ApiResourceKind::Request),
    "clock.resumed",
    "The console: lets a paused clock run again.",
    || post(resume),
);

#[derive(Template)]
#[template(path = "clock_page.html")]
struct ClockPage {
    frame: Frame,
    one: clock::ClockLine,
    handle: String,
    level: String,
    step: i64,
    started: When,
    /// The fields of the form that pauses it; nothing where it may not be.
    pauses: Option<(Field, Field)>,
    /// Why it may not be paused, where nobody could.
    not_paused: Option<String>,
    resumes: bool,
    wrong: Option<text::Prose>,
}

/// The form that pauses, as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paused {
    until: String,
    reason: String,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let one = shared.engine.clock_of(&given).await.map_err(Problem::from)?;
    Ok(shown((&shared, &asked), &one, (StatusCode::OK, &Paused::default(), None)))
}

fn shown(
    (shared, asked): (&Shared, &Asked),
    one: &ClockShown,
    (status, typed, wrong): (StatusCode, &Paused, Option<&str>),
) -> Response {
    let now = shared.engine.now();
    let may = asked.may_also(ApiAction::Approve, ApiResourceKind::Request);
    let runs = one.paused.is_none();
    let not_paused = match one.pause_days_max {
        _ if !runs => None,
        None => Some(format!("Service level {} lets no clock be paused.", text::shown(&one.level))),
        Some(_) if one.late.is_some() => Some(String::from("What is late is not paused: it is decided.")),
        Some(_) => None,
    };
    let until = Field::needed("until", "Until", "A day, such as 2026-12-04, or an instant", &typed.until);
    let reason = Field::needed("reason", "Why", "It is shown beside what waits, and kept.", &typed.reason);
    page(
        status,
        &ClockPage {
            frame: Frame::of(format!("Service level of {}", one.handle), Place::Programme, asked),
            one: clock::ClockLine { page: None, ..clock::line(one, now) },
            handle: text::shown(&one.handle),
            level: text::shown(&one.level),
            step: one.step,
            started: text::when(one.started, now),
            pauses: (may && runs && not_paused.is_none()).then_some((until, reason)),
            not_paused,
            resumes: may && !runs,
            wrong: wrong.map(text::prose),
        },
    )
}

async fn pause(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Paused>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let sent = sent.read()?;
    at_most("reason", &sent.reason, SENTENCE_CHARS_MAX)?;
    let one = shared.engine.clock_of(&given).await.map_err(Problem::from)?;
    let refused = |status, why: &str| {
        Ok(shown((&shared, &asked), &one, (status, &sent, Some(&format!("Nothing was changed: {why}.")))))
    };
    let Ok(until) = Instant::parse_end(sent.until.trim()) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "`until` is no day such as 2026-12-04");
    };
    // Sent twice, it was paused by the first.
    if one.paused.as_ref().is_some_and(|pause| pause.until == until) {
        return Ok(see_other(&format!("/clocks/{}", one.handle)));
    }
    match shared.engine.pause_clock(actor, &one.subject, until, &sent.reason).await.map_err(Problem::from) {
        Ok(done) => Ok(see_other(&format!("/clocks/{}", done.handle))),
        Err(problem) if problem.status.is_client_error() => refused(problem.status, &problem.detail),
        Err(problem) => Err(problem.into()),
    }
}

async fn resume(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    sent.read()?;
    let one = shared.engine.clock_of(&given).await.map_err(Problem::from)?;
    // Sent twice, it runs since the first.
    if one.paused.is_none() {
        return Ok(see_other(&format!("/clocks/{}", one.handle)));
    }
    match shared.engine.resume_clock(actor, &one.subject).await.map_err(Problem::from) {
        Ok(done) => Ok(see_other(&format!("/clocks/{}", done.handle))),
        Err(problem) if problem.status.is_client_error() => {
            let said = format!("Nothing was changed: {}.", problem.detail);
            Ok(shown((&shared, &asked), &one, (problem.status, &Paused::default(), Some(&said))))
        }
        Err(problem) => Err(problem.into()),
    }
}
