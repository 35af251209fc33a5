//! The calls to a provider, as answers or as reasons why nobody is signed in. Next: `tenure-call`, which makes them.

use crate::{Address, Authority, OidcRefused};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header, request};
use tenure_call::{Answer, CallFailed, CallLimits, Caller, NotReachable, PrivateAddresses};

/// What calls the provider. It may stand in a private network: whoever configured it said so by its name.
#[derive(Debug)]
pub(crate) struct Fetch(Caller);

impl Fetch {
    pub(crate) fn new(authorities: Vec<Authority>, limits: CallLimits) -> Self {
        Self(Caller::new(authorities, limits, PrivateAddresses::Allowed))
    }

    /// Asks for a document.
    pub(crate) async fn get(&self, address: &Address) -> Result<Bytes, OidcRefused> {
        let answer = self.call(address, Request::get("/"), Bytes::new()).await?;
        if answer.status == StatusCode::OK {
            return Ok(answer.body);
        }
        Err(OidcRefused::Status { path: path_of(address), status: answer.status.as_u16() })
    }

    /// Sends a form.
    pub(crate) async fn post(
        &self,
        address: &Address,
        authorization: Option<HeaderValue>,
        form: Vec<u8>,
    ) -> Result<Answer, OidcRefused> {
        let mut request =
            Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.call(address, request, form.into()).await
    }

    async fn call(
        &self,
        address: &Address,
        request: request::Builder,
        body: Bytes,
    ) -> Result<Answer, OidcRefused> {
        let request = request.header(header::ACCEPT, "application/json");
        self.0.call(address, request, body).await.map_err(|failed| refused(failed, address))
    }
}

fn refused(failed: CallFailed, address: &Address) -> OidcRefused {
    match failed {
        CallFailed::Address(NotReachable::Unknown { .. }) => {
            OidcRefused::Unreachable { why: String::from("its name is not known") }
        }
        CallFailed::Address(NotReachable::Never { .. } | NotReachable::Private { .. }) => {
            OidcRefused::ForbiddenAddress
        }
        CallFailed::Line { why } => OidcRefused::Unreachable { why },
        CallFailed::TooSlow => OidcRefused::TooSlow,
        CallFailed::TooLarge => OidcRefused::TooLarge,
        CallFailed::Redirected => OidcRefused::Redirected { path: path_of(address) },
        CallFailed::Setup => OidcRefused::Setup,
    }
}

fn path_of(address: &Address) -> String {
    address.path_and_query().split('?').next().unwrap_or_default().chars().take(200).collect()
}
