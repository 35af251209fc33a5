//! `/identities/{ref}/confirm`: an identity as it is, and whether it is still needed so.
//!
//! What is confirmed is what the page showed: its digest goes with the form. Without script, and one at a time. It decides
//! nothing: the verb and the access policies are those of the API. Next: `../api/identities/confirm.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent},
    identity::credential,
    page, see_other,
    text::{self, Prose, When},
};
use crate::api::{confirming, prelude::*};
use askama::Template;
use axum::response::Response;
use tenure_engine::{Confirmation, ConfirmedLast, IdentityRow, ToConfirm};

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
    purpose: Option<String>,
    owners: String,
    is_owned: bool,
    is_owner: bool,
    rights: String,
    gained: Vec<String>,
    lost: i64,
    credentials: Vec<CredentialHeld>,
    last_use: Option<(String, When)>,
    uses_missed: Option<Prose>,
    findings: Vec<(&'static str, Prose)>,
    last: Option<LastLine>,
    due: Prose,
    digest: String,
    note: Field,
    /// The answer to the one question that was given, where the form is shown again.
    wrong: Option<Prose>,
}

struct CredentialHeld {
    kind: String,
    place: String,
    since: When,
    dies: Prose,
}

struct LastLine {
    by: String,
    for_owners: bool,
    at: When,
    said: Prose,
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
        seen,
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

fn view(frame: Frame, seen: ToConfirm, now: tenure_model::Instant) -> ConfirmPage {
    let ToConfirm { identity, .. } = &seen;
    ConfirmPage {
        frame,
        name: text::shown(&identity.name),
        address: address::of_identity(&identity.name, &identity.handle),
        purpose: identity.charter.purpose.as_deref().map(text::shown_long),
        owners: text::shown(&seen.owners.join(" and ")),
        is_owned: !seen.owners.is_empty(),
        is_owner: false,
        rights: tenure_model::counted(seen.rights_count, "right"),
        gained: seen.rights_gained.iter().map(|right| text::shown(right)).collect(),
        lost: seen.rights_lost,
        credentials: seen
            .credentials
            .iter()
            .map(|one| {
                let line = credential(one, false, now);
                CredentialHeld { kind: line.kind, place: line.place, since: line.since, dies: line.dies }
            })
            .collect(),
        last_use: seen
            .last_use
            .as_ref()
            .map(|one| (text::shown(&one.consumer), text::when(one.last_seen, now))),
        uses_missed: seen.uses_missed.as_deref().map(text::prose),
        findings: seen.findings.iter().map(|one| (one.severity.as_str(), text::prose(&one.reason))).collect(),
        last: seen.last.as_ref().map(|one| last(one, now)),
        due: text::prose(&seen.due),
        digest: seen.digest.clone(),
        note: note(""),
        wrong: None,
    }
}

fn last(one: &ConfirmedLast, now: tenure_model::Instant) -> LastLine {
    let said = match (&one.denied, &one.ended) {
        (Some(denied), _) => denied.clone(),
        (None, Some(ended)) => format!("confirmed, which counts no more: {ended}"),
        (None, None) => String::from("confirmed"),
    };
    LastLine {
        by: one.by.as_deref().map_or_else(|| String::from("somebody who left"), text::shown),
        for_owners: one.for_owners,
        at: text::when(one.at, now),
        said: text::prose(&said),
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
