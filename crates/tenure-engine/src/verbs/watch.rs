//! Surveys that run in the background: beginning one under an id that can be watched, and
//! reading where it stands. The survey itself is `survey.rs`.

use crate::{Engine, EngineFailure, SurveyProgress};
use tenure_model::SurveyId;
use tenure_store::{
    StoreFailure,
    tables::{sources::SourceRow, surveys::SurveyRow},
};

impl Engine {
    /// The source of a name and an id for its next survey, for [`Engine::survey_as`].
    pub async fn prepare_survey(&self, name: &str) -> Result<(SourceRow, SurveyId), EngineFailure> {
        let row = self.source_row(name).await?;
        Ok((row, SurveyId::new(self.clock.now(), self.random()?)))
    }

    /// A survey as it is written down, once it has begun, and how far it has come while it runs.
    pub async fn survey_shown(
        &self,
        id: SurveyId,
    ) -> Result<(Option<SurveyRow>, Option<SurveyProgress>), EngineFailure> {
        let progress = self.survey_progress(id);
        let row = self
            .store
            .read("survey", move |tx| match tx.survey(id) {
                Ok(row) => Ok(Some(row)),
                Err(StoreFailure::Missing { .. }) => Ok(None),
                Err(failure) => Err(failure),
            })
            .await?;
        Ok((row, progress))
    }
}
