//! `PUT /api/v1/review-items/{ref}/decision`: says what is to become of an identity that was looked at.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most, at_most_if};
use tenure_engine::{ReviewDecisionMade, ReviewWish};

/// Characters of a right that is named.
const RIGHT_CHARS_MAX: usize = 1_000;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Put,
    path: "/api/v1/review-items/{ref}/decision",
    access: Access::Decided { action: ApiAction::Approve, kind: ApiResourceKind::Review },
    evidence: Some("review.decided"),
    about: "Decides an item as it was shown, with its digest: to keep it confirms it; to retire it drafts a plan; what else is decided is done when it is seen. Against the recommendation the reason has three words at least. Nobody reviews their own.",
    query: &[],
    takes: Some("ReviewWish"),
    answers: Answers::Json(200, "ReviewDecisionMade"),
    route: || put(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(wish): Body<ReviewWish>,
) -> Result<Json<ReviewDecisionMade>, Problem> {
    let row = super::found_item(&shared, &asked, &given).await?;
    let actor = super::deciding(&shared, &asked, &row).await?;
    at_most("reason", &wish.reason, SENTENCE_CHARS_MAX)?;
    at_most_if("to", wish.to.as_deref(), NAME_CHARS_MAX)?;
    at_most_if("runbook", wish.runbook.as_deref(), SENTENCE_CHARS_MAX)?;
    for right in &wish.rights {
        at_most("rights", right, RIGHT_CHARS_MAX)?;
    }
    Ok(Json(shared.engine.decide_review_item(actor, &row, wish).await?))
}
