//! `GET /api/v1/identities/{ref}/explain`: an identity judged now, with every fact that was looked at.

use super::find;
use crate::api::prelude::*;
use tenure_judge::{Dossier, ExplainedJudgement};
use tenure_model::Standing;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/identities/{ref}/explain",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Judges an identity now and shows every fact that was looked at; writes nothing down.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Explained"),
    route: || get(handle),
};

#[derive(Serialize)]
struct Explained {
    dossier: Dossier,
    judgement: ExplainedJudgement,
    /// What its standing will be when the judgement changes by itself.
    changes_to: Option<Standing>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Json<Explained>, Problem> {
    let identity = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    let (dossier, judgement) = shared.engine.explain(&identity.id.to_string()).await?;
    let changes_to = match judgement.judgement.changes_at {
        Some(at) => Some(shared.engine.standing_at(identity.id, at).await?),
        None => None,
    };
    Ok(Json(Explained { dossier, judgement, changes_to }))
}
