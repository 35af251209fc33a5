//! `PUT /api/v1/identities/{ref}/charter`: says whose an identity is and what it is for.

use super::find;
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most_if};
use tenure_engine::{CharterChange, IdentityRow};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/identities/{ref}/charter",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("identity.owned"),
    about: "Says whose an identity is and what it is for; what is absent stays as it is.",
    query: &[],
    takes: Some("CharterChange"),
    answers: Answers::Json(200, "Identity"),
    route: || put(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(change): Body<CharterChange>,
) -> Result<Json<IdentityRow>, Problem> {
    let identity = find(&shared, &given).await?;
    let claimed = shared.engine.claim(asked.person.id, identity.id, &change).await?;
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(claimed))?;
    for (field, text) in [
        ("purpose", &change.purpose),
        ("boundary", &change.boundary),
        ("retirement_trigger", &change.retirement_trigger),
    ] {
        at_most_if(field, text.as_deref(), SENTENCE_CHARS_MAX)?;
    }
    Ok(Json(shared.engine.own(actor, &identity.id.to_string(), change).await?))
}
