//! Forms that a page sends: small, read after the asker was authorised, refused as a page; and their fields.
//!
//! A field that is shown again holds what was typed and says beside itself what is wrong with it. It must never hold
//! a text from outside as it is: what cannot be seen is written out. Next: `charter.rs`, the longest form.

use super::{
    HTML,
    text::{Prose, prose},
};
use crate::{
    body::slow,
    endpoint::{Access, Answers, Endpoint, Verb},
    problem::Problem,
    shared::Shared,
};
use askama::Template;
use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Request, rejection::FormRejection},
};
use http::StatusCode;
use http_body_util::Limited;
use serde::{Deserialize, de::DeserializeOwned};
use tenure_judge::{ApiAction, ApiResourceKind};
use tenure_model::printable;

/// Bytes of a form, at most.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// What a page may set going with a form: the endpoint that takes it.
pub(super) const fn act(
    path: &'static str,
    (action, kind): (ApiAction, ApiResourceKind),
    evidence: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Post,
        path,
        access: Access::Decided { action, kind },
        evidence: Some(evidence),
        about,
        query: &[],
        takes: None,
        answers: Answers::Page(HTML),
        route,
    }
}

/// A form without fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// How a field is filled in.
pub(super) enum Shape {
    /// One line; the names of people may be offered.
    Line { names: bool },
    /// Several lines.
    Lines,
    /// One of these words, or none.
    Choice(Vec<&'static str>),
}

/// One field with its label, what helps to fill it in, and what is wrong with it.
#[derive(Template)]
#[template(path = "field.html")]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) hint: &'static str,
    pub(super) shape: Shape,
    pub(super) value: String,
    pub(super) wrong: Option<String>,
    pub(super) required: bool,
}

/// It is a template itself: what came from outside was escaped when it was filled in.
impl askama::filters::HtmlSafe for Field {}

impl Field {
    /// A field of one line.
    pub(super) fn line(name: &'static str, label: &'static str, hint: &'static str, value: &str) -> Self {
        let value = editable(value);
        Self { name, label, hint, shape: Shape::Line { names: false }, value, wrong: None, required: false }
    }

    /// As `line`, and it must not be empty.
    pub(super) fn needed(name: &'static str, label: &'static str, hint: &'static str, value: &str) -> Self {
        Self { required: true, ..Self::line(name, label, hint, value) }
    }

    /// A field of several lines.
    pub(super) fn lines(
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        lines: &[String],
    ) -> Self {
        let lines: Vec<String> = lines.iter().map(|line| editable(line)).collect();
        Self { value: lines.join("\n"), shape: Shape::Lines, ..Self::line(name, label, hint, "") }
    }

    /// The same, filled in another way.
    pub(super) fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// The same, with what is wrong with it.
    pub(super) fn with_wrong(self, wrong: Option<&String>) -> Self {
        Self { wrong: wrong.cloned(), ..self }
    }

    /// What is wrong with it, as it is shown.
    fn fault(&self) -> Option<Prose> {
        self.wrong.as_deref().map(prose)
    }

    /// What is read out with it: the ids of its hint and of what is wrong.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = self.wrong.is_some().then(|| format!("{}-wrong", self.name));
        hint.into_iter().chain(wrong).collect::<Vec<_>>().join(" ")
    }
}

/// A text as it stands in a field: what cannot be seen is written out, also each line break.
pub(super) fn editable(text: &str) -> String {
    printable(text, FORM_BYTES_MAX)
}

/// What was typed into a field that showed `before`: that very text when nothing was changed in the field, nothing
/// when it is empty.
pub(super) fn typed(given: &str, before: Option<&str>) -> Option<String> {
    match before {
        Some(before) if editable(before) == given => Some(before.to_owned()),
        Some(_) | None => Some(given.trim().to_owned()).filter(|text| !text.is_empty()),
    }
}

/// A form, or why it was not read. Taking it never fails, so that a handler authorises first.
pub(super) struct Sent<T>(Result<T, Problem>);

impl<T> Sent<T> {
    /// The form, after the asker was authorised.
    pub(super) fn read(self) -> Result<T, Problem> {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let request = request.map(|body| Body::new(Limited::new(body, FORM_BYTES_MAX)));
        let read = Form::<T>::from_request(request, shared).await;
        Ok(Self(read.map(|Form(form)| form).map_err(|refused| problem(&refused))))
    }
}

fn problem(refused: &FormRejection) -> Problem {
    if let Some(slow) = slow(refused) {
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", "Too slow", slow.to_string());
    }
    if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("the form is larger than {} KiB", FORM_BYTES_MAX / 1024);
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail);
    }
    Problem::refused("this is not what the form sends; open the page again and fill it in there")
}
