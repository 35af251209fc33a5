//! `DELETE /api/v1/sources/{name}`: stops reading a source and forgets our password there.

use crate::api::prelude::*;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/sources/{name}",
    access: Access::Decided { action: ApiAction::Configure, kind: ApiResourceKind::Source },
    evidence: Some("source.removed"),
    about: "Stops reading a source and forgets our password there; what was seen stays.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    shared.engine.remove_source(actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
