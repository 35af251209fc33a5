//! `POST /api/v1/sources/{name}/surveys/decide`: believes or discards the survey that is held.
//!
//! What is believed is read once more before it is answered, so this may take a while.

use crate::api::prelude::*;
use tenure_engine::SurveyRow;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/sources/{name}/surveys/decide",
    access: Access::Decided { action: ApiAction::AcceptSurvey, kind: ApiResourceKind::Source },
    evidence: Some("survey.decided"),
    about: "Believes the held survey of a source (and reads it again), or discards it.",
    query: &[],
    takes: Some("DecisionRequest"),
    answers: Answers::Json(200, "Survey"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionRequest {
    believe: bool,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(request): Body<DecisionRequest>,
) -> Result<Json<SurveyRow>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Accept, Whose::Nobodys)?;
    Ok(Json(shared.engine.decide_survey(actor, &name, request.believe).await?))
}
