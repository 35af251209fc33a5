//! The console: pages made on the server, that work without script.
//!
//! Everything shown that came from outside goes through `text.rs` (one line, one direction) and
//! the templates' escaping. A page never counts over everything and never loads anything from
//! another host. Templates, stylesheet and script are in `console/` at the root.

mod address;
mod as_of;
mod assets;
pub(crate) mod astray;
mod charter;
mod charter_form;
mod clock;
mod clock_page;
mod confirm;
mod controls;
mod delegation;
mod delegations;
mod doctor;
mod entry;
mod evidence;
mod except;
mod exception;
mod exceptions;
mod find;
mod finding;
mod form;
mod handoff;
mod handoffs;
mod headline;
mod held;
mod identity;
mod lists;
mod messages;
mod now;
mod people;
mod picture;
mod plan;
mod plan_acts;
mod plans;
mod programme;
mod report;
mod request;
mod requests;
mod review;
mod review_item;
mod reviews;
mod rights;
mod sign_in;
mod source;
mod source_acts;
mod source_change;
mod systems;
mod table;
mod text;
mod tickets;
mod wanted_owner;
mod whose;

use crate::{endpoint::Endpoint, enter::Asked, problem::Problem};
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tenure_judge::{ApiAction, ApiResourceKind};

/// Every page and what pages need.
pub(crate) static ENDPOINTS: &[&Endpoint] = &[
    &now::ENDPOINT,
    &lists::IDENTITIES,
    &lists::PRINCIPALS,
    &lists::CREDENTIALS,
    &lists::RIGHTS,
    &systems::SYSTEMS,
    &find::ENDPOINT,
    &identity::ENDPOINT,
    &charter::SHOW,
    &charter::WRITE,
    &charter::PASS_ON,
    &confirm::SHOW,
    &confirm::ANSWER,
    &finding::SHOW,
    &finding::DISMISS,
    &finding::COUNT,
    &except::SHOW,
    &except::ASK,
    &exceptions::ENDPOINT,
    &exception::SHOW,
    &exception::DECIDE,
    &exception::WITHDRAW,
    &tickets::ENDPOINT,
    &as_of::ENDPOINT,
    &as_of::ONE,
    &clock_page::SHOW,
    &clock_page::PAUSE,
    &clock_page::RESUME,
    &requests::LIST,
    &requests::FORM,
    &requests::ASK,
    &rights::FORM,
    &rights::ASK,
    &wanted_owner::FORM,
    &wanted_owner::ASK,
    &request::SHOW,
    &request::DECIDE,
    &request::WITHDRAW,
    &delegations::LIST,
    &delegations::OFFER,
    &delegation::SHOW,
    &delegation::ANSWER,
    &delegation::WITHDRAW,
    &handoffs::LIST,
    &handoffs::FORM,
    &handoffs::OFFER,
    &handoff::SHOW,
    &handoff::ANSWER,
    &handoff::WITHDRAW,
    &reviews::LIST,
    &review::SHOW,
    &review::CANCEL,
    &review_item::SHOW,
    &review_item::DECIDE,
    &whose::SHOW,
    &whose::CLAIM,
    &plan_acts::DRAFT,
    &plans::ENDPOINT,
    &plan::ENDPOINT,
    &plan_acts::APPLY,
    &plan_acts::WITHDRAW,
    &plan_acts::UNDO,
    &evidence::ENDPOINT,
    &entry::ENDPOINT,
    &systems::SOURCES,
    &source::ENDPOINT,
    &source_change::SHOW,
    &source_change::WRITE,
    &source_acts::SURVEY,
    &source_acts::DECIDE,
    &programme::ENDPOINT,
    &controls::ACKNOWLEDGE,
    &people::ENDPOINT,
    &messages::ENDPOINT,
    &doctor::ENDPOINT,
    &report::ENDPOINT,
    &sign_in::SHOW,
    &sign_in::BEGIN,
    &sign_in::LEAVE,
    &sign_in::BACK,
    &sign_in::END,
    &assets::STYLE,
    &assets::SCRIPT,
    &assets::MARK,
];

/// What a page may load and where it may send: ourselves, and nobody else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";

/// Where a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Now,
    Inventory,
    Plans,
    Exceptions,
    Requests,
    Reviews,
    Evidence,
    Sources,
    Programme,
    Report,
    Doctor,
}

