//! `/identities/{ref}/rights/new`: the form that asks that an identity may hold further rights.
//!
//! What is missing or wrong is said at once, with what was typed still in it. It must never give a right, nor decide
//! anything. Next: `request.rs`, where others decide.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent},
    page, see_other, text,
};
use crate::api::{prelude::*, requests::create::limited};
use askama::Template;
use axum::response::Response;
use tenure_engine::{IdentityRow, RequestWish};
use tenure_model::{AskedRight, Instant};

pub(super) static FORM: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/rights/new",
    access: Access::Decided { action: ApiAction::Request, kind: ApiResourceKind::Request },
    evidence: None,
    about: "The console: the form that asks that an identity may hold further rights.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(form),
};
pub(super) static ASK: Endpoint = form::act(
    "/identities/{ref}/rights/new",
    (ApiAction::Request, ApiResourceKind::Request),
    "request.asked",
    "The console: asks that an identity may hold further rights.",
    || post(ask),
);

#[derive(Template)]
#[template(path = "rights-new.html")]
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
    rights: String,
    until: String,
    principal: String,
    reason: String,
}

fn fields(sent: &AskedFor) -> Vec<Field> {
    let rights: Vec<String> = sent.rights.lines().map(str::to_owned).collect();
    vec![
        Field::lines(
            "rights",
            "Rights it is to hold",
            "One on each line, as its page says them: SELECT on shop/table/public.orders",
            &rights,
        ),
        Field::line(
            "until",
            "Until",
            "A day such as 2027-03-31; left empty, until its charter ends.",
            &sent.until,
        ),
        Field::line(
            "principal",
            "Which of its principals",
            "Its name there; needed only where it is several.",
            &sent.principal,
        ),
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
    let address = address::of_identity(&identity.name, &identity.id.handle());
    let shown = FormPage {
        frame: Frame::of("Ask for further rights", Place::Inventory, asked),
        name: text::shown(&identity.name),
        address,
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
    Ok(shown(&asked, (&identity, &AskedFor::default()), (StatusCode::OK, None)))
}

/// What is asked for; or what of it cannot be read.
fn read(identity: &IdentityRow, sent: &AskedFor) -> Result<RequestWish, String> {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let no_day = |_| String::from("until when is neither a day such as 2027-03-31 nor an instant in UTC");
    let mut rights = Vec::new();
    for line in sent.rights.lines().filter_map(said) {
        let Some((right, resource)) = line.split_once(" on ") else {
            return Err(format!("`{line}` is no right: it is said as RIGHT on RESOURCE"));
        };
        let (right, resource) = (right.trim().to_owned(), resource.trim().to_owned());
        rights.push(AskedRight { right, resource, grantable: false });
    }
    let wish = serde_json::json!({ "kind": "privilege" });
    let wish: RequestWish = serde_json::from_value(wish).map_err(|why| why.to_string())?;
    Ok(RequestWish {
        identity: Some(identity.id.to_string()),
        principal: said(&sent.principal),
        rights,
        until: said(&sent.until).map(|text| Instant::parse_end(&text).map_err(no_day)).transpose()?,
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
