//! `GET /api/v1/identities`: identities by name, filtered by what stands in the address.

use crate::api::identities::listing::{self, Listed, Wanted};
use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/identities",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "Identities by name, with owners and the number of findings; `q` filters as in the console.",
    query: &[
        ("q", "text"),
        ("contains", "text"),
        ("standing", "Standing"),
        ("findings", "flag"),
        ("source", "text"),
        ("class", "text"),
        ("tier", "RiskTier"),
        ("built_in", "flag"),
        ("limit", "limit"),
        ("after", "text"),
    ],
    takes: None,
    answers: Answers::Json(200, "IdentityPage"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<Listed>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    listing::read(&shared, wanted, asked.person.id).await.map(Json)
}
