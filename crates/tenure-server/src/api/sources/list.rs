//! `GET /api/v1/sources`: every source, by name.

use super::{SourceShown, shown};
use crate::api::prelude::*;
use tenure_engine::Tx;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/sources",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Source },
    evidence: None,
    about: "Every source, by name.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "SourcePage"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<SourceShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    all(&shared).await.map(Json)
}

/// Every source.
pub(super) async fn all(shared: &Shared) -> Result<Page<SourceShown>, Problem> {
    let read = |tx: &mut Tx<'_>| tx.sources()?.into_iter().map(|row| shown(tx, row)).collect();
    let sources: Vec<SourceShown> = shared.engine.store().read("sources", read).await?;
    Ok(Page::whole(sources))
}
