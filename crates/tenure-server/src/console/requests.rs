//! `/requests`: what is asked for, what may be made and until when, what is over; and the form that asks for something.
//!
//! Everything that is missing is said at once, beside the form, with what was typed still in it. It must never decide
//! anything. Next: `request.rs`, one of them.

use super::{
    Frame, HTML, PageProblem, Place,
    form::{self, Field, Sent, Shape},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{prelude::*, requests::create::limited};
use askama::Template;
use axum::response::Response;
use tenure_engine::{RequestShown, RequestWish, RequestsMeant};
use tenure_model::{DataClass, Environment, Instant, PrincipalKind, RequestKind, RequestState, Wanted};

pub(super) static LIST: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/requests",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Request },
    evidence: None,
    about: "The console: requests that wait, that may be used, and that are over.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(list),
};
pub(super) static FORM: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/requests/new",
    access: Access::Decided { action: ApiAction::Request, kind: ApiResourceKind::Request },
    evidence: None,
    about: "The console: the form that asks that something may be made.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(form),
};
pub(super) static ASK: Endpoint = form::act(
    "/requests/new",
    (ApiAction::Request, ApiResourceKind::Request),
    "request.asked",
    "The console: asks that something may be made.",
    || post(ask),
);

/// Of each kind, at most; the API has all of them.
const ROWS: u32 = 200;
const OVER: u32 = 20;

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    frame: Frame,
    waiting: Vec<RequestLine>,
    approved: Vec<RequestLine>,
    over: Vec<RequestLine>,
    may_ask: bool,
    /// A list is cut.
    is_cut: bool,
}

/// A request on a line of its own.
pub(super) struct RequestLine {
    pub(super) state: StateShown,
    pub(super) href: String,
    pub(super) what: String,
    pub(super) by: String,
    pub(super) reason: text::Prose,
    /// What comes next, before its time.
    pub(super) word: &'static str,
    pub(super) at: When,
    pub(super) next: Option<String>,
    pub(super) why: Option<text::Prose>,
}

/// One line.
pub(super) fn line(one: &RequestShown, now: Instant) -> RequestLine {
    let row = &one.row;
    let (word, at) = match row.state {
        RequestState::Asked => ("to be decided", row.decide_by),
        RequestState::Approved if row.kind == RequestKind::Privilege => ("to be seen", row.use_by),
        RequestState::Approved => ("to be made", row.use_by),
        RequestState::Fulfilled | RequestState::Refused | RequestState::Withdrawn | RequestState::Lapsed => {
            ("over", row.ended.unwrap_or(row.use_by))
        }
    };
    RequestLine {
        state: state(row.state),
        href: format!("/requests/{}", one.handle),
        what: what(one),
        by: one.asked_by_name.as_deref().map_or_else(|| String::from("somebody who left"), text::shown),
        reason: text::prose(&row.reason),
        word,
        at: text::when(at, now),
        next: one.decided_next_by.as_deref().map(text::shown),
        why: row.ended_why.as_deref().map(text::prose),
    }
}

/// What is asked for, by name.
pub(super) fn what(one: &RequestShown) -> String {
    let late = if one.row.wanted.is_late() { " (late)" } else { "" };
    let name = format!("{}/{}", one.row.source_name, one.row.wanted.principal());
    match &one.row.wanted {
        Wanted::Creation(_) => text::shown(&format!("{name}{late}")),
        Wanted::Ownership(_) => {
            let to = one.to_name.as_deref().unwrap_or("somebody who left");
            text::shown(&format!("{name}, to be offered to {to}"))
        }
        Wanted::Privilege(asked) => {
            let rights = tenure_model::counted(asked.rights.len(), "further right");
            text::shown(&format!("{name}, {rights}{late}"))
        }
    }
}

/// How it stands, with a mark that does not need its colour.
pub(super) fn state(state: RequestState) -> StateShown {
    let (mark, tone) = match state {
        RequestState::Asked => ("?", "warn"),
        RequestState::Approved => ("◐", "warn"),
        RequestState::Fulfilled => ("✓", "good"),
        RequestState::Refused => ("×", "quiet"),
        RequestState::Withdrawn => ("–", "quiet"),
        RequestState::Lapsed => ("■", "quiet"),
    };
    StateShown { mark, word: state.to_string(), tone: tone.to_owned() }
}

async fn list(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let now = shared.engine.now();
    let mut is_cut = false;
    let mut lists = Vec::new();
    for (meant, most) in
        [(RequestsMeant::Asked, ROWS), (RequestsMeant::Approved, ROWS), (RequestsMeant::Over, OVER)]
    {
        let mut rows = shared.engine.requests(meant, 0, i64::from(most) + 1).await.map_err(Problem::from)?;
        let most = most as usize;
        is_cut |= rows.len() > most;
        rows.truncate(most);
        lists.push(rows.iter().map(|one| line(one, now)).collect::<Vec<_>>());
    }
    let (over, approved, waiting) = (lists.pop(), lists.pop(), lists.pop());
    let shown = RequestsPage {
        frame: Frame::of("Requests", Place::Requests, &asked),
        waiting: waiting.unwrap_or_default(),
        approved: approved.unwrap_or_default(),
        over: over.unwrap_or_default(),
        may_ask: asked.may_also(ApiAction::Request, ApiResourceKind::Request),
        is_cut,
    };
    Ok(page(StatusCode::OK, &shown))
}

