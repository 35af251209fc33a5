//! `/sign-in` and `/sign-out`: a one-time code, or what a provider says, becomes a session, and the session ends.
//!
//! To a provider leads a link and not a form, so that the policy of the pages stays: forms are sent to ourselves alone.
//! Nothing here is led to by an address that a browser brought. Next: `sign_in.rs` and `provider.rs` above this folder.

use super::{Frame, HTML, PageProblem, page, see_other, text};
use crate::{
    api::prelude::*,
    body::slow,
    provider::{self, Brought, NotLetIn, ProviderDoor},
};
use askama::Template;
use axum::{
    Form,
    extract::{
        Query,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use http::{HeaderMap, HeaderValue, header};

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

pub(super) static LEAVE: Endpoint = endpoint(
    Verb::Get,
    "/sign-in/provider",
    "Sends the browser to the OpenID provider, where one is configured.",
    || get(leave),
);
pub(super) static BACK: Endpoint = Endpoint {
    query: &[("code", "text"), ("state", "text"), ("iss", "text"), ("error", "text")],
    ..endpoint(Verb::Get, provider::BACK, "Where the OpenID provider sends the browser back to.", || {
        get(come_back)
    })
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    wrong: Option<String>,
    /// Why the provider let nobody in, and what to do.
    not_let_in: Option<(String, String)>,
    /// What the provider is called, where there is one.
    provider: Option<String>,
    /// They are signed in, and are to do it again, within so many minutes of what they decide.
    again: Option<u64>,
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage {
    frame: Frame,
    to: String,
}

impl SignInPage {
    fn of(shared: &Shared, headers: &HeaderMap) -> Self {
        let again = shared.sign_in.back_of(headers, shared.engine.now()).is_some();
        Self {
            frame: Frame::bare("Sign in"),
            wrong: None,
            not_let_in: None,
            provider: shared.provider.as_ref().map(|provider| text::shown(&provider.name)),
            again: again.then(|| shared.step_up.as_secs() / 60),
        }
    }
}

async fn show(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    page(StatusCode::OK, &SignInPage::of(&shared, &headers))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    code: String,
}

async fn begin(
    State(shared): State<Shared>,
    headers: HeaderMap,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    let wrong = |status, wrong| {
        let shown = SignInPage { wrong: Some(wrong), ..SignInPage::of(&shared, &headers) };
        page(status, &shown)
    };
    let code = match typed {
        Ok(Form(Typed { code })) => code,
        Err(refused) => {
            let (status, why) = unread(&refused);
            return wrong(status, why);
        }
    };
    match shared.sign_in.begin(&shared.engine, &headers, &code) {
        Ok(begun) => {
            let mut response = see_other(&begun.to);
            response.headers_mut().insert(header::SET_COOKIE, begun.cookie);
            response
        }
        Err(problem) => wrong(problem.status, problem.detail),
    }
}

/// The provider, or a problem where none is configured.
fn door(shared: &Shared) -> Result<&ProviderDoor, PageProblem> {
    let missing = || Problem::missing("people do not sign in here by a provider");
    Ok(shared.provider.as_ref().ok_or_else(missing)?)
}

async fn leave(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, PageProblem> {
    match door(&shared)?.begin(&shared.engine, &headers, &shared.sign_in).await {
        Ok(sent) => {
            let to = HeaderValue::from_str(&sent.to).map_err(|_| Problem::ours())?;
            let headers = [(header::LOCATION, to), (header::SET_COOKIE, sent.cookie)];
            Ok((StatusCode::SEE_OTHER, headers).into_response())
        }
        Err(refused) => Ok(not_let_in(&shared, &headers, refused)),
    }
}

async fn come_back(
    State(shared): State<Shared>,
    headers: HeaderMap,
    brought: Result<Query<Brought>, QueryRejection>,
) -> Result<Response, PageProblem> {
    let door = door(&shared)?;
    let brought =
        brought.map_err(|_| Problem::malformed("the provider sent something that is not understood"))?;
    let mut response = match door.finish(&shared.engine, &headers, brought.0, &shared.sign_in).await {
        Ok(begun) => {
            // The browser comes from elsewhere, and sends a strict cookie only once it goes on from a page of ours.
            let mut response =
                page(StatusCode::OK, &SignedInPage { frame: Frame::bare("Signed in"), to: begun.to });
            response.headers_mut().insert(header::SET_COOKIE, begun.cookie);
            response
        }
        Err(refused) => not_let_in(&shared, &headers, refused),
    };
    response.headers_mut().append(header::SET_COOKIE, door.forget());
    Ok(response)
}

fn not_let_in(shared: &Shared, headers: &HeaderMap, refused: NotLetIn) -> Response {
    let NotLetIn { status, why, next } = refused;
    page(status, &SignInPage { not_let_in: Some((why, next)), ..SignInPage::of(shared, headers) })
}

fn unread(refused: &FormRejection) -> (StatusCode, String) {
    match slow(refused) {
        Some(slow) => (StatusCode::REQUEST_TIMEOUT, slow.to_string()),
        None if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            (StatusCode::PAYLOAD_TOO_LARGE, String::from("this is too long for a code"))
        }
        None => (StatusCode::BAD_REQUEST, String::from("type the code that Tenure printed")),
    }
}

async fn end(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, PageProblem> {
    let mut response = see_other("/sign-in");
    response.headers_mut().insert(header::SET_COOKIE, shared.sign_in.end(&headers));
    Ok(response)
}
