//! A call that names itself (`idempotency-key`) is carried out once, however often it is sent.
//!
//! Timeline of a lost answer: t0 the call is carried out, t1 its answer is kept, t2 the answer
//! is lost on the way, t3 the caller sends it again and gets what was kept. A crash between t0
//! and t1 forgets that it was made: then the verbs' own conflicts are what protects. Only
//! successes are kept; what was refused may be tried again under the same key.

use crate::{
    body::{BODY_BYTES_MAX, unread},
    endpoint::{Answers, Endpoint},
    problem::Problem,
    shared::Shared,
};
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};
use tenure_engine::Recalled;
use tenure_model::PersonId;

/// Bytes of an answer that is kept, at most; a longer one is not kept.
const KEPT_BYTES_MAX: usize = 1024 * 1024;
/// Characters of a key, at most.
const KEY_CHARS_MAX: usize = 200;
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPEATED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Named calls that are being carried out now.
#[derive(Default)]
pub(crate) struct CallsUnderWay(Mutex<HashSet<(PersonId, String)>>);

/// Leaves the set when it is dropped.
struct UnderWay<'calls> {
    calls: &'calls CallsUnderWay,
    call: (PersonId, String),
}

impl CallsUnderWay {
    fn begin(&self, call: (PersonId, String)) -> Option<UnderWay<'_>> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(call.clone());
        is_new.then_some(UnderWay { calls: self, call })
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.calls.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.call);
    }
}

/// Carries a call out, or repeats the answer it was given before.
pub(crate) async fn once<F, A>(
    shared: &Shared,
    endpoint: &'static Endpoint,
    asker: PersonId,
    request: Request,
    carry_out: F,
) -> Response
where
    F: FnOnce(Request) -> A + Send,
    A: Future<Output = Response> + Send,
{
    let key = match key_of(&request) {
        Ok(Some(key)) => key,
        Ok(None) => return carry_out(request).await,
        Err(problem) => return problem.into_response(),
    };
    let answered = async {
        let Some(_under_way) = shared.calls.begin((asker, key.clone())) else {
            return Err(Problem::conflict("a call with this idempotency key is under way"));
        };
        let (call, request) = digestible(request).await?;
        match shared.engine.recall_answer(asker, &key, &call).await? {
            Recalled::New => {}
            Recalled::OtherCall => {
                return Err(Problem::refused(
                    "this idempotency key was used for another call; choose a new one",
                ));
            }
            Recalled::Answered { status, body } => return repeated(status, body),
        }
        keep(shared, endpoint, asker, &key, &call, carry_out(request).await).await
    };
    answered.await.unwrap_or_else(|problem: Problem| problem.into_response())
}

fn key_of(request: &Request) -> Result<Option<String>, Problem> {
    let Some(key) = request.headers().get(KEY) else { return Ok(None) };
    let key = key.to_str().map_err(|_| Problem::malformed("`idempotency-key` is plain text"))?;
    if (1..=KEY_CHARS_MAX).contains(&key.len()) {
        return Ok(Some(key.to_owned()));
    }
    Err(Problem::malformed(format!("`idempotency-key` has 1 to {KEY_CHARS_MAX} characters")))
}

/// All of a call that tells it from others, and the request again.
async fn digestible(request: Request) -> Result<(Vec<u8>, Request), Problem> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| unread(error.as_ref()))?;
    let body = body.to_bytes();
    let mut call = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    call.extend_from_slice(&body);
    Ok((call, Request::from_parts(parts, Body::from(body))))
}

fn repeated(status: u16, body: Option<String>) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(status).map_err(|_| Problem::ours())?;
    if body.is_none() && status != StatusCode::NO_CONTENT {
        return Err(Problem::conflict("this call was answered before, with a secret that is shown once")
            .with_remedy("call again with a new idempotency key; the former secret then no longer counts"));
    }
    let mut response = (status, body.unwrap_or_default()).into_response();
    response.headers_mut().insert(REPEATED, HeaderValue::from_static("true"));
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

async fn keep(
    shared: &Shared,
    endpoint: &'static Endpoint,
    asker: PersonId,
    key: &str,
    call: &[u8],
    response: Response,
) -> Result<Response, Problem> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| Problem::ours())?.to_bytes();
    let text = match endpoint.answers {
        Answers::SecretJson(..) => None,
        Answers::Json(..) | Answers::Nothing(_) | Answers::Bytes(_) | Answers::Page(_) => {
            std::str::from_utf8(&body).ok().map(str::to_owned)
        }
    };
    if body.len() <= KEPT_BYTES_MAX {
        let kept = shared.engine.keep_answer(asker, key, call, parts.status.as_u16(), text).await;
        if let Err(failure) = kept {
            // It was carried out; not being able to remember the answer must not hide that.
            tracing::error!(error = %crate::problem::chain(&failure), "an answer could not be kept");
        }
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}
