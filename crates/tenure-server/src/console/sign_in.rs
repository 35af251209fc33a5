//! `/sign-in` and `/sign-out`: a one-time code becomes a session, and the session ends.

use super::{Frame, HTML, PageProblem, page, see_other};
use crate::{api::prelude::*, body::slow};
use askama::Template;
use axum::{Form, extract::rejection::FormRejection, response::Response};
use http::HeaderMap;

const fn endpoint(
    verb: Verb,
    path: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb,
        path,
        access: Access::Open,
        evidence: None,
        about,
        query: &[],
        takes: None,
        answers: Answers::Page(HTML),
        route,
    }
}

pub(super) static SHOW: Endpoint =
    endpoint(Verb::Get, "/sign-in", "Where a one-time code is typed.", || get(show));
pub(super) static BEGIN: Endpoint =
    endpoint(Verb::Post, "/sign-in", "Trades a one-time code for a session.", || post(begin));
pub(super) static END: Endpoint = endpoint(Verb::Post, "/sign-out", "Ends the session.", || post(end));

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    wrong: Option<String>,
}

fn form(status: StatusCode, wrong: Option<String>) -> Response {
    let frame = Frame::bare("Sign in");
    page(status, &SignInPage { frame, wrong })
}

async fn show() -> Response {
    form(StatusCode::OK, None)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    code: String,
}

async fn begin(State(shared): State<Shared>, typed: Result<Form<Typed>, FormRejection>) -> Response {
    let code = match typed {
        Ok(Form(Typed { code })) => code,
        Err(refused) => return unread(&refused),
    };
    match shared.sign_in.begin(&shared.engine, &code) {
        Ok(begun) => {
            let mut response = see_other("/");
            response.headers_mut().insert(header::SET_COOKIE, begun.cookie);
            response
        }
        Err(problem) => form(problem.status, Some(problem.detail)),
    }
}

fn unread(refused: &FormRejection) -> Response {
    let (status, wrong) = match slow(refused) {
        Some(slow) => (StatusCode::REQUEST_TIMEOUT, slow.to_string()),
        None if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            (StatusCode::PAYLOAD_TOO_LARGE, String::from("this is too long for a code"))
        }
        None => (StatusCode::BAD_REQUEST, String::from("type the code that Tenure printed")),
    };
    form(status, Some(wrong))
}

async fn end(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, PageProblem> {
    let mut response = see_other("/sign-in");
    response.headers_mut().insert(header::SET_COOKIE, shared.sign_in.end(&headers));
    Ok(response)
}
