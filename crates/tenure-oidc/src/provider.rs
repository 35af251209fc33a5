//! One provider: where a browser is sent to sign in, and who it is that comes back.
//!
//! What it says of itself and its keys are kept for an hour; its keys are fetched once more when a token names one that is
//! not among them. Nothing is asked of it before somebody signs in, so that Tenure starts without it. Whoever calls keeps
//! the flow (`Drawn`), uses it once, and ties it to the browser. Next: `id_token.rs`.

use crate::{
    Address, Authority, OidcRefused,
    fetch::Fetch,
    id_token::{self, Believed, Expected},
    keys::Keys,
    metadata::{self, Metadata},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tenure_call::CallLimits;
use tenure_model::{Instant, Secret};

/// How long what a provider says is believed without asking again.
const KEPT: Duration = Duration::from_hours(1);
/// How much earlier than asked for somebody may have signed in, by the provider's clock.
const CLOCKS_APART_MAX: Duration = Duration::from_mins(1);
/// Everything but the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a provider knows us and we it.
#[derive(Debug)]
pub struct ProviderOptions {
    /// Its issuer, exactly as it writes it.
    pub issuer: Address,
    /// Our name there.
    pub client_id: String,
    /// What shows that we are that client.
    pub client_secret: Secret<String>,
    /// Where it sends the browser back to.
    pub redirect_uri: String,
    /// Authorities beside the system's that sign its certificate.
    pub authorities: Vec<Authority>,
    /// How long calls may take, and how much they may answer.
    pub limits: CallLimits,
}

/// What is drawn for one sign-in, each value on its own, and used once.
#[derive(Debug)]
pub struct Drawn {
    /// Ties the answer to the browser.
    pub state: Secret<String>,
    /// Ties the ID token to the sign-in.
    pub nonce: Secret<String>,
    /// Ties the code to us: 43 to 128 unreserved characters (RFC 7636, section 4.1).
    pub verifier: Secret<String>,
}

/// Whether somebody must sign in although the provider knows them already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// However long ago.
    Any,
    /// Now, and the provider must say so.
    Anew,
}

/// What the browser brought back.
#[derive(Debug)]
pub struct Returned {
    /// The code.
    pub code: Secret<String>,
    /// From whom, if it was said.
    pub issuer: Option<String>,
}

/// Who signed in at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The provider's own name for them, which never changes hands.
    pub subject: String,
    /// Their address, if the provider verified it.
    pub verified_email: Option<String>,
    /// When they showed who they are, if the provider says it.
    pub authenticated: Option<Instant>,
}

/// One provider.
#[derive(Debug)]
pub struct Provider {
    options: ProviderOptions,
    fetch: Fetch,
    known: Mutex<Option<(Instant, Arc<Known>)>>,
}

/// What a provider said.
#[derive(Debug)]
struct Known {
    metadata: Metadata,
    keys: Keys,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

#[derive(Deserialize)]
struct TokenRefused {
    error: String,
}

impl Provider {
    /// Does not call it yet.
    pub fn new(mut options: ProviderOptions) -> Self {
        let authorities = std::mem::take(&mut options.authorities);
        let fetch = Fetch::new(authorities, options.limits);
        Self { options, fetch, known: Mutex::new(None) }
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        self.options.issuer.as_str()
    }

