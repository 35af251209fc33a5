//! `DELETE /api/v1/people/{name}/token` and `…/tokens/{ref}`: tokens that no longer count, nor do sessions of theirs.

use crate::api::prelude::*;

pub(crate) static ALL: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/people/{name}/token",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.token_revoked"),
    about: "Takes every bearer token of a person away, and ends their sessions; they get no other token.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(all),
};

pub(crate) static ONE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/people/{name}/tokens/{ref}",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.token_revoked"),
    about: "Takes one bearer token of a person away, by its handle, and ends their sessions.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(one),
};

async fn all(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    revoke(&shared, &asked, &name, None).await
}

async fn one(
    State(shared): State<Shared>,
    asked: Asked,
    Named((name, which)): Named<(String, String)>,
) -> Result<StatusCode, Problem> {
    revoke(&shared, &asked, &name, Some(&which)).await
}

async fn revoke(
    shared: &Shared,
    asked: &Asked,
    name: &str,
    which: Option<&str>,
) -> Result<StatusCode, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let person = shared.engine.revoke_token(actor, name, which).await?;
    // A session may have been opened with that token: it ends too.
    shared.sign_in.forget(person);
    Ok(StatusCode::NO_CONTENT)
}
