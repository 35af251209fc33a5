//! `GET /api/v1/requests/{ref}`: one request; with `wait`, once something of it changes.

use crate::api::prelude::*;
use std::time::Duration;
use tenure_engine::{REQUEST_WAIT_MAX, RequestShown};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/requests/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Request },
    evidence: None,
    about: "One request: what is asked, who decides, what was decided, and the digest by which it is decided. With `wait` (seconds, 60 at most) the answer comes once something of it changes, or then.",
    query: &[("wait", "number")],
    takes: None,
    answers: Answers::Json(200, "Request"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    wait: Option<u64>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<RequestShown>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let wait = Duration::from_secs(wanted.wait.unwrap_or(0));
    if wait > REQUEST_WAIT_MAX {
        let most = REQUEST_WAIT_MAX.as_secs();
        return Err(Problem::refused(format!("`wait` is {} seconds; {most} is the most", wait.as_secs())));
    }
    let row = super::found(&shared, &asked, &given).await?;
    Ok(Json(shared.engine.wait_for_request(&row, wait).await?))
}
