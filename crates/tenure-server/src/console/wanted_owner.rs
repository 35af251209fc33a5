//! `/identities/{ref}/owner/new`: the form that asks that an identity that nobody answers for is offered to somebody.
//!
//! What is missing or wrong is said at once, with what was typed still in it. It must never offer anything, nor decide.
//! Next: `request.rs`, where others decide; `handoff.rs`, where whom it is offered to answers.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent, Shape},
    page, see_other, text,
};
use crate::api::{prelude::*, requests::create::limited};
use askama::Template;
use axum::response::Response;
use tenure_engine::{IdentityRow, RequestWish};
use tenure_model::{HandoffStage, OwnerRole, UnknownWord};

pub(super) static FORM: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/owner/new",
    access: Access::Decided { action: ApiAction::Request, kind: ApiResourceKind::Request },
    evidence: None,
    about: "The console: the form that asks that an identity that nobody answers for is offered to somebody.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(form),
};
pub(super) static ASK: Endpoint = form::act(
    "/identities/{ref}/owner/new",
    (ApiAction::Request, ApiResourceKind::Request),
    "request.asked",
    "The console: asks that an identity that nobody answers for is offered to somebody.",
    || post(ask),
);

#[derive(Template)]
#[template(path = "owner-new.html")]
struct FormPage {
    frame: Frame,
    name: String,
    address: String,
    fields: Vec<Field>,
    wrong: Option<text::Prose>,
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AskedFor {
    to: String,
    role: String,
    stage: String,
    runbook: String,
    reason: String,
}

fn fields(sent: &AskedFor) -> Vec<Field> {
    let roles = Shape::Choice(OwnerRole::ALL.iter().map(|one| one.as_str()).collect());
    let stages = Shape::Choice(HandoffStage::ALL.iter().map(|one| one.as_str()).collect());
    vec![
        Field::line("to", "To whom", "By name; left empty, to you.", &sent.to),
        Field::line("role", "Which share", "The technical one, unless said.", &sent.role).shaped(roles),
        Field::line("stage", "Where the work stands", "In use, unless said.", &sent.stage).shaped(stages),
        Field::needed("runbook", "Runbook", "What to do about it: an address, or a text.", &sent.runbook),
        Field::needed(
            "reason",
            "Why this is asked",
            "Whoever decides reads it, and it is kept.",
            &sent.reason,
        ),
    ]
}

fn shown(
    asked: &Asked,
    (identity, sent): (&IdentityRow, &AskedFor),
    (status, wrong): (StatusCode, Option<String>),
) -> Response {
    let shown = FormPage {
        frame: Frame::of("Ask for an owner", Place::Inventory, asked),
        name: text::shown(&identity.name),
        address: address::of_identity(&identity.name, &identity.id.handle()),
        fields: fields(sent),
        wrong: wrong.as_deref().map(text::prose),
    };
    page(status, &shown)
}

async fn form(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let identity = address::identity(&shared, &given).await?;
    // What is meant unless said stands there already.
    let usual = AskedFor {
        role: OwnerRole::Technical.to_string(),
        stage: HandoffStage::InUse.to_string(),
        ..AskedFor::default()
    };
    Ok(shown(&asked, (&identity, &usual), (StatusCode::OK, None)))
}

/// What is asked for; or what of it cannot be read.
fn read(identity: &IdentityRow, sent: &AskedFor) -> Result<RequestWish, String> {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let unknown = |why: UnknownWord| why.to_string();
    let wish = serde_json::json!({ "kind": "ownership" });
    let wish: RequestWish = serde_json::from_value(wish).map_err(|why| why.to_string())?;
    Ok(RequestWish {
        identity: Some(identity.id.to_string()),
        to: said(&sent.to),
        role: said(&sent.role).map(|one| one.parse().map_err(unknown)).transpose()?,
        stage: said(&sent.stage).map(|one| one.parse().map_err(unknown)).transpose()?,
        runbook: said(&sent.runbook),
        reason: said(&sent.reason),
        ..wish
    })
}

async fn ask(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<AskedFor>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let identity = address::identity(&shared, &given).await?;
    let sent = sent.read()?;
    let wish = match read(&identity, &sent) {
        Ok(wish) => wish,
        Err(why) => {
            let wrong = Some(format!("Nothing was asked for: {why}."));
            return Ok(shown(&asked, (&identity, &sent), (StatusCode::UNPROCESSABLE_ENTITY, wrong)));
        }
    };
    let made = match limited(&wish) {
        Ok(()) => shared.engine.create_request(actor, wish).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(see_other(&format!("/requests/{}", made.handle))),
        Err(problem) if matches!(problem.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT) => {
            let answer = (problem.status, Some(format!("{}.", problem.detail)));
            Ok(shown(&asked, (&identity, &sent), answer))
        }
        Err(problem) => Err(problem.into()),
    }
}