#[derive(Template)]
#[template(path = "request-new.html")]
struct FormPage {
    frame: Frame,
    fields: Vec<Field>,
    wrong: Option<text::Prose>,
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AskedFor {
    source: String,
    principal: String,
    principal_kind: String,
    class: String,
    business_owner: String,
    technical_owner: String,
    purpose: String,
    boundary: String,
    allowed_scope: String,
    environment: String,
    data_class: String,
    rotation_days: String,
    expires_at: String,
    retirement_trigger: String,
    store: String,
    reason: String,
}

fn fields(sent: &AskedFor) -> Vec<Field> {
    let names = || Shape::Line { names: true };
    let kinds = || Shape::Choice(PrincipalKind::ALL.iter().map(|one| one.as_str()).collect());
    let environments = || Shape::Choice(Environment::ALL.iter().map(|one| one.as_str()).collect());
    let data = || Shape::Choice(DataClass::ALL.iter().map(|one| one.as_str()).collect());
    let scope: Vec<String> = sent.allowed_scope.lines().map(str::to_owned).collect();
    vec![
        Field::needed("source", "Where it will be", "The name of a source.", &sent.source),
        Field::needed("principal", "Its name there", "Exactly as the source will say it.", &sent.principal),
        Field::line("principal_kind", "What it will be", "An account, unless said.", &sent.principal_kind)
            .shaped(kinds()),
        Field::line(
            "class",
            "Class",
            "May be left empty: the rules of the programme foresee it.",
            &sent.class,
        ),
        Field::needed(
            "business_owner",
            "Business owner",
            "Who answers for its existence.",
            &sent.business_owner,
        )
        .shaped(names()),
        Field::needed("technical_owner", "Technical owner", "Who can change it.", &sent.technical_owner)
            .shaped(names()),
        Field::needed("purpose", "Purpose", "Why it is to exist.", &sent.purpose),
        Field::needed("boundary", "Boundary", "Where it may be used from and against.", &sent.boundary),
        Field::lines("allowed_scope", "Rights it may hold", "One on each line.", &scope),
        Field::needed("environment", "Environment", "Where it will run.", &sent.environment)
            .shaped(environments()),
        Field::line("data_class", "Data class", "What its data is.", &sent.data_class).shaped(data()),
        Field::line(
            "expires_at",
            "Ends",
            "A day such as 2027-03-31; this or the next is needed.",
            &sent.expires_at,
        ),
        Field::line(
            "rotation_days",
            "Its credential is changed every",
            "A number of days.",
            &sent.rotation_days,
        ),
        Field::needed(
            "retirement_trigger",
            "What ends it earlier",
            "Terms such as unused:90 or person:NAME, or a sentence.",
            &sent.retirement_trigger,
        ),
        Field::needed(
            "store",
            "Where its credential will live",
            "A store of the programme, or federation, which is preferred: then no secret lies anywhere.",
            &sent.store,
        ),
        Field::needed(
            "reason",
            "Why this is asked",
            "Whoever decides reads it, and it is kept.",
            &sent.reason,
        ),
    ]
}

fn shown(asked: &Asked, sent: &AskedFor, (status, wrong): (StatusCode, Option<String>)) -> Response {
    let shown = FormPage {
        frame: Frame::of("Ask for something", Place::Requests, asked),
        fields: fields(sent),
        wrong: wrong.as_deref().map(text::prose),
    };
    page(status, &shown)
}

async fn form(State(_): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    Ok(shown(&asked, &AskedFor::default(), (StatusCode::OK, None)))
}

/// One of the words there are, where one was said.
fn word<T: std::str::FromStr<Err: std::fmt::Display>>(given: Option<String>) -> Result<Option<T>, String> {
    given.map(|given| given.parse().map_err(|why: T::Err| why.to_string())).transpose()
}

/// What is asked for; or what of it cannot be read.
fn read(sent: &AskedFor) -> Result<RequestWish, String> {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let no_day =
        |_| String::from("the day of its end is neither a day such as 2027-03-31 nor an instant in UTC");
    let no_number = |_| String::from("every how many days its credential is changed is no number");
    Ok(RequestWish {
        kind: RequestKind::Create,
        source: said(&sent.source),
        principal: said(&sent.principal),
        principal_kind: word(said(&sent.principal_kind))?,
        class: said(&sent.class),
        business_owner: said(&sent.business_owner),
        technical_owner: said(&sent.technical_owner),
        purpose: said(&sent.purpose),
        boundary: said(&sent.boundary),
        allowed_scope: sent.allowed_scope.lines().filter_map(said).collect(),
        environment: word(said(&sent.environment))?,
        data_class: word(said(&sent.data_class))?,
        rotation_days: said(&sent.rotation_days).map(|text| text.parse().map_err(no_number)).transpose()?,
        expires_at: said(&sent.expires_at)
            .map(|text| Instant::parse_end(&text).map_err(no_day))
            .transpose()?,
        retirement_trigger: said(&sent.retirement_trigger),
        store: said(&sent.store),
        identity: None,
        rights: Vec::new(),
        until: None,
        to: None,
        role: None,
        stage: None,
        runbook: None,
        reason: said(&sent.reason),
    })
}

async fn ask(
    State(shared): State<Shared>,
    asked: Asked,
    sent: Sent<AskedFor>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let sent = sent.read()?;
    let wish = match read(&sent) {
        Ok(wish) => wish,
        Err(why) => {
            let wrong = Some(format!("Nothing was asked for: {why}."));
            return Ok(shown(&asked, &sent, (StatusCode::UNPROCESSABLE_ENTITY, wrong)));
        }
    };
    let made = match limited(&wish) {
        Ok(()) => shared.engine.create_request(actor, wish).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match made {
        Ok(made) => Ok(see_other(&format!("/requests/{}", made.handle))),
        Err(problem) if matches!(problem.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT) => {
            Ok(shown(&asked, &sent, (problem.status, Some(format!("{}.", problem.detail)))))
        }
        Err(problem) => Err(problem.into()),
    }
}