/// Every place: its address, its word, the letter after `g`, and what one must be allowed to go there.
const PLACES: [PlaceKnown; 11] = [
    (Place::Now, "/", "Now", 'n', ApiAction::View, ApiResourceKind::Identity),
    (Place::Inventory, "/identities", "Inventory", 'i', ApiAction::View, ApiResourceKind::Identity),
    (Place::Plans, "/plans", "Plans", 'p', ApiAction::View, ApiResourceKind::Plan),
    (Place::Exceptions, "/exceptions", "Exceptions", 'x', ApiAction::View, ApiResourceKind::Identity),
    (Place::Requests, "/requests", "Requests", 'q', ApiAction::View, ApiResourceKind::Request),
    (Place::Reviews, "/reviews", "Reviews", 'v', ApiAction::View, ApiResourceKind::Review),
    (Place::Evidence, "/evidence", "Evidence", 'e', ApiAction::ReadEvidence, ApiResourceKind::Evidence),
    (Place::Sources, "/sources", "Sources", 's', ApiAction::View, ApiResourceKind::Source),
    (Place::Programme, "/programme", "Programme", 'm', ApiAction::View, ApiResourceKind::System),
    (Place::Report, "/report", "Report", 'r', ApiAction::ReadEvidence, ApiResourceKind::Evidence),
    (Place::Doctor, "/doctor", "Doctor", 'd', ApiAction::View, ApiResourceKind::System),
];

type PlaceKnown = (Place, &'static str, &'static str, char, ApiAction, ApiResourceKind);

/// A place as the frame names it.
struct PlaceShown {
    href: &'static str,
    word: &'static str,
    key: char,
    is_here: bool,
}

/// What stands around every page.
struct Frame {
    title: String,
    /// Who is signed in.
    person: Option<String>,
    /// Where they may go.
    places: Vec<PlaceShown>,
}

impl Frame {
    fn of(title: impl Into<String>, here: Place, asked: &Asked) -> Self {
        let may = |(.., action, kind): &PlaceKnown| asked.may_also(*action, *kind);
        let shown =
            |(place, href, word, key, ..): PlaceKnown| PlaceShown { href, word, key, is_here: place == here };
        Self {
            title: title.into(),
            person: Some(text::shown(&asked.person.name)),
            places: PLACES.into_iter().filter(may).map(shown).collect(),
        }
    }

    /// At no place, for somebody who is known.
    fn around(title: impl Into<String>, asked: &Asked) -> Self {
        let mut frame = Self::of(title, Place::Now, asked);
        frame.places.iter_mut().for_each(|place| place.is_here = false);
        frame
    }

    /// For somebody who is not known, or not known yet.
    fn bare(title: impl Into<String>) -> Self {
        Self { title: title.into(), person: None, places: Vec::new() }
    }
}

/// Fills a template in.
fn page(status: StatusCode, template: &impl Template) -> Response {
    let html = match template.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            return Problem::ours().into_response();
        }
    };
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Under `no-referrer` a browser sends its own forms with the origin `null`, which is nobody's: see `guard.rs`.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // For what does not know `frame-ancestors`.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let permissions = HeaderName::from_static("permissions-policy");
    headers.insert(permissions, HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    response
}

/// A problem as a page; somebody unknown is led to the sign-in instead.
pub(crate) struct PageProblem(pub(crate) Problem);

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    status: u16,
    title: &'static str,
    detail: text::Prose,
    remedy: Option<text::Prose>,
    /// Whether a form was sent.
    typed: bool,
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let problem = self.0;
        if problem.status == StatusCode::UNAUTHORIZED {
            return see_other("/sign-in");
        }
        let mut response = problem_page(Frame::bare(problem.title), &problem, Sent::Unknown);
        // Who asked is known further out, and with that where they may go: see `with_places`.
        response.extensions_mut().insert(problem);
        response
    }
}

/// Whether a form led to a problem.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Form,
    Unknown,
}

fn problem_page(frame: Frame, problem: &Problem, sent: Sent) -> Response {
    let shown = ProblemPage {
        frame,
        status: problem.status.as_u16(),
        title: problem.title,
        detail: text::prose(&problem.detail),
        remedy: problem.remedy.as_deref().map(text::prose),
        typed: sent == Sent::Form,
    };
    page(problem.status, &shown)
}

/// A problem's page with the way to every place, for somebody who is known; any other answer as it is.
pub(crate) fn with_places(asked: &Asked, mut response: Response) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => {
            let sent = if asked.sent_a_form() { Sent::Form } else { Sent::Unknown };
            problem_page(Frame::around(problem.title, asked), &problem, sent)
        }
        None => response,
    }
}

/// Sends the browser on to one of our own addresses. Whatever came from outside is percent-encoded in it, so it
/// begins with one slash and never leads to another host.
fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => Problem::ours().into_response(),
    }
}
