//! `GET /api/v1/sources/{name}`: one source, without its secret.

use super::{SourceShown, find};
use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/sources/{name}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Source },
    evidence: None,
    about: "One source, without its secret.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Source"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<SourceShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    find(&shared, &name).await.map(Json)
}
