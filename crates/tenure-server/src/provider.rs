//! Signing in by an OpenID provider: who was sent there from which browser, and who comes back.
//!
//! A flow is kept here, once, for ten minutes, under the hash of its state, and belongs to the browser that holds its
//! cookie. Who comes back is a person only when an administrator linked them (`tenure-engine/src/verbs/links.rs`). This
//! room must never trust an address, a state or an error that a browser brought, or lead to any page but ours.
//! Next: `console/sign_in.rs` for the pages, `tenure-oidc` for what is checked.

use crate::{
    problem::Problem,
    sign_in::{Begun, Line, Shown, SignIn, cookies_named, hashes_of},
};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tenure_engine::{Engine, EngineFailure, token_hash};
use tenure_model::{Instant, Secret, printable};
use tenure_oidc::{
    Address, CallLimits, Drawn, Freshness, OidcRefused, Provider, ProviderOptions, Returned, SignedIn,
};
use tokio::sync::Semaphore;

/// How long somebody may take at the provider.
const FLOW_LIFE: Duration = Duration::from_mins(10);
/// People on their way at a time, at most; the oldest goes first.
const FLOWS_MAX: usize = 10_000;
/// Calls to the provider at a time, at most.
const CALLS_MAX: usize = 8;
/// How long ago somebody may have shown who they are, when nothing else is configured.
const STEP_UP: Duration = Duration::from_mins(15);
const COOKIE: &str = "tenure_flow";
/// Where a provider sends browsers back to.
pub(crate) const BACK: &str = "/sign-in/back";
/// Characters of a value that a browser brings, at most.
const BROUGHT_CHARS_MAX: usize = 4_096;

/// How people sign in beside one-time codes.
#[derive(Debug)]
pub struct SignInOptions {
    /// By an OpenID provider.
    pub provider: Option<OidcOptions>,
    /// How long ago somebody may have shown who they are to decide what is dangerous.
    pub step_up: Duration,
}

impl Default for SignInOptions {
    fn default() -> Self {
        Self { provider: None, step_up: STEP_UP }
    }
}

/// An OpenID provider, as it is configured.
#[derive(Debug)]
pub struct OidcOptions {
    /// Its issuer.
    pub issuer: Address,
    /// Our name there.
    pub client_id: String,
    /// What shows that we are that client.
    pub client_secret: Secret<String>,
    /// Where browsers reach the console: scheme, host and port.
    pub public_url: Address,
    /// What people call it.
    pub name: String,
    /// How its certificate is checked beyond the system's authorities, in DER.
    pub authorities: Vec<tenure_oidc::Authority>,
}

