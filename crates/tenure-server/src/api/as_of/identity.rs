//! `GET /api/v1/as-of/identities/{ref}`: one identity with all it held, as it was.

use super::At;
use crate::api::{identities::find, prelude::*};
use tenure_engine::IdentityAsOf;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/as-of/identities/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "One identity as it was at a day (its last instant in UTC) or an instant: charter, standing, principals, credentials, rights, findings, and the entries about it until then for whoever may read them. It is found by what it is called now.",
    query: &[("at", "text")],
    takes: None,
    answers: Answers::Json(200, "IdentityAsOf"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Asking(wanted): Asking<At>,
) -> Result<Json<IdentityAsOf>, Problem> {
    let identity = find(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    let at = shared.engine.past_instant(&wanted.at).await?;
    let mut then = shared.engine.identity_as_of(&identity.id.to_string(), at).await?;
    if !asked.may_also(ApiAction::ReadEvidence, ApiResourceKind::Evidence) {
        then.entries.clear();
    }
    Ok(Json(then))
}
