//! `POST /api/v1/find`: whose is this string, where are copies of it, what may it do.

use crate::api::prelude::*;
use crate::body::secret;
use tenure_engine::{Found, Sought};
use tenure_model::Secret;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/find",
    access: Access::Decided { action: ApiAction::Find, kind: ApiResourceKind::Identity },
    evidence: Some("secret.looked_up"),
    about: "Says whose a pasted string is, or the digest of a public key; the string is tried nowhere and not kept.",
    query: &[],
    takes: Some("FindRequest"),
    answers: Answers::UnkeptJson(200, "Found"),
    route: || post(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindRequest {
    #[serde(default, deserialize_with = "secret")]
    string: Option<Secret<String>>,
    #[serde(default)]
    fingerprint: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    SecretBody(request): SecretBody<FindRequest>,
) -> Result<Json<Found>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let sought = match (request.string, request.fingerprint) {
        (Some(string), None) => Sought::Pasted(string),
        (None, Some(digest)) => Sought::Digest(digest),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Problem::refused("give either `string` or `fingerprint`"));
        }
    };
    shared.look_ups.count(actor.person, shared.engine.now())?;
    Ok(Json(shared.engine.find(actor, sought).await?))
}
