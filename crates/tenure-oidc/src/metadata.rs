//! What a provider says of itself (OpenID Connect Discovery 1.0, RFC 8414), and what is believed of it.

use crate::{Address, OidcRefused};
use serde::Deserialize;

/// Where a provider says it of itself, behind its issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What is used of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) authorization: Address,
    pub(crate) token: Address,
    pub(crate) jwks: Address,
    /// Answers in the browser say from whom they come (RFC 9207).
    pub(crate) names_itself: bool,
    /// We say who we are in the form, not in a header.
    pub(crate) secret_in_form: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    response_types_supported: Vec<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where the metadata of an issuer are.
pub(crate) fn well_known(issuer: &Address) -> Result<Address, OidcRefused> {
    let text = format!("{}{WELL_KNOWN}", issuer.as_str().trim_end_matches('/'));
    Address::endpoint(&text).map_err(|why| OidcRefused::Endpoint { name: "issuer", why })
}

/// Reads the metadata that `issuer` gave out.
pub(crate) fn read(issuer: &Address, bytes: &[u8]) -> Result<Metadata, OidcRefused> {
    let document: Document = serde_json::from_slice(bytes)
        .map_err(|_| OidcRefused::Unreadable { what: "description of itself" })?;
    // Exactly: another spelling is another issuer.
    if document.issuer != issuer.as_str() {
        return Err(OidcRefused::OtherIssuer);
    }
    let has = |list: &[String], word: &str| list.iter().any(|one| one == word);
    if !has(&document.code_challenge_methods_supported, "S256") {
        return Err(OidcRefused::NoPkce);
    }
    if !has(&document.response_types_supported, "code") {
        return Err(OidcRefused::NoCodeFlow);
    }
    let endpoint = |name, text: &str| {
        let address = Address::endpoint(text).map_err(|why| OidcRefused::Endpoint { name, why })?;
        // Who is elsewhere does not send us, or our people, to a plain line of this machine.
        if !address.is_encrypted() && issuer.is_encrypted() {
            return Err(OidcRefused::Endpoint { name, why: crate::AddressRefused::NotEncrypted });
        }
        Ok(address)
    };
    let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
    Ok(Metadata {
        authorization: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
        token: endpoint("token_endpoint", &document.token_endpoint)?,
        jwks: endpoint("jwks_uri", &document.jwks_uri)?,
        names_itself: document.authorization_response_iss_parameter_supported,
        secret_in_form: has(&methods, "client_secret_post") && !has(&methods, "client_secret_basic"),
    })
}
