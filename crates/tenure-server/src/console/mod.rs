//! The console: pages made on the server, that work without script.
//!
//! Everything shown that came from outside goes through `text.rs` (one line, one direction) and
//! the templates' escaping. A page never counts over everything and never loads anything from
//! another host. Templates, stylesheet and script are in `console/` at the root.

mod assets;
mod identities;
mod plan;
mod sign_in;
mod text;

use crate::{endpoint::Endpoint, problem::Problem};
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tenure_model::Person;

/// Every page and what pages need.
pub(crate) static ENDPOINTS: &[&Endpoint] = &[
    &identities::ENDPOINT,
    &plan::ENDPOINT,
    &sign_in::SHOW,
    &sign_in::BEGIN,
    &sign_in::END,
    &assets::STYLE,
    &assets::SCRIPT,
    &assets::MARK,
];

/// What a page may load and where it may send: ourselves, and nobody else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";

/// What stands around every page.
struct Frame {
    title: String,
    /// Who is signed in.
    person: Option<String>,
}

impl Frame {
    fn of(title: impl Into<String>, person: &Person) -> Self {
        Self { title: title.into(), person: Some(text::shown(&person.name)) }
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
struct ProblemPage<'problem> {
    frame: Frame,
    status: u16,
    title: &'static str,
    detail: &'problem str,
    remedy: Option<&'problem str>,
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let problem = self.0;
        if problem.status == StatusCode::UNAUTHORIZED {
            return see_other("/sign-in");
        }
        let shown = ProblemPage {
            frame: Frame { title: problem.title.to_owned(), person: None },
            status: problem.status.as_u16(),
            title: problem.title,
            detail: &problem.detail,
            remedy: problem.remedy.as_deref(),
        };
        page(problem.status, &shown)
    }
}

/// Sends the browser on to one of our own addresses.
fn see_other(to: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
