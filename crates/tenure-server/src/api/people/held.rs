//! `/api/v1/leavings`: people whose leaving a directory asked for and a person must agree to.

use crate::api::prelude::*;
use tenure_engine::HeldRow;

pub(crate) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/leavings",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "People whose leaving is held because too many would leave within an hour.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "HeldPage"),
    route: || get(list),
};

pub(crate) static DECIDE: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/leavings/decide",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("leavings.accepted"),
    about: "Carries all held leavings out, or discards them; `seen` says how many there are.",
    query: &[],
    takes: Some("LeavingsRequest"),
    answers: Answers::Json(200, "LeavingsDecided"),
    route: || post(decide),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeavingsRequest {
    accept: bool,
    seen: i64,
}

#[derive(Serialize)]
struct LeavingsDecided {
    left: usize,
}

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Json<Page<HeldRow>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(Page::whole(shared.engine.held_leavings().await?)))
}

async fn decide(
    State(shared): State<Shared>,
    asked: Asked,
    Body(LeavingsRequest { accept, seen }): Body<LeavingsRequest>,
) -> Result<Json<LeavingsDecided>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let left = shared.engine.decide_leavings(actor, accept, seen).await?;
    for person in &left {
        shared.sign_in.forget(*person);
    }
    Ok(Json(LeavingsDecided { left: left.len() }))
}
