//! `POST /api/v1/sources/{name}/surveys`: reads a source in the background.
//!
//! The answer is the id to watch; why it failed, when it does, is told there.

use crate::api::prelude::*;
use std::sync::Arc;
use tenure_engine::{Actor, Belief};
use tenure_model::SurveyId;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/sources/{name}/surveys",
    access: Access::Decided { action: ApiAction::Survey, kind: ApiResourceKind::Source },
    evidence: Some("survey.finished"),
    about: "Begins to read a source; watch how far it has come under the id in the answer.",
    query: &[],
    takes: None,
    answers: Answers::Json(202, "SurveyBegun"),
    route: || post(handle),
};

#[derive(Serialize)]
struct SurveyBegun {
    id: SurveyId,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<SurveyBegun>), Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let id = begin(&shared, actor, &name).await?;
    Ok((StatusCode::ACCEPTED, Json(SurveyBegun { id })))
}

/// Begins to read a source in the background.
pub(crate) async fn begin(shared: &Shared, actor: Actor, name: &str) -> Result<SurveyId, Problem> {
    let (source, id) = shared.engine.prepare_survey(name).await?;
    shared.surveying.begun(id);
    let (engine, front) = (Arc::clone(&shared.engine), Arc::downgrade(shared));
    shared.run_survey(async move {
        let outcome = engine.survey_as(Some(actor), source, id, Belief::HoldWhenMuchIsMissing).await;
        if let Some(front) = front.upgrade() {
            front.surveying.over(id, outcome.err().map(|failure| Problem::from(failure).detail));
        }
    });
    Ok(id)
}
