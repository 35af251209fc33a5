//! `DELETE /api/v1/people/{name}/token`: a person's bearer token no longer counts, nor do their sessions.

use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/people/{name}/token",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.token_revoked"),
    about: "Takes a person's bearer token away, and ends their sessions; they get no other token.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let person = shared.engine.revoke_token(actor, &name).await?;
    // A session may have been opened with that token: it ends too.
    shared.sign_in.forget(person);
    Ok(StatusCode::NO_CONTENT)
}
