//! OpenID Connect, the side that relies on a provider: where to send a browser, and who came back.
//!
//! The authorization code flow with PKCE (OpenID Connect Core 1.0, section 3.1; RFC 7636), kept to what RFC 9700 asks for.
//! This room must never decide who somebody is here or what they may do, keep a flow or a session, write anything down,
//! follow a redirect, or believe a token whose algorithm it did not choose. Begin with `provider.rs`; `id_token.rs` is
//! what is believed of a token, `metadata.rs` of a provider, `fetch.rs` calls it.

mod failure;
mod fetch;
mod id_token;
mod keys;
mod metadata;
mod provider;

pub use failure::OidcRefused;
pub use provider::{Drawn, Freshness, Provider, ProviderOptions, Returned, SignedIn};
pub use tenure_call::{Address, AddressRefused, Authority, CallLimits};
