//! `/api/v1/handoffs/many`: everything that a rule means and is theirs to hand on is offered to one person.

use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{HandoffsForeseen, HandoffsWish};
use tenure_model::DecisionRight;

pub(crate) static PREVIEW: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/handoffs/many/preview",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "What a rule means and the caller may hand on, what stays and why, and the word that lets just that happen. Nothing is written.",
    query: &[],
    takes: Some("HandoffsWish"),
    answers: Answers::Json(200, "HandoffsForeseen"),
    route: || post(preview),
};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/handoffs/many",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: Some("handoff.offered"),
    about: "Offers up to 100 identities to one person, exactly as they were shown with the word; each is accepted by itself.",
    query: &[],
    takes: Some("HandoffsWish"),
    answers: Answers::Json(200, "HandoffsForeseen"),
    route: || post(handle),
};

async fn preview(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wish): Body<HandoffsWish>,
) -> Result<Json<HandoffsForeseen>, Problem> {
    offer(&shared, &asked, HandoffsWish { word: None, ..wish }).await
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Body(wish): Body<HandoffsWish>,
) -> Result<Json<HandoffsForeseen>, Problem> {
    // Without a word nothing is written, and this would say that something was.
    let word = wish.word.clone().or_else(|| Some(String::new()));
    offer(&shared, &asked, HandoffsWish { word, ..wish }).await
}

async fn offer(
    shared: &Shared,
    asked: &Asked,
    wish: HandoffsWish,
) -> Result<Json<HandoffsForeseen>, Problem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(super::THEIRS))?;
    at_most("rule", &wish.rule, SENTENCE_CHARS_MAX)?;
    super::limited(&wish.to, &wish.runbook, &wish.reason)?;
    Ok(Json(shared.engine.offer_handoffs(actor, wish).await?))
}
