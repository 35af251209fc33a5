//! What a caller is told when something was not done (RFC 9457 problem documents).
//!
//! This is the one place where a failure becomes text on the wire. Texts made for callers pass;
//! everything else is logged whole for the operator and becomes one sentence with the request's
//! id. Next: `enter.rs`, which refuses before a handler runs.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tenure_engine::{EngineFailure, OutsideFailure, StoreFailure};

/// Where problems are described: a URN, because there is no host that is always there.
const TYPE_PREFIX: &str = "urn:tenure:problem:";

/// A problem, ready to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// A stable name: `missing`, `denied`.
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    pub(crate) remedy: Option<String>,
}

/// Its form on the wire.
#[derive(Serialize)]
struct Document<'problem> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'problem str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'problem str>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { status, kind, title, detail: detail.into(), remedy: None }
    }

    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What came in cannot be understood.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "Not understood", detail)
    }

    /// What came in is understood and cannot be.
    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "Refused", detail)
    }

    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "missing", "Not there", detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "In the way", detail)
    }

    pub(crate) fn denied(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "denied", "Not yours to do", detail)
    }

    pub(crate) fn unknown_asker(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unknown-asker", "Who are you?", detail)
    }

    fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now", detail)
    }

    /// As many callers as there may be are served already.
    pub(crate) fn crowded() -> Self {
        Self::unavailable("too many calls are being answered at once; nothing was done")
            .with_remedy("call again in a moment")
    }

    /// A defect or damage of ours: the operator's log says what, the caller gets the place to look.
    pub(crate) fn ours() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ours",
            "Something is wrong inside Tenure",
            "what was asked for could not be done, and the reason is not yours",
        )
        .with_remedy("look for this request's id (the header x-request-id) in Tenure's log; tenure doctor may say more")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: format!("{TYPE_PREFIX}{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            remedy: self.remedy.as_deref(),
        };
        // A struct of texts and a number always becomes JSON.
        let text = serde_json::to_string(&document).unwrap_or_default();
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tenure\""));
        }
        response
    }
}

impl From<EngineFailure> for Problem {
    fn from(failure: EngineFailure) -> Self {
        let problem = sort(&failure);
        let status = problem.status.as_u16();
        if problem.status == StatusCode::INTERNAL_SERVER_ERROR {
            // The caller is told nothing of it: this line is all there is.
            tracing::error!(error = %chain(&failure), status, "a verb failed");
        } else if problem.status.is_server_error() {
            tracing::warn!(error = %chain(&failure), status, "a verb could not be carried out");
        }
        problem
    }
}

impl From<StoreFailure> for Problem {
    fn from(failure: StoreFailure) -> Self {
        EngineFailure::from(failure).into()
    }
}

/// Which status and which text; pure.
fn sort(failure: &EngineFailure) -> Problem {
    match failure {
        EngineFailure::Store(failure) => sort_store(failure),
        EngineFailure::Outside { failure: inner, .. } => {
            let title = "The system outside did not do it";
            let problem = Problem::new(StatusCode::BAD_GATEWAY, "outside", title, failure.to_string());
            match inner {
                OutsideFailure::Refused { remedy, .. } => problem.with_remedy(remedy.clone()),
                OutsideFailure::Unreachable { .. }
                | OutsideFailure::Throttled { .. }
                | OutsideFailure::TargetChanged { .. }
                | OutsideFailure::NotOurs { .. }
                | OutsideFailure::Lost { .. }
                | OutsideFailure::Puzzling { .. } => problem,
            }
        }
        EngineFailure::AlreadySo { .. } => {
            Problem::new(StatusCode::CONFLICT, "already-so", "Nothing to do", failure.to_string())
        }
        EngineFailure::Config(_)
        | EngineFailure::Plan(_)
        | EngineFailure::UnknownSystem { .. }
        | EngineFailure::Refused { .. } => Problem::refused(failure.to_string()),
        EngineFailure::Denied { .. } => Problem::denied(failure.to_string()),
        EngineFailure::Keys { .. }
        | EngineFailure::File { .. }
        | EngineFailure::Evidence { .. }
        | EngineFailure::Programme { .. } => Problem::ours(),
    }
}

