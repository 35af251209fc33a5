//! HTTP: the API, the console and the log's static resources, on a socket and on TCP.
//!
//! A handler parses, authorises, calls one verb of the engine and shows what it answered. This
//! room must never decide anything itself, write SQL, name a system, log a value that came in,
//! or let the inner text of a failure reach a caller. Begin with `endpoint.rs` (what an endpoint
//! says about itself), `api/mod.rs` (all of them), `enter.rs` (who asks, and may they) and
//! `serve/` (how requests come in).

mod api;
mod body;
mod console;
mod csv_rows;
mod endpoint;
mod enter;
mod guard;
mod limits;
mod look_ups;
mod metering;
mod observe;
mod openapi;
mod page;
mod peer;
mod people_csv;
mod problem;
mod provider;
mod repeat;
mod routes;
mod scim;
mod serve;
mod shared;
mod sign_in;
mod step_up;
mod surveying;
mod ticket_words;
mod tickets_csv;
mod tickets_json;

pub use endpoint::{Access, EndpointShown};
pub use peer::Peer;
pub use provider::{OidcOptions, SignInOptions};
pub use routes::{endpoints, router, router_with};
pub use serve::{ServeFailed, ServeLimits, ServeOptions, Served, Serving, serve, serve_within};
