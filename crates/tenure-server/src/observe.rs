//! Around every request: an id, a deadline, a line in the log, a count, and headers that keep
//! browsers careful. The log gets the route, never the path, a query or a body.
//!
//! A call that changes something runs to its end even when the caller hangs up or the deadline
//! passes: a verb must not be cut off between two of its writes (a key ring and its entry).

use crate::{problem::Problem, shared::Shared};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tracing::Instrument as _;

/// How long a caller waits, at most. Longer than any verb's own deadline towards a system.
const DEADLINE: Duration = Duration::from_secs(100);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

static COUNTED: AtomicU64 = AtomicU64::new(0);

/// Unique within this deployment's log: when the request came, and a count.
fn request_id(shared: &Shared) -> String {
    let count = COUNTED.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{count:x}", shared.engine.now().as_micros())
}

/// Wraps one request.
pub(crate) async fn wrap(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let id = request_id(&shared);
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let method = known(request.method()).to_owned();
    let is_safe = request.method().is_safe();
    let span = tracing::info_span!("request", id, method, route);
    let began = Instant::now();
    let mut response = carry(request, next, is_safe).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.in_scope(|| tracing::info!(status, millis = took.as_secs_f64() * 1000.0, "answered"));
    metrics::counter!("tenure_http_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("tenure_http_request_seconds", "method" => method, "route" => route)
        .record(took.as_secs_f64());
    careful(&mut response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The method, unless it is one that somebody made up: each would be a time series of its own.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

async fn carry(request: Request, next: Next, is_safe: bool) -> Response {
    let answered = if is_safe {
        tokio::time::timeout(DEADLINE, next.run(request)).await.ok()
    } else {
        let whole = tokio::spawn(next.run(request).in_current_span());
        match tokio::time::timeout(DEADLINE, whole).await {
            Ok(Ok(response)) => Some(response),
            Ok(Err(broken)) => {
                tracing::error!(%broken, "a handler broke");
                Some(Problem::ours().into_response())
            }
            Err(_) => None,
        }
    };
    answered.unwrap_or_else(|| {
        let detail = if is_safe {
            "this took too long"
        } else {
            "this takes longer than 100 s and goes on without you"
        };
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "slow", "Too slow", detail)
            .with_remedy("look again later for what came of it")
            .into_response()
    })
}

/// Defaults for whatever a handler left open.
fn careful(response: &mut Response) {
    let headers = response.headers_mut();
    let defaults = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
