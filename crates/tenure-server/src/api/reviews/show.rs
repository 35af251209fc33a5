//! `GET /api/v1/reviews/{ref}`: one review with how far it is.

use crate::api::prelude::*;
use tenure_engine::ReviewShown;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/reviews/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "One review: whom it means, by when, how many of its items are in which state, what is recommended of those that wait, and what it waits for.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Review"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<ReviewShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    super::found(&shared, &asked, &given).await.map(Json)
}
