//! The router: every endpoint wrapped the same way, whatever it is for.
//!
//! From outside in: the observer (id, deadline, log), the guard (Host, Origin), then per
//! endpoint `enter::pass`. Next: `api/mod.rs` for the list.

use crate::{
    api, body, console,
    endpoint::{Access, Endpoint, EndpointShown},
    enter,
    guard::{self, Hosts},
    metering, observe,
    problem::Problem,
    shared::{Front, Shared},
};
use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::IntoResponse as _,
};
use http::StatusCode;
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
    build(Front::new(engine, Hosts::loopback()))
}

pub(crate) fn build(shared: Shared) -> Router {
    metering::recorder();
    let mut router = Router::<Shared>::new();
    for endpoint in all() {
        let route = (endpoint.route)();
        let route = match endpoint.access {
            Access::Open => route.layer(middleware::from_fn(body::small)),
            Access::Decided { .. } => {
                let shared = Arc::clone(&shared);
                route.layer(middleware::from_fn(move |request: Request, next: Next| {
                    enter::pass(Arc::clone(&shared), endpoint, request, next)
                }))
            }
        };
        router = router.route(endpoint.path, route);
    }
    router
        .fallback(async || {
            Problem::missing("there is no such address here")
                .with_remedy("GET /api/v1/openapi.json lists all of them")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "Not done to that",
                "this address is there, but not for that method",
            )
            .into_response()
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::check))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), observe::wrap))
        .with_state(shared)
}
