//! `GET /find`: from what somebody typed to the one thing it names, or to the list of what contains it.

use super::{HTML, PageProblem, address, see_other};
use crate::api::{self, prelude::*};
use axum::response::Response;

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/find",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: leads to the one identity or plan that is named, or to the identities that contain the words.",
    query: &[("q", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Characters that are looked for, at most.
const FIND_CHARS_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    #[serde(default)]
    q: String,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(Address { q }) = address?;
    let wanted: String = q.trim().chars().filter(|letter| *letter != '\0').take(FIND_CHARS_MAX).collect();
    if wanted.is_empty() {
        return Ok(see_other("/identities"));
    }
    if let Ok(identity) = address::identity(&shared, &wanted).await {
        return Ok(see_other(&address::of_identity(&identity.name, &identity.handle)));
    }
    if let Ok((shown, _)) = api::find_plan(&shared, &wanted).await {
        return Ok(see_other(&format!("/plans/{}", shown.plan.handle)));
    }
    Ok(see_other(&address::of_list("/identities", &wanted)))
}
