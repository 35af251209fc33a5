//! `/api/v1/teams`: teams of the directory, and the role that one gives.

use crate::api::prelude::*;
use tenure_engine::TeamShown;
use tenure_model::Role;

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/teams",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "Teams of the directory, by name, each with the role it gives.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "TeamPage"),
    route: || get(list),
};

pub(crate) static MAP: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/teams/{name}/role",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("team.role_mapped"),
    about: "Says which role a team gives; `null` for none. Administration is mapped over the socket alone.",
    query: &[],
    takes: Some("TeamRoleRequest"),
    answers: Answers::Json(200, "Team"),
    route: || put(map),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamRoleRequest {
    role: Option<Role>,
}

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<TeamShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(Page::whole(shared.engine.teams().await?)))
}

async fn map(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(request): Body<TeamRoleRequest>,
) -> Result<Json<TeamShown>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.map_team(actor, &name, request.role).await?))
}
