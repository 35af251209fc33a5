//! What a directory is told when something was not done: the error of RFC 7644, section 3.12.
//!
//! The same texts as problem documents have, in the other form. Next: `door.rs`.

use crate::problem::Problem;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// When to ask again for what waits for a person, in seconds.
const RETRY_SECONDS: &str = "3600";

/// A failure on its way to a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScimFailure {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
}

impl ScimFailure {
    pub(super) fn new(status: StatusCode, kind: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    pub(super) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some(kind), detail)
    }

    pub(super) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, None, format!("there is no such {what}"))
    }

    pub(super) fn taken(what: &str) -> Self {
        let detail =
            format!("{what} already has this name; names are alike whatever the case of their letters");
        Self::new(StatusCode::CONFLICT, Some("uniqueness"), detail)
    }

    pub(super) fn moved() -> Self {
        let detail = "it was changed since the version in If-Match; read it again";
        Self::new(StatusCode::PRECONDITION_FAILED, None, detail)
    }

    pub(super) fn held() -> Self {
        let detail = "so many people would leave within an hour that a person must agree first: tenure people held. \
                      Nothing was done; the same call will be answered as usual when they did";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, None, detail)
    }
}

impl From<Problem> for ScimFailure {
    fn from(problem: Problem) -> Self {
        let (status, kind) = match problem.status {
            // RFC 7644 knows no 422: what is understood and cannot be is an invalid value.
            StatusCode::UNPROCESSABLE_ENTITY => (StatusCode::BAD_REQUEST, Some("invalidValue")),
            StatusCode::BAD_REQUEST => (StatusCode::BAD_REQUEST, Some("invalidSyntax")),
            status => (status, None),
        };
        Self::new(status, kind, problem.detail)
    }
}

impl From<tenure_engine::EngineFailure> for ScimFailure {
    fn from(failure: tenure_engine::EngineFailure) -> Self {
        Problem::from(failure).into()
    }
}

impl IntoResponse for ScimFailure {
    fn into_response(self) -> Response {
        let mut document =
            json!({ "schemas": [ERROR], "status": self.status.as_str(), "detail": self.detail });
        if let (Some(kind), Value::Object(fields)) = (self.kind, &mut document) {
            fields.insert("scimType".to_owned(), json!(kind));
        }
        let mut response = answer(self.status, &document);
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tenure\""));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        response
    }
}

/// A document as SCIM sends it.
pub(super) fn answer(status: StatusCode, document: &Value) -> Response {
    let mut response = (status, document.to_string()).into_response();
    let kind = HeaderValue::from_static("application/scim+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