/// The host of an address as it stands in a header, without its port.
pub(crate) fn host_of(address: &Address) -> String {
    let host = address.host();
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Somebody on their way.
struct Flow {
    drawn: Drawn,
    cookie_hash: [u8; 32],
    begun: Instant,
    freshness: Freshness,
    back: Option<String>,
    /// Sessions the browser had, which end: it does not send them along from elsewhere.
    former: Vec<[u8; 32]>,
}

/// The way in by a provider.
pub(crate) struct ProviderDoor {
    /// What people call it.
    pub(crate) name: String,
    provider: Provider,
    line: Line,
    flows: Mutex<HashMap<[u8; 32], Flow>>,
    calls: Semaphore,
}

/// Where a browser goes, and what it is to keep meanwhile.
pub(crate) struct Sent {
    pub(crate) to: String,
    pub(crate) cookie: HeaderValue,
}

/// What a browser brings back.
#[derive(Deserialize)]
pub(crate) struct Brought {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Why nobody was let in.
pub(crate) struct NotLetIn {
    pub(crate) status: StatusCode,
    pub(crate) why: String,
    pub(crate) next: String,
}

impl NotLetIn {
    fn new(status: StatusCode, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { status, why: why.into(), next: next.into() }
    }

    fn forbidden(why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, why, next)
    }
}

impl From<Problem> for NotLetIn {
    fn from(problem: Problem) -> Self {
        Self::new(problem.status, problem.detail, problem.remedy.unwrap_or_default())
    }
}

impl From<EngineFailure> for NotLetIn {
    fn from(failure: EngineFailure) -> Self {
        Problem::from(failure).into()
    }
}

impl From<OidcRefused> for NotLetIn {
    fn from(refused: OidcRefused) -> Self {
        tracing::warn!(why = %refused, "nobody was signed in by the provider");
        let status = match refused {
            OidcRefused::Unreachable { .. }
            | OidcRefused::TooSlow
            | OidcRefused::TooLarge
            | OidcRefused::Redirected { .. }
            | OidcRefused::Status { .. }
            | OidcRefused::Unreadable { .. }
            | OidcRefused::OtherIssuer
            | OidcRefused::Endpoint { .. }
            | OidcRefused::NoPkce
            | OidcRefused::NoCodeFlow
            | OidcRefused::ForbiddenAddress
            | OidcRefused::ClientRefused
            | OidcRefused::Setup => StatusCode::BAD_GATEWAY,
            _ => StatusCode::FORBIDDEN,
        };
        let next =
            "try once more; if it stays so, whoever runs Tenure finds this line in its log (docs/sign-in.md)";
        Self::new(status, refused.to_string(), next)
    }
}

impl ProviderDoor {
    pub(crate) fn new(options: OidcOptions) -> Self {
        let OidcOptions { issuer, client_id, client_secret, public_url, name, authorities } = options;
        let line = if public_url.is_encrypted() { Line::Encrypted } else { Line::Plain };
        let redirect_uri = format!("{}{BACK}", public_url.as_str().trim_end_matches('/'));
        let limits = CallLimits::default();
        let provider = Provider::new(ProviderOptions {
            issuer,
            client_id,
            client_secret,
            redirect_uri,
            authorities,
            limits,
        });
        Self { name, provider, line, flows: Mutex::default(), calls: Semaphore::new(CALLS_MAX) }
    }

    /// Its issuer.
    pub(crate) fn issuer(&self) -> &str {
        self.provider.issuer()
    }

    /// Sends a browser there. Somebody who was to sign in again must do it anew, and comes back to where they were.
    pub(crate) async fn begin(
        &self,
        engine: &Engine,
        headers: &HeaderMap,
        sign_in: &SignIn,
    ) -> Result<Sent, NotLetIn> {
        let begun = engine.now();
        let back = sign_in.back_of(headers, begun);
        let freshness = if back.is_some() { Freshness::Anew } else { Freshness::Any };
        let draw = || engine.draw_token();
        // Two of 32 letters and digits: a verifier has 43 at least.
        let verifier = Secret::new(format!("{}{}", draw()?.expose(), draw()?.expose()));
        let drawn = Drawn { state: draw()?, nonce: draw()?, verifier };
        let held = draw()?;
        let _call = self.calls.try_acquire().map_err(|_| Problem::crowded())?;
        let to = self.provider.begin(&drawn, freshness, begun).await?;
        let text = format!(
            "{COOKIE}={}; HttpOnly; SameSite=Lax; Path={BACK}; Max-Age={}{}",
            held.expose(),
            FLOW_LIFE.as_secs(),
            self.line.attribute()
        );
        let mut cookie = HeaderValue::from_str(&text).map_err(|_| Problem::ours())?;
        cookie.set_sensitive(true);
        let hash = token_hash(&drawn.state);
        let flow = Flow {
            drawn,
            cookie_hash: token_hash(&held),
            begun,
            freshness,
            back,
            former: hashes_of(headers),
        };
        self.keep(hash, flow, begun);
        Ok(Sent { to, cookie })
    }

    /// Takes back who was sent. Whatever comes of it, the flow is used.
    pub(crate) async fn finish(
        &self,
        engine: &Engine,
        headers: &HeaderMap,
        brought: Brought,
        sign_in: &SignIn,
    ) -> Result<Begun, NotLetIn> {
        let flow = self.use_flow(headers, brought.state.as_deref(), engine.now())?;
        if brought.error.is_some() {
            return Err(NotLetIn::forbidden(
                format!("{} did not sign you in{}", self.name, known_error(brought.error.as_deref())),
                "sign in once more, or with a one-time code",
            ));
        }
        let code = brought.code.filter(|code| !code.is_empty() && code.len() <= BROUGHT_CHARS_MAX);
        let Some(code) = code else {
            return Err(NotLetIn::new(
                StatusCode::BAD_REQUEST,
                "the provider sent no code along",
                "sign in once more",
            ));
        };
        let returned = Returned { code: Secret::new(code), issuer: brought.iss };
        let signed_in = {
            let _call = self.calls.try_acquire().map_err(|_| Problem::crowded())?;
            let asked = (flow.freshness, flow.begun);
            self.provider.finish(&flow.drawn, returned, asked, engine.now()).await?
        };
        let SignedIn { subject, verified_email, authenticated } = signed_in;
        let found = engine.person_linked(self.issuer(), &subject, verified_email.as_deref()).await?;
        let Some(person) = found else {
            return Err(NotLetIn::forbidden(
                format!(
                    "{} knows you, and Tenure does not: no person here is linked to your account",
                    self.name
                ),
                format!(
                    "an administrator links it to you: tenure people link NAME --subject '{}'",
                    printable(&subject, 255)
                ),
            ));
        };
        let shown = Shown { person: person.id, signed_in: authenticated, until: None };
        sign_in.end_these(&flow.former);
        Ok(sign_in.open(engine, headers, shown, (self.line, flow.back))?)
    }

    /// How a browser forgets a flow.
    pub(crate) fn forget(&self) -> HeaderValue {
        let text =
            format!("{COOKIE}=; HttpOnly; SameSite=Lax; Path={BACK}; Max-Age=0{}", self.line.attribute());
        // Made of our own words.
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("tenure_flow=; Max-Age=0"))
    }

    fn keep(&self, state_hash: [u8; 32], flow: Flow, now: Instant) {
        let mut flows = self.flows();
        if flows.len() >= FLOWS_MAX {
            flows.retain(|_, flow| now.since(flow.begun) < FLOW_LIFE);
        }
        if flows.len() >= FLOWS_MAX
            && let Some(oldest) = flows.iter().min_by_key(|(_, flow)| flow.begun).map(|(hash, _)| *hash)
        {
            flows.remove(&oldest);
        }
        flows.insert(state_hash, flow);
    }

    /// The flow of a state, taken out, if it began in this browser and not too long ago.
    fn use_flow(&self, headers: &HeaderMap, state: Option<&str>, now: Instant) -> Result<Flow, NotLetIn> {
        let refused = |why| NotLetIn::new(StatusCode::BAD_REQUEST, why, "sign in once more");
        let state = state.filter(|state| state.len() <= BROUGHT_CHARS_MAX).map(str::to_owned);
        let hash = state.map(|state| token_hash(&Secret::new(state)));
        let flow = hash.and_then(|hash| self.flows().remove(&hash));
        let flow =
            flow.ok_or_else(|| refused("this sign-in is not known here: it was used, or began elsewhere"))?;
        if now.since(flow.begun) >= FLOW_LIFE {
            return Err(refused("this sign-in took longer than 10 minutes"));
        }
        if !cookies_named(headers, COOKIE).any(|held| token_hash(&held) == flow.cookie_hash) {
            tracing::warn!("a sign-in came back in another browser than it began in");
            return Err(refused("this sign-in began in another browser"));
        }
        Ok(flow)
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<[u8; 32], Flow>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a provider may say (RFC 6749, section 4.1.2.1; OpenID Connect Core 1.0, section 3.1.2.6). Other words are not repeated.
fn known_error(error: Option<&str>) -> &'static str {
    match error {
        Some("access_denied") => ": you or it said no",
        Some(
            "login_required" | "interaction_required" | "consent_required" | "account_selection_required",
        ) => ": it wants to ask you something first",
        Some("temporarily_unavailable" | "server_error") => ": it is not well at the moment",
        Some("unauthorized_client" | "invalid_request" | "invalid_scope" | "unsupported_response_type") => {
            ": it does not take this client as it is set up there"
        }
        _ => "",
    }
}
