//! `GET /api/v1/programmes/{version}`: one that was applied, with its files.

use crate::api::prelude::*;
use tenure_engine::ProgrammeRow;
use tenure_model::printable;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/programmes/{version}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "A programme that was applied, with its files.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Programme"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(version): Named<String>,
) -> Result<Json<ProgrammeRow>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let number = version.parse().map_err(|_| {
        Problem::malformed(format!(
            "`{}` is no version; versions are numbers, from 1",
            printable(&version, 40)
        ))
    })?;
    Ok(Json(shared.engine.programme_of_version(number).await?))
}
