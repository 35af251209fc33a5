//! `POST /api/v1/charters`: charters brought back: compared, and written when asked to.

use super::ANYTHING;
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most_if, scope_at_most};
use tenure_engine::{CharterGiven, CharterImported, Import};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/charters",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("identity.owned"),
    about: "Compares up to 100 whole charters with what is there; with `write` those that differ are written, unless somebody changed them meanwhile.",
    query: &[],
    takes: Some("ChartersRequest"),
    answers: Answers::Json(200, "ChartersImported"),
    route: || post(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChartersRequest {
    write: bool,
    charters: Vec<CharterGiven>,
}

#[derive(Debug, Serialize)]
struct ChartersImported {
    charters: Vec<CharterImported>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wanted): Body<ChartersRequest>,
) -> Result<Json<ChartersImported>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(ANYTHING))?;
    for given in &wanted.charters {
        let charter = &given.charter;
        for (field, text) in [
            ("purpose", &charter.purpose),
            ("boundary", &charter.boundary),
            ("retirement_trigger", &charter.retirement_trigger),
        ] {
            at_most_if(field, text.as_deref(), SENTENCE_CHARS_MAX)?;
        }
        scope_at_most(&charter.allowed_scope)?;
    }
    let import = if wanted.write { Import::Write } else { Import::Preview };
    Ok(Json(ChartersImported {
        charters: shared.engine.import_charters(actor, wanted.charters, import).await?,
    }))
}
