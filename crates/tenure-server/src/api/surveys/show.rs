//! `GET /api/v1/surveys/{id}`: where a survey stands.

use crate::api::prelude::*;
use crate::surveying::Course;
use tenure_engine::{SurveyProgress, SurveyRow};
use tenure_model::{NotAnId, SurveyId, SurveyState};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/surveys/{id}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Survey },
    evidence: None,
    about: "Where a survey stands: what is written down, how far it has come, why it failed.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "SurveyShown"),
    route: || get(handle),
};

#[derive(Serialize)]
struct SurveyShown {
    survey: Option<SurveyRow>,
    progress: Option<SurveyProgress>,
    failure: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(id): Named<String>,
) -> Result<Json<SurveyShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let id: SurveyId = id.parse().map_err(|not_an_id: NotAnId| Problem::missing(not_an_id.to_string()))?;
    // Asked first: what is over here is also written down, not the other way round.
    let course = shared.surveying.course(id);
    let (survey, progress) = shared.engine.survey_shown(id).await?;
    let (survey, failure) = match course {
        None if survey.is_none() => return Err(Problem::missing(format!("there is no survey `{id}`"))),
        None => (survey, None),
        Some(Course::UnderWay) => (survey.filter(|row| row.state == SurveyState::Running), None),
        Some(Course::Over(failure)) => (survey, failure),
    };
    Ok(Json(SurveyShown { survey, progress, failure }))
}
