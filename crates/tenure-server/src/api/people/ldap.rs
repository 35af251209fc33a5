//! `/api/v1/ldap`: directories that are read by LDAP; what a reading changes is shown first, with the word that lets it happen.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, at_most};
use tenure_engine::{LdapForeseen, LdapShown};

pub(crate) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/ldap",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "The directories that `tenure.toml` names, at most 10, and what became of the last reading of each since the start.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "LdapList"),
    route: || get(show),
};

pub(crate) static PREVIEW: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/ldap/{name}/preview",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: None,
    about: "Reads a directory, and says what that changes and the word that lets exactly that happen. Nothing is written.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "LdapForeseen"),
    route: || post(preview),
};

pub(crate) static READ: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/ldap/{name}/readings",
    access: Access::Decided { action: ApiAction::Administer, kind: ApiResourceKind::Person },
    evidence: Some("people.imported"),
    about: "Reads a directory and carries out what it says, as it was shown with `word`; who is not in a whole reading leaves.",
    query: &[],
    takes: Some("LdapReadRequest"),
    answers: Answers::Json(200, "LdapForeseen"),
    route: || post(read),
};

#[derive(Serialize)]
struct LdapList {
    directories: Vec<LdapShown>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LdapReadRequest {
    word: String,
}

async fn show(State(shared): State<Shared>, asked: Asked) -> Result<Json<LdapList>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(LdapList { directories: shared.engine.ldap_shown() }))
}

async fn preview(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
) -> Result<Json<LdapForeseen>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(Json(shared.engine.foresee_ldap(&name).await?))
}

async fn read(
    State(shared): State<Shared>,
    asked: Asked,
    Named(name): Named<String>,
    Body(LdapReadRequest { word }): Body<LdapReadRequest>,
) -> Result<Json<LdapForeseen>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    at_most("word", &word, NAME_CHARS_MAX)?;
    let (done, left) = shared.engine.read_ldap(actor, &name, word).await?;
    for person in left {
        shared.sign_in.forget(person);
    }
    Ok(Json(done))
}
