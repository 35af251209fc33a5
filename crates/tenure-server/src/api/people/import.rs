//! `/api/v1/people-imports`: a list of people as CSV; what it changes is shown first, with the word that lets it happen.

use crate::{api::prelude::*, body::LargeBody, people_csv};
use tenure_engine::{PeopleForeseen, PeopleList};

pub(crate) static PREVIEW: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people-imports/preview",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: None,
    about: "What a list of people changes, and the word that lets exactly that happen. Nothing is written.",
    query: &[],
    takes: Some("PeoplePreviewRequest"),
    answers: Answers::Json(200, "PeopleForeseen"),
    route: || post(preview),
};

pub(crate) static IMPORT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/people-imports",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("people.imported"),
    about: "Who is on the list joins or changes, who came from one and is not on it leaves; as it was shown with `word`.",
    query: &[],
    takes: Some("PeopleImportRequest"),
    answers: Answers::Json(200, "PeopleForeseen"),
    route: || post(import),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeoplePreviewRequest {
    csv: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleImportRequest {
    csv: String,
    word: String,
}

fn read(csv: &str) -> Result<PeopleList, Problem> {
    people_csv::read(csv).map_err(Problem::refused)
}

async fn preview(
    State(shared): State<Shared>,
    asked: Asked,
    LargeBody(PeoplePreviewRequest { csv }): LargeBody<PeoplePreviewRequest>,
) -> Result<Json<PeopleForeseen>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.foresee_people(read(&csv)?).await?))
}

async fn import(
    State(shared): State<Shared>,
    asked: Asked,
    LargeBody(PeopleImportRequest { csv, word }): LargeBody<PeopleImportRequest>,
) -> Result<Json<PeopleForeseen>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let (done, left) = shared.engine.import_people(actor, read(&csv)?, word).await?;
    for person in left {
        shared.sign_in.forget(person);
    }
    Ok(Json(done))
}
