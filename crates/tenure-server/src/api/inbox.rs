//! `GET /api/v1/inbox`: what waits for whoever asks, and why it is theirs.

use crate::api::prelude::*;
use tenure_engine::Inbox;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/inbox",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "What waits for the caller, in order of risk and due time: each with why it is theirs, what to do and until when. Whatever is there as to be decided, they may decide now. `person` names somebody else, for administrators.",
    query: &[("person", "text")],
    takes: None,
    answers: Answers::Json(200, "Inbox"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    person: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Inbox>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let person = match wanted.person {
        Some(name) if name != asked.person.name => {
            if !asked.may_also(ApiAction::Administer, ApiResourceKind::Person) {
                return Err(Problem::denied("what waits for somebody else is shown to administrators alone"));
            }
            shared.engine.person_called(&name).await?
        }
        Some(_) | None => asked.person.clone(),
    };
    Ok(Json(shared.engine.inbox(&person).await?))
}