fn sort_store(failure: &StoreFailure) -> Problem {
    let text = failure.to_string();
    match failure {
        StoreFailure::Missing { noun, .. } | StoreFailure::MissingNear { noun, .. } => {
            let missing = Problem::missing(text);
            match where_listed(noun) {
                Some(command) => missing.with_remedy(format!("{command} lists what there is")),
                None => missing,
            }
        }
        StoreFailure::Ambiguous { .. } => {
            Problem::new(StatusCode::CONFLICT, "ambiguous", "More than one", text)
        }
        StoreFailure::Conflict { .. } => Problem::conflict(text),
        StoreFailure::Nul => Problem::refused(text),
        StoreFailure::DiskFull => {
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", "The disk is full", text)
        }
        StoreFailure::ReadOnly | StoreFailure::InUse { .. } | StoreFailure::NewerSchema { .. } => {
            Problem::unavailable(text)
        }
        // The operating system's or driver's own words stay in the log.
        StoreFailure::DiskUnsure { .. } => Problem::unavailable(
            "the disk did not confirm a write; Tenure stopped writing. Check the disk, then start Tenure again",
        ),
        StoreFailure::TakenOver { .. } => Problem::unavailable(text),
        StoreFailure::Unreachable { .. } => Problem::unavailable("the database cannot be reached"),
        StoreFailure::Contended { .. } => {
            Problem::unavailable("too many others at once; nothing was written, try again")
        }
        StoreFailure::Closed => Problem::unavailable("Tenure is stopping"),
        StoreFailure::Refused { .. }
        | StoreFailure::Shape { .. }
        | StoreFailure::Entry(_)
        | StoreFailure::LogDamaged { .. }
        | StoreFailure::Unsigned { .. }
        | StoreFailure::File { .. }
        | StoreFailure::Anchor(_) => Problem::ours(),
    }
}

/// The command that lists things of this kind.
fn where_listed(noun: &str) -> Option<&'static str> {
    match noun {
        "identity" => Some("tenure identities"),
        "principal" => Some("tenure principals"),
        "source" | "survey" => Some("tenure source list"),
        "plan" | "step" => Some("tenure plans"),
        "person" => Some("tenure people list"),
        "open finding" => Some("tenure findings"),
        "entry" => Some("tenure evidence log"),
        _ => None,
    }
}

/// An error with all its sources on one line, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Problem, sort};
    use std::fmt::Write as _;
    use tenure_engine::{EngineFailure, OutsideFailure, StoreFailure};

    const INNER: &str = "INNER TEXT";

    fn outside(failure: OutsideFailure) -> EngineFailure {
        EngineFailure::Outside { source_name: String::from("pg-main"), failure }
    }

    #[test]
    fn every_failure_has_a_status_and_a_text_that_is_meant_for_the_caller() {
        let inner = || String::from(INNER);
        let bugs: Vec<EngineFailure> = vec![
            StoreFailure::Refused { what: "x", why: inner() }.into(),
            StoreFailure::Shape { table: "plans", why: inner() }.into(),
            StoreFailure::LogDamaged { why: inner() }.into(),
            StoreFailure::Unsigned { why: inner() }.into(),
            StoreFailure::DiskUnsure { why: inner() }.into(),
            StoreFailure::Unreachable { why: inner() }.into(),
            EngineFailure::Keys { why: inner() },
            EngineFailure::File { path: inner(), why: inner() },
            EngineFailure::Evidence { why: inner() },
            EngineFailure::Programme { why: inner() },
        ];
        for failure in &bugs {
            let problem = sort(failure);
            assert!(problem.status.is_server_error() && !problem.detail.contains(INNER), "{failure:?}");
        }
        let told: Vec<EngineFailure> = vec![
            StoreFailure::Missing { noun: "plan", given: String::from("k7wd") }.into(),
            StoreFailure::Ambiguous { given: String::from("app"), candidates: String::from("a, b") }.into(),
            StoreFailure::Conflict { why: String::from("it is taken") }.into(),
            StoreFailure::Nul.into(),
            StoreFailure::DiskFull.into(),
            StoreFailure::ReadOnly.into(),
            StoreFailure::InUse { pid: 7 }.into(),
            StoreFailure::Contended { what: "x" }.into(),
            StoreFailure::Closed.into(),
            outside(OutsideFailure::Unreachable { why: String::from("connection refused") }),
            outside(OutsideFailure::Refused {
                code: String::from("42501"),
                why: String::from("permission denied"),
                remedy: String::from("grant it"),
            }),
            EngineFailure::Refused { why: String::from("a reason is needed") },
            EngineFailure::AlreadySo { why: String::from("nothing to do: it is so already") },
            EngineFailure::UnknownSystem { system: String::from("pg"), known: String::from("postgres") },
        ];
        let mut text = String::new();
        for failure in &told {
            let Problem { status, kind, detail, remedy, .. } = sort(failure);
            let _ = writeln!(text, "{} {kind}: {detail} [{}]", status.as_u16(), remedy.unwrap_or_default());
        }
        insta::assert_snapshot!(text);
    }
}
