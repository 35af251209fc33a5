//! `POST /api/v1/requests`: asks for what others decide.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most, at_most_if};
use tenure_engine::{RequestShown, RequestWish};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/requests",
    access: Access::Decided { action: ApiAction::Request, kind: ApiResourceKind::Request },
    evidence: Some("request.asked"),
    about: "Asks that a principal may be made at a source; or, with `kind` `privilege`, that an identity that is there may hold further rights (`identity`, `rights`, `until`, `reason`), or with `ownership` that one that nobody answers for is offered to somebody (`identity`, `to`, `role`, `stage`, `runbook`, `reason`). Of what is to be made it is refused, naming all of it, while anything is missing: both owners, purpose, boundary, scope, environment, an end or a cadence, what retires it, and where its credential will live. It changes nothing: others decide, and it is used once, when a survey first sees what was made.",
    query: &[],
    takes: Some("RequestWish"),
    answers: Answers::Json(201, "Request"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wish): Body<RequestWish>,
) -> Result<(StatusCode, Json<RequestShown>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    limited(&wish)?;
    let made = shared.engine.create_request(actor, wish).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Refuses what is longer than anybody reads.
pub(crate) fn limited(wish: &RequestWish) -> Result<(), Problem> {
    for (field, text) in [
        ("purpose", &wish.purpose),
        ("boundary", &wish.boundary),
        ("retirement_trigger", &wish.retirement_trigger),
        ("runbook", &wish.runbook),
        ("reason", &wish.reason),
    ] {
        at_most_if(field, text.as_deref(), SENTENCE_CHARS_MAX)?;
    }
    at_most_if("identity", wish.identity.as_deref(), NAME_CHARS_MAX)?;
    at_most_if("to", wish.to.as_deref(), NAME_CHARS_MAX)?;
    for right in &wish.rights {
        at_most("rights", &right.right, NAME_CHARS_MAX)?;
        at_most("rights", &right.resource, NAME_CHARS_MAX)?;
    }
    for right in &wish.allowed_scope {
        at_most("allowed_scope", right, NAME_CHARS_MAX)?;
    }
    Ok(())
}
