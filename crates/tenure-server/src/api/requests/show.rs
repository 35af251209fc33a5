//! `GET /api/v1/requests/{ref}`: one request; with `wait`, once something of it changes.

use crate::api::prelude::*;
use std::time::Duration;
use tenure_engine::{REQUEST_WAIT_MAX, RequestShown};
use tenure_model::RequestState;

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

/// A request, for whoever asked to see it.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(flatten)]
    shown: RequestShown,
    /// Why its next step is not theirs; nothing where it is, and where none waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_yours: Option<String>,
}

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
) -> Result<Json<Answer>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let wait = Duration::from_secs(wanted.wait.unwrap_or(0));
    if wait > REQUEST_WAIT_MAX {
        let most = REQUEST_WAIT_MAX.as_secs();
        return Err(Problem::refused(format!("`wait` is {} seconds; {most} is the most", wait.as_secs())));
    }
    let row = super::found(&shared, &asked, &given).await?;
    let shown = shared.engine.wait_for_request(&row, wait).await?;
    let not_yours = if shown.row.state == RequestState::Asked {
        shared.engine.request_not_theirs(asked.person.id, &shown.row).await?
    } else {
        None
    };
    Ok(Json(Answer { shown, not_yours }))
}
