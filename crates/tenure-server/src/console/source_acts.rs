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
use tenure_model::DecisionRight;

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
    crate::api::begin_survey(&shared, actor, &name).await?;
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
    shared.engine.decide_survey(actor, &name, believe).await.map_err(Problem::from)?;
    Ok(see_other(&format!("/sources/{}", address::encoded(&name))))
}
