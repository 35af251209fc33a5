//! What comes in, parsed once: bodies, names in the path, and what stands after `?`.
//!
//! Bodies are JSON of at most 256 KiB (8 KiB from strangers, 2 MiB of a whole list) with no unknown field. A body that may hold a secret is
//! refused without repeating any of it; the secret leaves its text for a `Secret` while it is
//! parsed. Next: `problem.rs` for the texts.

use crate::{
    problem::Problem,
    serve::{BodySlow, Seat},
    shared::Shared,
};
use axum::{
    body::HttpBody as _,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};
use serde::{Deserialize, de::DeserializeOwned};
use std::sync::Arc;
use tenure_model::{Secret, printable};
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes of a body, at most.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a body that holds a whole list, at most.
pub(crate) const LARGE_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of a body that somebody unknown may send, at most.
const OPEN_BODY_BYTES_MAX: usize = 8 * 1024;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body that holds a whole list.
pub(crate) struct LargeBody<T>(pub(crate) T);

/// A JSON body that may hold a secret.
pub(crate) struct SecretBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        parsed(&read_json(request, BODY_BYTES_MAX).await?).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for LargeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        parsed(&read_json(request, LARGE_BODY_BYTES_MAX).await?).map(Self)
    }
}

/// A JSON body as it came, with the headers that say who signed it.
pub(crate) struct SignedBody(pub(crate) HeaderMap, pub(crate) Zeroizing<Vec<u8>>);

impl FromRequest<Shared> for SignedBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        if request.extensions().get::<Arc<Seat>>().is_some_and(|seat| seat.work().is_err()) {
            return Err(Problem::crowded());
        }
        let headers = request.headers().clone();
        Ok(Self(headers, read_json(request, BODY_BYTES_MAX).await?))
    }
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::malformed(format!(
            "the body is not what is expected: {}",
            printable(&error.to_string(), 300)
        ))
    })
}

impl<T: DeserializeOwned> FromRequest<Shared> for SecretBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Problem> {
        let bytes = read_json(request, BODY_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Problem::malformed(without_values(&error)))
    }
}

/// Where, and what was expected there, but nothing of what stood there.
fn without_values(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!("line {} column {}", error.line(), error.column());
    if said.starts_with("missing field") {
        return format!("the body is not what is expected: {said}");
    }
    // The last one: what stood there may hold the same words.
    let expected = said.rsplit_once(", expected ").map(|(_, expected)| expected);
    let expected = expected.map(|text| text.rsplit_once(" at line").map_or(text, |(text, _)| text));
    let expected = expected.map(|text| format!(": expected {}", printable(text, 200))).unwrap_or_default();
    let what =
        if said.starts_with("unknown field") { "has an unknown field" } else { "is not what is expected" };
    format!("the body {what} at {place}{expected} (not shown: it may hold a secret)")
}

async fn read_json(request: Request, bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    check_media_type(request.headers())?;
    let mut body = Limited::new(request.into_body(), bytes_max);
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unread(error.as_ref(), bytes_max))?;
        if let Ok(data) = frame.into_data() {
            // Growing would leave parts of a secret behind in freed memory.
            let mut grown = Zeroizing::new(Vec::with_capacity(bytes.len() + data.len()));
            grown.extend_from_slice(&bytes);
            grown.extend_from_slice(&data);
            bytes = grown;
        }
    }
    // A list would also be read as the fields in their order, which nobody means.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|first| *first != b'{') {
        return Err(Problem::malformed("the body is a JSON object: `{…}`"));
    }
    Ok(bytes)
}

pub(crate) fn unread(error: &(dyn std::error::Error + 'static), bytes_max: usize) -> Problem {
    if error.is::<http_body_util::LengthLimitError>() {
        return too_large(bytes_max);
    }
    match slow(error) {
        Some(slow) => Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", "Too slow", slow.to_string()),
        None => Problem::malformed("the body broke off"),
    }
}

/// The reason, when a body was given up because it came too slowly.
pub(crate) fn slow<'error>(error: &'error (dyn std::error::Error + 'static)) -> Option<&'error BodySlow> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!("the body is larger than {} KiB", bytes_max / 1024);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
}

/// Around endpoints that are open to strangers: a body that is too large for them is refused unread.
pub(crate) async fn small(request: Request, next: Next) -> Response {
    if usize::try_from(request.body().size_hint().lower()).is_ok_and(|bytes| bytes <= OPEN_BODY_BYTES_MAX) {
        let request = request.map(|body| axum::body::Body::new(Limited::new(body, OPEN_BODY_BYTES_MAX)));
        return next.run(request).await;
    }
    too_large(OPEN_BODY_BYTES_MAX).into_response()
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "send the body as JSON, with `content-type: application/json`";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Not JSON", detail))
}

/// Takes a text field into custody while it is parsed. For `#[serde(deserialize_with)]`.
pub(crate) fn secret<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret<String>>, D::Error> {
    struct Custody;
    impl serde::de::Visitor<'_> for Custody {
        type Value = Secret<String>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a text")
        }
        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok(Secret::new(value.to_owned()))
        }
        fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
            Ok(Secret::new(value))
        }
    }
    struct Text(Secret<String>);
    impl<'de> Deserialize<'de> for Text {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_str(Custody).map(Self)
        }
    }
    Ok(Option::<Text>::deserialize(deserializer)?.map(|text| text.0))
}

/// A text from outside that becomes a secret, such as a header; the copy made of it is zeroed.
pub(crate) fn into_custody(text: &str) -> Secret<String> {
    let mut copy = text.to_owned();
    let taken = Secret::new(std::mem::take(&mut copy));
    copy.zeroize();
    taken
}

/// Names in the path.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Shared> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, shared).await;
        path.map(|Path(named)| Self(named)).map_err(|refused| {
            Problem::malformed(format!(
                "the path cannot be understood: {}",
                printable(&refused.body_text(), 200)
            ))
        })
    }
}

/// What stands after `?`.
pub(crate) struct Asking<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Asking<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, shared).await;
        query.map(|Query(asking)| Self(asking)).map_err(|refused| {
            let said = refused.body_text();
            let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(&said).to_owned();
            Problem::malformed(format!(
                "what stands after `?` cannot be understood: {}",
                printable(&said, 300)
            ))
        })
    }
}
