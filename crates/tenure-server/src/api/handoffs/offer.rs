//! `POST /api/v1/handoffs`: offers somebody to answer for an identity.

use crate::api::prelude::*;
use tenure_engine::{HandoffShown, HandoffWish};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/handoffs",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("handoff.offered"),
    about: "Offers somebody a share of an identity: to be its business or technical owner. Its owner offers it; where nobody has that share, its other owner or an operator does. Until it is accepted, whoever answers for it still does.",
    query: &[],
    takes: Some("HandoffWish"),
    answers: Answers::Json(201, "Handoff"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wish): Body<HandoffWish>,
) -> Result<(StatusCode, Json<HandoffShown>), Problem> {
    let claimed = match shared.engine.handoff_claim(asked.person.id, &wish).await {
        Ok(claimed) => claimed,
        Err(failure) => {
            asked.authorise(Whose::Claimed(super::THEIRS))?;
            return Err(failure.into());
        }
    };
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(claimed))?;
    super::limited(&wish.to, &wish.runbook, &wish.reason)?;
    Ok((StatusCode::CREATED, Json(shared.engine.offer_handoff(actor, wish).await?)))
}
