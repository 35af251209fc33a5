//! `POST /api/v1/delegations`: offers somebody to decide in the caller's place, for a time.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{DelegationShown, DelegationWish};
use tenure_judge::ApiResource;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/delegations",
    access: Access::Decided { action: ApiAction::Delegate, kind: ApiResourceKind::Delegation },
    evidence: Some("delegation.offered"),
    about: "Offers somebody to decide in the caller's place until an end, what is asked of the caller by name, as an owner, for a partner or in a review; never what their role lets them do. It counts once it is accepted.",
    query: &[],
    takes: Some("DelegationWish"),
    answers: Answers::Json(201, "Delegation"),
    route: || post(handle),
};

/// Everybody delegates their own decisions, and nobody another's.
pub(crate) const THEIRS: ApiResource = ApiResource::new(ApiResourceKind::Delegation, true);

/// Refuses what is longer than anybody reads.
pub(crate) fn limited(wish: &DelegationWish) -> Result<(), Problem> {
    at_most("to", &wish.to, NAME_CHARS_MAX)?;
    at_most("reason", &wish.reason, SENTENCE_CHARS_MAX)
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wish): Body<DelegationWish>,
) -> Result<(StatusCode, Json<DelegationShown>), Problem> {
    let actor = asked.authorise(Whose::Claimed(THEIRS))?;
    limited(&wish)?;
    Ok((StatusCode::CREATED, Json(shared.engine.offer_delegation(actor, wish).await?)))
}
