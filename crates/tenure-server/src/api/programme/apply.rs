//! `PUT /api/v1/programme`: puts a programme in force, as it was shown by `POST /api/v1/programme/plan`.
//!
//! The word that was shown with what it changes is said back, and where much comes to stand worse, how many. What changed
//! since is a conflict. Next: `foresee.rs`.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{ProgrammeApplied, ProgrammeRow};
use tenure_judge::ProgrammeFiles;
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/programme",
    access: Access::Decided { action: ApiAction::Configure, kind: ApiResourceKind::System },
    evidence: Some("programme.applied"),
    about: "Puts a programme in force. Takes the word that was shown with what it changes and, where much comes to stand worse, how many identities do; what changed since is a conflict.",
    query: &[],
    takes: Some("ProgrammeRequest"),
    answers: Answers::Json(200, "Programme"),
    route: || put(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgrammeRequest {
    files: ProgrammeFiles,
    reason: String,
    word: String,
    #[serde(default)]
    worse: Option<i64>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(request): Body<ProgrammeRequest>,
) -> Result<Json<ProgrammeRow>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Configure, Whose::Nobodys)?;
    let ProgrammeRequest { files, reason, word, worse } = request;
    at_most("reason", &reason, SENTENCE_CHARS_MAX)?;
    let applied = ProgrammeApplied { files, reason, word, worse };
    Ok(Json(shared.engine.apply_programme(actor, applied).await?))
}
