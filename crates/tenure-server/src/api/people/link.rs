//! `PUT` and `DELETE /api/v1/people/{name}/link`: by which account of a provider a person signs in.

use crate::api::prelude::*;
use tenure_engine::{LinkRow, Whom};

pub(crate) static LINK: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/people/{name}/link",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.linked"),
    about: "Links an account of the OpenID provider to a person: by its `subject`, or by an `email` that the provider \
            verified and whose first sign-in fixes the subject. Without `issuer` it is the provider configured here.",
    query: &[],
    takes: Some("LinkRequest"),
    answers: Answers::Json(200, "Link"),
    route: || put(link),
};

pub(crate) static UNLINK: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/api/v1/people/{name}/link",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("person.unlinked"),
    about: "Takes every link of a person away, and ends their sessions.",
    query: &[],
    takes: None,
    answers: Answers::Nothing(204),
    route: || delete(unlink),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkRequest {
    subject: Option<String>,
    email: Option<String>,
    issuer: Option<String>,
}

async fn link(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(request): Body<LinkRequest>,
) -> Result<Json<LinkRow>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let whom = match (request.subject, request.email) {
        (Some(subject), None) => Whom::Subject(subject),
        (None, Some(email)) => Whom::Email(email),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::refused("give `subject` or `email`, one of them"));
        }
    };
    let configured = || shared.provider.as_ref().map(|provider| provider.issuer().to_owned());
    let issuer = request.issuer.or_else(configured).ok_or_else(|| {
        Problem::refused("no provider is configured here, so `issuer` must say which one is meant")
            .with_remedy("write `[oidc]` into tenure.toml first (docs/sign-in.md)")
    })?;
    Ok(Json(shared.engine.link_person(actor, &name, (issuer, whom)).await?))
}

async fn unlink(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let person = shared.engine.unlink_person(actor, &name).await?;
    shared.sign_in.forget(person);
    Ok(StatusCode::NO_CONTENT)
}
