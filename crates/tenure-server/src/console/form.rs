//! Forms that a page sends: small, read after the asker was authorised, refused as a page.

use crate::{body::slow, problem::Problem, shared::Shared};
use axum::{
    Form,
    body::Body,
    extract::{FromRequest, Request, rejection::FormRejection},
};
use http::StatusCode;
use http_body_util::Limited;
use serde::de::DeserializeOwned;

/// Bytes of a form, at most.
const FORM_BYTES_MAX: usize = 16 * 1024;

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