    /// Where to send a browser to sign in.
    pub async fn begin(
        &self,
        drawn: &Drawn,
        freshness: Freshness,
        now: Instant,
    ) -> Result<String, OidcRefused> {
        let known = self.known(now).await?;
        let endpoint = &known.metadata.authorization;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(drawn.verifier.expose().as_bytes()));
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.options.client_id),
            ("redirect_uri", &self.options.redirect_uri),
            ("scope", "openid email"),
            ("state", drawn.state.expose()),
            ("nonce", drawn.nonce.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if freshness == Freshness::Anew {
            fields.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let sign = if endpoint.as_str().contains('?') { '&' } else { '?' };
        Ok(format!("{}{sign}{}", endpoint.as_str(), form(&fields)))
    }

    /// Who it is that came back. `begun` is when they were sent.
    pub async fn finish(
        &self,
        drawn: &Drawn,
        returned: Returned,
        (freshness, begun): (Freshness, Instant),
        now: Instant,
    ) -> Result<SignedIn, OidcRefused> {
        let known = self.known(now).await?;
        match &returned.issuer {
            Some(issuer) if issuer != self.issuer() => return Err(OidcRefused::MixUp),
            None if known.metadata.names_itself => return Err(OidcRefused::NoIssuerInAnswer),
            Some(_) | None => {}
        }
        let token = self.redeem(&known.metadata, drawn, &returned.code).await?;
        let expected = Expected {
            issuer: self.issuer(),
            client: &self.options.client_id,
            nonce: drawn.nonce.expose(),
            now,
        };
        let believed = match id_token::believe(&token, &known.keys, &expected) {
            // It may have new keys since.
            Err(OidcRefused::UnknownKey) => {
                let keys = Keys::read(&self.fetch.get(&known.metadata.jwks).await?)?;
                let again = id_token::believe(&token, &keys, &expected);
                self.keep(now, Known { metadata: known.metadata.clone(), keys });
                again?
            }
            believed => believed?,
        };
        let Believed { subject, email: verified_email, authenticated } = believed;
        let is_anew = authenticated.is_some_and(|at| at.plus(CLOCKS_APART_MAX) >= begun);
        if freshness == Freshness::Anew && !is_anew {
            return Err(OidcRefused::NotAnew);
        }
        Ok(SignedIn { subject, verified_email, authenticated })
    }

    /// Trades the code for the ID token.
    async fn redeem(
        &self,
        metadata: &Metadata,
        drawn: &Drawn,
        code: &Secret<String>,
    ) -> Result<String, OidcRefused> {
        let ProviderOptions { client_id, client_secret, redirect_uri, .. } = &self.options;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", drawn.verifier.expose()),
        ];
        let mut authorization = None;
        if metadata.secret_in_form {
            fields.extend([("client_id", client_id.as_str()), ("client_secret", client_secret.expose())]);
        } else {
            // Each part is encoded as in a form before they are joined (RFC 6749, section 2.3.1).
            let joined = format!("{}:{}", encoded(client_id), encoded(client_secret.expose()));
            let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(joined)));
            let mut value = value.map_err(|_| OidcRefused::Setup)?;
            value.set_sensitive(true);
            authorization = Some(value);
        }
        let answer = self.fetch.post(&metadata.token, authorization, form(&fields).into_bytes()).await?;
        if answer.status == StatusCode::OK {
            let answer: TokenAnswer =
                serde_json::from_slice(&answer.body).map_err(|_| OidcRefused::NotAToken)?;
            return Ok(answer.id_token);
        }
        let refused: Option<TokenRefused> = serde_json::from_slice(&answer.body).ok();
        Err(match refused.as_ref().map(|refused| refused.error.as_str()) {
            Some("invalid_grant") => OidcRefused::CodeRefused,
            Some("invalid_client" | "unauthorized_client") => OidcRefused::ClientRefused,
            _ => OidcRefused::Status {
                path: String::from("its token endpoint"),
                status: answer.status.as_u16(),
            },
        })
    }

    async fn known(&self, now: Instant) -> Result<Arc<Known>, OidcRefused> {
        let kept = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((since, known)) = kept
            && now.since(since) < KEPT
        {
            return Ok(known);
        }
        // Two at once ask twice: that costs less than one who waits for another's call.
        let address = metadata::well_known(&self.options.issuer)?;
        let metadata = metadata::read(&self.options.issuer, &self.fetch.get(&address).await?)?;
        let keys = Keys::read(&self.fetch.get(&metadata.jwks).await?)?;
        Ok(self.keep(now, Known { metadata, keys }))
    }

    fn keep(&self, now: Instant, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&known)));
        known
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}
