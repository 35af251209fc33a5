//! `POST /api/v1/identities/{ref}/not-mine`: whoever says so is no owner, and who to ask instead is kept.

use super::ANYTHING;
use crate::api::identities::find;
use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most, at_most_if};
use tenure_engine::{IdentityRow, NotMine};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/identities/{ref}/not-mine",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("identity.passed_on"),
    about: "Takes whoever asks out of the owners, or declines a suggestion; `ask` is who is to be asked instead.",
    query: &[],
    takes: Some("NotMine"),
    answers: Answers::Json(200, "Identity"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(said): Body<NotMine>,
) -> Result<Json<IdentityRow>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(ANYTHING))?;
    let identity = find(&shared, &given).await?;
    at_most("reason", &said.reason, SENTENCE_CHARS_MAX)?;
    at_most_if("ask", said.ask.as_deref(), NAME_CHARS_MAX)?;
    Ok(Json(shared.engine.pass_on(actor, &identity.id.to_string(), said).await?))
}
