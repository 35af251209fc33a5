//! `POST /api/v1/findings/{ref}/exceptions`: asks that a condition may fail for a while.

use crate::api::prelude::*;
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most};
use tenure_engine::{ExceptionShown, ExceptionWish};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/findings/{ref}/exceptions",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Identity },
    evidence: Some("exception.requested"),
    about: "Asks that an open finding may fail until an end, for a reason and with what makes up for it; somebody else decides. With `kind` `constraint`: that it cannot be mended there, is replaced by a day, and which policies hold instead.",
    query: &[],
    takes: Some("ExceptionWish"),
    answers: Answers::Json(201, "Exception"),
    route: || post(handle),
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Body(wish): Body<ExceptionWish>,
) -> Result<(StatusCode, Json<ExceptionShown>), Problem> {
    let (actor, finding) = crate::api::findings::planned(&shared, &asked, &given).await?;
    at_most("reason", &wish.reason, SENTENCE_CHARS_MAX)?;
    at_most("compensation", &wish.compensation, SENTENCE_CHARS_MAX)?;
    for policy in &wish.instead {
        at_most("instead", policy, NAME_CHARS_MAX)?;
    }
    let made = shared.engine.request_exception(actor, &finding, wish).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
