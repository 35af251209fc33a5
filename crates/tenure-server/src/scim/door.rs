//! Who asks under `/scim/v2`: a directory that shows its provisioning token, and nobody else.
//!
//! No person and no session comes in here, and what is shown here opens nothing else: the two kinds of tokens are kept
//! apart. Next: `users.rs`.

use super::failure::ScimFailure;
use crate::{
    body::{into_custody, unread},
    problem::Problem,
    serve::Seat,
    shared::Shared,
};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};
use std::sync::Arc;
use tenure_engine::{Provisioner, ProvisioningHolder};

/// Bytes of a body, at most.
const BODY_BYTES_MAX: usize = 500 * 1024;

/// A directory that is known, and under which address it called.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    pub(super) by: Provisioner,
    pub(super) base: String,
}

/// Lets a directory through to the handler.
pub(crate) async fn pass(shared: Shared, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let by = match known(&shared, &parts).await {
        Ok(by) => by,
        Err(failure) => return failure.into_response(),
    };
    if parts.extensions.get::<Arc<Seat>>().is_some_and(|seat| seat.work().is_err()) {
        return ScimFailure::from(Problem::crowded()).into_response();
    }
    let base = base_of(&shared, &parts.headers);
    parts.extensions.insert(Directory { by, base });
    next.run(Request::from_parts(parts, body)).await
}

async fn known(shared: &Shared, parts: &Parts) -> Result<Provisioner, ScimFailure> {
    let unknown = |detail: String| ScimFailure::new(StatusCode::UNAUTHORIZED, None, detail);
    let shown = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = shown
        .and_then(|shown| shown.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        let detail =
            "this needs a provisioning token: an administrator makes one with tenure people scim-token";
        return Err(unknown(detail.to_owned()));
    };
    match shared.engine.provisioner_of(&into_custody(token.trim())).await? {
        ProvisioningHolder::Directory(by) => Ok(by),
        ProvisioningHolder::Over(ended) => Err(unknown(format!(
            "this provisioning token ended at {ended}; an administrator makes another: tenure people scim-token"
        ))),
        ProvisioningHolder::Nobody => {
            Err(unknown(String::from("this is no provisioning token; it may have been taken away")))
        }
    }
}

/// Under which address resources are, as the caller sees it.
fn base_of(shared: &Shared, headers: &HeaderMap) -> String {
    // The guard let only our own names through.
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let public = shared.public_url.as_deref().filter(|url| {
        let bare = url.split_once("://").map_or(*url, |(_, rest)| rest).trim_end_matches('/');
        bare.eq_ignore_ascii_case(host)
    });
    public.map_or_else(
        || format!("http://{host}/scim/v2"),
        |url| format!("{}/scim/v2", url.trim_end_matches('/')),
    )
}

impl FromRequestParts<Shared> for Directory {
    type Rejection = ScimFailure;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, ScimFailure> {
        // INVARIANT: `pass` wraps every endpoint that asks for a directory.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::ours().into())
    }
}

/// A JSON object.
pub(super) struct Document(pub(super) Map<String, Value>);

impl FromRequest<Shared> for Document {
    type Rejection = ScimFailure;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, ScimFailure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind != "application/scim+json" && kind != "application/json" {
            let detail = "send the body with `content-type: application/scim+json`";
            return Err(ScimFailure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, detail));
        }
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await;
        let bytes = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                return ScimFailure::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    None,
                    "the body is larger than 500 KiB",
                );
            }
            unread(error.as_ref(), BODY_BYTES_MAX).into()
        })?;
        match serde_json::from_slice(&bytes.to_bytes()) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) | Err(_) => Err(ScimFailure::bad("invalidSyntax", "the body is a JSON object")),
        }
    }
}

/// The version a call insists on, from If-Match; any when there is none.
pub(super) fn insisted(headers: &HeaderMap) -> Result<Option<i64>, ScimFailure> {
    let Some(given) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let given = given.to_str().unwrap_or_default().trim();
    if given == "*" {
        return Ok(None);
    }
    let number = given.strip_prefix("W/").unwrap_or(given).trim_matches('"');
    number.parse().map(Some).map_err(|_| ScimFailure::moved())
}
