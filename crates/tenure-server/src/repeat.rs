//! A call that names itself (`idempotency-key`) is carried out once, however often it is sent.
//!
//! Timeline of a lost answer: t0 the call is carried out, t1 its answer is kept, t2 the answer
//! is lost on the way, t3 the caller sends it again and gets what was kept. A crash between t0
//! and t1 forgets that it was made: then the verbs' own conflicts are what protects. Only
//! successes are kept; what was refused may be tried again under the same key.
//! The mark of a call under way is set before the kept answer is looked for and goes only after
//! the answer is kept: whoever comes in between is told that it is under way, never carried out.

use crate::{
    body::{LARGE_BODY_BYTES_MAX, unread},
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
use tenure_model::{PersonId, Role};

/// Bytes of an answer that is kept, at most; of a longer one only that it was given.
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
        // Made only when it is new: dropping one takes the mark away, also that of somebody else.
        is_new.then(|| UnderWay { calls: self, call })
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
    (asker, role): (PersonId, Role),
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
        // Read before the mark is set: a body that comes slowly must not stand in another's way.
        let (call, request) = digestible(role, request).await?;
        let Some(_under_way) = shared.calls.begin((asker, key.clone())) else {
            return Err(Problem::conflict("a call with this idempotency key is under way")
                .with_remedy("send it again later: it then gets that call's answer"));
        };
        match shared.engine.recall_answer(asker, &key, &call).await? {
            Recalled::New => {}
            Recalled::OtherCall => {
                return Err(Problem::refused(
                    "this idempotency key was used for another call, or in another role; choose a new one",
                ));
            }
            Recalled::Answered { status, body } => return repeated(endpoint, status, body),
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

/// All of a call that tells it from others, and the request again. Whoever has another role by now may see other things,
/// and makes another call.
async fn digestible(role: Role, request: Request) -> Result<(Vec<u8>, Request), Problem> {
    let (parts, body) = request.into_parts();
    // The handler's own limit may be lower, and is asked behind this.
    let body = Limited::new(body, LARGE_BODY_BYTES_MAX).collect().await;
    let body = body.map_err(|error| unread(error.as_ref(), LARGE_BODY_BYTES_MAX))?;
    let body = body.to_bytes();
    let mut call = format!("{role} {} {}\n", parts.method, parts.uri).into_bytes();
    call.extend_from_slice(&body);
    Ok((call, Request::from_parts(parts, Body::from(body))))
}

fn repeated(endpoint: &Endpoint, status: u16, body: Option<String>) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(status).map_err(|_| Problem::ours())?;
    if body.is_none() && status != StatusCode::NO_CONTENT {
        return Err(match endpoint.answers {
            Answers::SecretJson(..) => {
                Problem::conflict("this call was answered before, with a secret that is shown once")
                    .with_remedy(
                        "call again with a new idempotency key; the former secret then no longer counts",
                    )
            }
            Answers::Json(..)
            | Answers::UnkeptJson(..)
            | Answers::Nothing(_)
            | Answers::Scim(_)
            | Answers::Bytes(_)
            | Answers::Page(_) => {
                Problem::conflict("this call was carried out before; its answer was too long to be kept")
                    .with_remedy("look at what came of it; nothing needs to be done again")
            }
        });
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
        Answers::SecretJson(..) | Answers::UnkeptJson(..) => None,
        Answers::Json(..) | Answers::Nothing(_) | Answers::Scim(_) | Answers::Bytes(_) | Answers::Page(_) => {
            kept_text(&body)
        }
    };
    let kept = shared.engine.keep_answer(asker, key, call, parts.status.as_u16(), text).await;
    if let Err(failure) = kept {
        // It was carried out; not being able to remember the answer must not hide that.
        tracing::error!(error = %crate::problem::chain(&failure), "an answer could not be kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// The answer as it is kept, unless it is too long for that.
fn kept_text(body: &[u8]) -> Option<String> {
    let kept = Some(body).filter(|body| body.len() <= KEPT_BYTES_MAX)?;
    std::str::from_utf8(kept).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{CallsUnderWay, KEPT_BYTES_MAX, kept_text, repeated};
    use crate::{endpoint::Answers, routes};
    use tenure_model::PersonId;

    #[test]
    fn a_call_under_way_stays_marked_until_it_ends_whoever_else_asks() {
        let calls = CallsUnderWay::default();
        let person: PersonId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let first = calls.begin((person, String::from("k")));
        for _ in 0..3 {
            assert!(calls.begin((person, String::from("k"))).is_none());
        }
        assert!(calls.begin((person, String::from("other"))).is_some());
        drop(first);
        assert!(calls.begin((person, String::from("k"))).is_some());
    }

    #[test]
    fn an_answer_that_is_too_long_to_be_kept_still_says_that_it_was_given() {
        assert_eq!(kept_text(b"{}").as_deref(), Some("{}"));
        assert_eq!(kept_text(&vec![b' '; KEPT_BYTES_MAX + 1]), None);
        let endpoint =
            routes::all().find(|endpoint| matches!(endpoint.answers, Answers::Json(201, _))).unwrap();
        let problem = repeated(endpoint, 201, None).unwrap_err();
        assert_eq!(problem.detail, "this call was carried out before; its answer was too long to be kept");
    }
}
