//! `PUT /api/v1/people/{name}/role`: gives a person another role.

use crate::api::prelude::*;
use tenure_model::{Person, Role};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/people/{name}/role",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.role_changed"),
    about: "Gives a person another role, from their next call on.",
    query: &[],
    takes: Some("RoleRequest"),
    answers: Answers::Json(200, "Person"),
    route: || put(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleRequest {
    role: Role,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(request): Body<RoleRequest>,
) -> Result<Json<Person>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.set_role(actor, &name, request.role).await?))
}
