//! What is dangerous asks a session how long ago its person showed who they are.
//!
//! A session lasts twelve hours, and a browser is left alone now and then: what cannot be taken back, or gives somebody
//! more than they have, is decided by somebody who signed in minutes ago. A token and an account of this machine have no
//! such moment: a token is made for a program, has an end and is taken away; an account is the kernel's word. The list must
//! hold whatever makes a session, a code or a token, or it is gone around. Next: `sign_in.rs`.

use crate::{
    endpoint::{Endpoint, Verb},
    enter::Via,
    problem::Problem,
    shared::Shared,
};
use http::StatusCode;

/// What asks for it.
const DANGEROUS: [(Verb, &str); 43] = [
    (Verb::Post, "/api/v1/plans/{ref}/apply"),
    (Verb::Post, "/api/v1/plans/{ref}/undo"),
    (Verb::Post, "/plans/{handle}/apply"),
    (Verb::Post, "/plans/{handle}/undo"),
    (Verb::Put, "/api/v1/programme"),
    (Verb::Put, "/api/v1/exceptions/{ref}/decision"),
    (Verb::Post, "/exceptions/{exception}/decide"),
    (Verb::Put, "/api/v1/requests/{ref}/decision"),
    (Verb::Post, "/requests/{request}/decide"),
    (Verb::Put, "/api/v1/handoffs/{ref}/answer"),
    (Verb::Post, "/handoffs/{handoff}/answer"),
    (Verb::Post, "/api/v1/delegations"),
    (Verb::Post, "/delegations"),
    (Verb::Put, "/api/v1/delegations/{ref}/answer"),
    (Verb::Post, "/delegations/{delegation}/answer"),
    (Verb::Post, "/api/v1/reviews"),
    (Verb::Put, "/api/v1/review-items/{ref}/decision"),
    (Verb::Post, "/api/v1/review-items/{ref}/alike"),
    (Verb::Post, "/review-items/{item}/decide"),
    (Verb::Post, "/api/v1/people"),
    (Verb::Delete, "/api/v1/people/{name}"),
    (Verb::Put, "/api/v1/people/{name}/role"),
    (Verb::Put, "/api/v1/people/{name}/mail"),
    (Verb::Put, "/api/v1/people/{name}/chat"),
    (Verb::Post, "/api/v1/people/{name}/token"),
    (Verb::Delete, "/api/v1/people/{name}/token"),
    (Verb::Delete, "/api/v1/people/{name}/tokens/{ref}"),
    (Verb::Put, "/api/v1/people/{name}/link"),
    (Verb::Delete, "/api/v1/people/{name}/link"),
    (Verb::Post, "/api/v1/provisioning-tokens"),
    (Verb::Delete, "/api/v1/provisioning-tokens/{ref}"),
    (Verb::Put, "/api/v1/teams/{name}/role"),
    (Verb::Post, "/api/v1/leavings/decide"),
    (Verb::Post, "/api/v1/people-imports"),
    (Verb::Post, "/api/v1/programme/playbooks/{id}/drills"),
    (Verb::Post, "/api/v1/ldap/{name}/readings"),
    (Verb::Post, "/api/v1/sign-in-codes"),
    (Verb::Delete, "/api/v1/sources/{name}"),
    (Verb::Post, "/api/v1/sources/{name}/surveys/decide"),
    (Verb::Post, "/sources/{name}/decide"),
    (Verb::Post, "/api/v1/keys/{ring}/rotate"),
    (Verb::Post, "/api/v1/keys/{ring}/{key_id}/retire"),
    (Verb::Post, "/api/v1/backups"),
];

fn is_dangerous(endpoint: &Endpoint) -> bool {
    DANGEROUS.contains(&(endpoint.verb, endpoint.path))
}

/// Refuses a dangerous call of a session whose person showed too long ago who they are, or nobody knows when.
pub(crate) fn check(shared: &Shared, endpoint: &Endpoint, via: Via) -> Result<(), Problem> {
    let Via::Session { signed_in } = via else { return Ok(()) };
    let now = shared.engine.now();
    if !is_dangerous(endpoint) || signed_in.is_some_and(|at| now.since(at) < shared.step_up) {
        return Ok(());
    }
    let minutes = shared.step_up.as_secs() / 60;
    let detail = format!("this is decided by somebody who signed in less than {minutes} minutes ago");
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "sign-in-again", "Sign in again", detail);
    Err(problem.with_remedy("sign in once more at /sign-in, then send it again"))
}

#[cfg(test)]
mod tests {
    use super::DANGEROUS;
    use crate::routes;

    #[test]
    fn everything_that_asks_for_it_is_an_endpoint() {
        for (verb, path) in DANGEROUS {
            let found = routes::all().any(|one| (one.verb, one.path) == (verb, path));
            assert!(found, "{} {path}", verb.as_str());
        }
    }
}
