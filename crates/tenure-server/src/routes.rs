//! The router: every endpoint wrapped the same way, whatever it is for.
//!
//! From outside in: the observer (id, deadline, log), the guard (Host, Origin), then per
//! endpoint `enter::pass`. Next: `api/mod.rs` for the list.

use crate::{
    api, body,
    console::{self, astray},
    endpoint::{Access, Endpoint, EndpointShown},
    enter,
    guard::{self, Hosts},
    metering, observe,
    provider::SignInOptions,
    scim,
    shared::{Front, Shared},
};
use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    routing::get,
};
use std::sync::Arc;
use tenure_engine::Engine;

/// All endpoints, in the order of the documents.
pub(crate) fn all() -> impl Iterator<Item = &'static Endpoint> {
    api::ENDPOINTS.iter().chain(console::ENDPOINTS).copied()
}

/// What every endpoint says about itself.
pub fn endpoints() -> Vec<EndpointShown> {
    all().map(Endpoint::shown).collect()
}

/// The whole server as a router. Requests carry a [`crate::Peer`] in their extensions; without one
/// they count as coming from the network, addressed to a name of loopback.
pub fn router(engine: Arc<Engine>) -> Router {
    router_with(engine, SignInOptions::default())
}

/// As `router`, and people sign in as these say.
pub fn router_with(engine: Arc<Engine>, sign_in: SignInOptions) -> Router {
    build(Front::new(engine, Hosts::loopback(), sign_in))
}

pub(crate) fn build(shared: Shared) -> Router {
    metering::recorder();
    let mut router = Router::<Shared>::new();
    for endpoint in all() {
        let route = (endpoint.route)();
        let route = match endpoint.access {
            Access::Open => route.layer(middleware::from_fn(body::small)),
            // Who signed it is seen by the handler, over the very bytes.
            Access::Signed => route,
            Access::Provisioning => {
                let shared = Arc::clone(&shared);
                route.layer(middleware::from_fn(move |request: Request, next: Next| {
                    scim::door::pass(Arc::clone(&shared), request, next)
                }))
            }
            Access::Decided { .. } => {
                let shared = Arc::clone(&shared);
                route.layer(middleware::from_fn(move |request: Request, next: Next| {
                    enter::pass(Arc::clone(&shared), endpoint, request, next)
                }))
            }
        };
        router = router.route(endpoint.path, route);
    }
    for form in astray::forms_without_page(&all().collect::<Vec<_>>()) {
        router = router.route(form, get(astray::to_its_page));
    }
    router
        .fallback(astray::missing)
        .method_not_allowed_fallback(astray::other_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::check))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), observe::wrap))
        .with_state(shared)
}
