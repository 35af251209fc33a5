//! `/identities/{ref}/confirm`: an identity as it is, and whether it is still needed so.
//!
//! What is confirmed is what the page showed: its digest goes with the form. Without script, and one at a time. It decides
//! nothing: the verb and the access policies are those of the API. Next: `../api/identities/confirm.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent},
    held::{Held, held},
    page, see_other,
    text::{self, Prose},
};
use crate::api::{confirming, prelude::*};
use askama::Template;
use axum::response::Response;
use tenure_engine::{Confirmation, IdentityRow, ToConfirm};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/confirm",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: an identity as it is, to be confirmed or not.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static ANSWER: Endpoint = form::act(
    "/identities/{ref}/confirm",
    (ApiAction::Own, ApiResourceKind::Identity),
    "identity.confirmed",
    "The console: says whether an identity is still needed as it was shown.",
    || post(answer),
);

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    frame: Frame,
    name: String,
    address: String,
    is_owner: bool,
    held: Held,
    digest: String,
    note: Field,
    /// The answer to the one question that was given, where the form is shown again.
    wrong: Option<Prose>,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    confirming::authorised(&shared, &asked, &identity).await?;
    shown(&shared, &asked, &identity, StatusCode::OK, (None, "")).await
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    identity: &IdentityRow,
    status: StatusCode,
    (wrong, typed): (Option<String>, &str),
) -> Result<Response, PageProblem> {
    let seen = shared.engine.to_confirm(&identity.id.to_string()).await.map_err(Problem::from)?;
    let mut shown = view(
        Frame::of(format!("Confirm {}", text::shown(&identity.name)), Place::Inventory, asked),
        &seen,
        shared.engine.now(),
    );
    let charter = &identity.charter;
    shown.is_owner = [charter.business_owner, charter.technical_owner].contains(&Some(asked.person.id));
    shown.wrong = wrong.as_deref().map(text::prose);
    shown.note = note(typed);
    Ok(page(status, &shown))
}

fn note(typed: &str) -> Field {
    Field::line(
        "note",
        "What there is to say about it",
        "Kept beside the record of this answer. A plan that follows names it as its reason.",
        typed,
    )
}

fn view(frame: Frame, seen: &ToConfirm, now: tenure_model::Instant) -> ConfirmPage {
    ConfirmPage {
        frame,
        name: text::shown(&seen.identity.name),
        address: address::of_identity(&seen.identity.name, &seen.identity.handle),
        is_owner: false,
        held: held(seen, now),
        digest: seen.digest.clone(),
        note: note(""),
        wrong: None,
    }
}

/// The form as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    #[serde(default)]
    answer: String,
    note: String,
    digest: String,
}

async fn answer(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Answered>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    let actor = confirming::authorised(&shared, &asked, &identity).await?;
    let sent = sent.read()?;
    let (needed, same_scope) = match sent.answer.as_str() {
        "yes" => (true, true),
        "other_scope" => (true, false),
        "not_needed" => (false, true),
        _ => {
            let why = Some(String::from("choose one of the answers"));
            return shown(&shared, &asked, &identity, StatusCode::UNPROCESSABLE_ENTITY, (why, &sent.note))
                .await;
        }
    };
    let note = Some(sent.note.trim().to_owned()).filter(|note| !note.is_empty());
    let confirmation =
        Confirmation { needed, same_scope, same_owners: true, digest: sent.digest.clone(), note };
    match confirming::made(&shared, &asked, actor, identity.clone(), confirmation).await {
        Ok(made) => Ok(see_other(&match made.plan {
            Some(plan) => format!("/plans/{}", plan.plan.handle),
            None => address::of_identity(&identity.name, &identity.handle),
        })),
        Err(problem) if matches!(problem.status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) => {
            let why = Some(format!("Nothing was written: {}.", problem.detail));
            shown(&shared, &asked, &identity, problem.status, (why, &sent.note)).await
        }
        Err(problem) => Err(problem.into()),
    }
}
