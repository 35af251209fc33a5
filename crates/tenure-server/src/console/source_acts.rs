//! What a source's page may set going: a survey, and the decision about a held one. Forms that end on its page.
//!
//! To believe that much is gone needs the source's name, typed. Next: `source.rs`.

use super::{
    PageProblem, address,
    form::{self, Nothing, Sent},
    see_other, source,
};
use crate::api::prelude::*;
use axum::response::Response;
use tenure_engine::{SurveyRow, Tx};
use tenure_model::{DecisionRight, SurveyState};

pub(super) static SURVEY: Endpoint = form::act(
    "/sources/{name}/survey",
    (ApiAction::Survey, ApiResourceKind::Source),
    "survey.finished",
    "The console: begins to read a source.",
    || post(survey),
);
pub(super) static DECIDE: Endpoint = form::act(
    "/sources/{name}/decide",
    (ApiAction::AcceptSurvey, ApiResourceKind::Source),
    "survey.decided",
    "The console: believes or discards a held survey, the name typed.",
    || post(decide),
);

async fn survey(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let Nothing {} = sent.read()?;
    // Sent twice it is the same wish: it is being read.
    if last(&shared, &name).await? != Some(SurveyState::Running) {
        crate::api::begin_survey(&shared, actor, &name).await?;
    }
    Ok(see_other(&format!("/sources/{}", address::encoded(&name))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    #[serde(default)]
    name: String,
    believe: String,
}

async fn decide(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    sent: Sent<Decision>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise_decision(DecisionRight::Accept, Whose::Nobodys)?;
    let decision = sent.read()?;
    let believe = match decision.believe.as_str() {
        "yes" if decision.name == name => true,
        "yes" => {
            let wrong = "Another name was typed. Nothing was decided.";
            return source::show(&shared, &asked, name, Some(wrong)).await;
        }
        "no" => false,
        _ => return Err(Problem::refused("choose whether to believe it").into()),
    };
    let already = if believe { SurveyState::Accepted } else { SurveyState::Discarded };
    let decided = shared.engine.decide_survey(actor, &name, believe).await;
    if let Err(failure) = decided {
        // Sent twice it decides once: what stands may be this very decision, or the reading that it asked for.
        let state = last(&shared, &name).await?;
        let is_so = state == Some(already) || (believe && is_being_believed(&shared, &name).await?);
        if !is_so {
            return Err(Problem::from(failure).into());
        }
    }
    Ok(see_other(&format!("/sources/{}", address::encoded(&name))))
}

/// Where the last survey of a source stands.
async fn last(shared: &Shared, name: &str) -> Result<Option<SurveyState>, Problem> {
    Ok(surveys(shared, name).await?.first().map(|survey| survey.state))
}

/// Whether a held survey was accepted just before the last one, which reads the source once more.
async fn is_being_believed(shared: &Shared, name: &str) -> Result<bool, Problem> {
    Ok(surveys(shared, name).await?.get(1).is_some_and(|survey| survey.state == SurveyState::Accepted))
}

async fn surveys(shared: &Shared, name: &str) -> Result<Vec<SurveyRow>, Problem> {
    let wanted = name.to_owned();
    let read = move |tx: &mut Tx<'_>| match tx.source_named(&wanted)? {
        Some(source) => tx.surveys_of(source.id, 2),
        None => Ok(Vec::new()),
    };
    Ok(shared.engine.store().read("surveys", read).await?)
}
