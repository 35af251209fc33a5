//! `POST /api/v1/claims`: several identities become somebody's, by a rule or by suggestions that a person confirmed.

use super::{ANYTHING, rule};
use crate::api::prelude::*;
use tenure_engine::{ClaimBasis, ClaimMade, ClaimWish};
use tenure_model::DecisionRight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/claims",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("identity.owned"),
    about: "Claims up to 100 identities nobody owns, as a rule means them or, without a rule, as they are suggested; what is owned stays.",
    query: &[],
    takes: Some("ClaimsRequest"),
    answers: Answers::Json(200, "ClaimsMade"),
    route: || post(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimsRequest {
    rule: Option<String>,
    claims: Vec<ClaimWish>,
}

#[derive(Debug, Serialize)]
struct ClaimsMade {
    claims: Vec<ClaimMade>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wanted): Body<ClaimsRequest>,
) -> Result<Json<ClaimsMade>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(ANYTHING))?;
    let basis = match &wanted.rule {
        Some(text) => ClaimBasis::Rule(rule(text)?),
        None => ClaimBasis::Suggestion,
    };
    Ok(Json(ClaimsMade { claims: shared.engine.claim_many(actor, basis, wanted.claims).await? }))
}
