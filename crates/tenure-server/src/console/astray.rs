//! Requests that went astray: a form's address opened as a page, an address that is not there, a method nobody sends.
//!
//! A form's address leads back to the page the form stands on, which is the address without its last part. What is not
//! there says so as a page with the way to every place, unless a program asked. The address that was asked for must
//! never stand in the answer. Next: `routes.rs`, which puts these behind everything else.

use super::{Frame, Sent, now, problem_page, see_other};
use crate::{
    endpoint::{Answers, Endpoint, Verb},
    enter::{self, Asked},
    problem::Problem,
    scim::ScimFailure,
    shared::Shared,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, Uri};

/// Where programs ask. They are told in the form that they read.
const OF_PROGRAMS: [&str; 5] = ["/api", "/log", "/healthz", "/readyz", "/metrics"];

/// The addresses of forms that no page has.
pub(crate) fn forms_without_page(all: &[&'static Endpoint]) -> Vec<&'static str> {
    let is_shown = |path: &str| all.iter().any(|one| one.verb == Verb::Get && one.path == path);
    let is_form = |one: &&&Endpoint| {
        one.verb == Verb::Post && matches!(one.answers, Answers::Page(_)) && !is_shown(one.path)
    };
    all.iter().filter(is_form).map(|one| one.path).collect()
}

/// Leads from a form's address to the page that the form stands on.
pub(crate) async fn to_its_page(uri: Uri) -> Response {
    see_other(page_of(uri.path()))
}

/// There is no such address.
pub(crate) async fn missing(State(shared): State<Shared>, request: Request) -> Response {
    let problem = Problem::missing("there is no such address here");
    if is_of_directories(request.uri().path()) {
        return ScimFailure::from(problem).into_response();
    }
    if is_of_programs(request.uri().path()) {
        return problem.with_remedy("GET /api/v1/openapi.json lists all of them").into_response();
    }
    told(&shared, request, problem).await
}

/// The address is there, and nothing is done to it in this way.
pub(crate) async fn other_method(State(shared): State<Shared>, request: Request) -> Response {
    let (kind, title) = ("method", "Not done to that");
    let detail = "this address is there, but not for that method";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, kind, title, detail);
    if is_of_directories(request.uri().path()) {
        return ScimFailure::from(problem).into_response();
    }
    if is_of_programs(request.uri().path()) {
        return problem.into_response();
    }
    told(&shared, request, problem).await
}

fn is_of_programs(path: &str) -> bool {
    let is_under =
        |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    OF_PROGRAMS.into_iter().any(is_under)
}

fn is_of_directories(path: &str) -> bool {
    path.strip_prefix("/scim").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The problem as a page, with the places for whoever is known.
async fn told(shared: &Shared, request: Request, problem: Problem) -> Response {
    let (parts, _) = request.into_parts();
    let (frame, remedy) = match enter::identify(shared, &parts).await {
        Ok((person, via)) => {
            let asked = Asked::in_passing(&now::ENDPOINT, shared, person, via);
            let remedy =
                "look whether the address is whole, or find what you look for by its name at the top";
            (Frame::around(problem.title, &asked), remedy)
        }
        Err(_) => {
            (Frame::bare(problem.title), "look whether the address is whole, or sign in and look there")
        }
    };
    problem_page(frame, &problem.with_remedy(remedy), Sent::Unknown)
}

/// The address without its last part.
pub(crate) fn page_of(path: &str) -> &str {
    path.rsplit_once('/').map(|(page, _)| page).filter(|page| !page.is_empty()).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::{forms_without_page, is_of_programs, page_of};
    use crate::{endpoint::Verb, routes};

    #[test]
    fn every_form_stands_on_the_page_that_its_address_leads_back_to() {
        let all: Vec<_> = routes::all().collect();
        let forms = forms_without_page(&all);
        assert!(forms.contains(&"/plans/{handle}/apply") && !forms.contains(&"/whose"), "{forms:?}");
        for form in forms {
            let page = page_of(form);
            assert!(
                all.iter().any(|one| one.verb == Verb::Get && one.path == page),
                "{form} leads to {page}"
            );
        }
    }

    #[test]
    fn programs_are_told_as_they_read_and_nobody_else() {
        for (path, expect) in
            [("/api", true), ("/api/v2/x", true), ("/log/x", true), ("/apiary", false), ("/", false)]
        {
            assert_eq!(is_of_programs(path), expect, "{path}");
        }
    }
}
