//! `/reviews/{review}`: one review with its items, filtered by the address, and the form that gives it up.
//!
//! There is no form that closes it. Next: `review_item.rs`, where one identity is decided.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent},
    lists::Link,
    page,
    reviews::{self, ReviewLine},
    see_other,
    table::Table,
    text::{self, When},
};
use crate::api::{prelude::*, reviews::found};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use crate::page::{mark, read_mark_of};
use askama::Template;
use axum::response::Response;
use tenure_engine::{ReviewItemsMeant, ReviewShown};
use tenure_model::{ReviewAnswer, ReviewItemState, ReviewState};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/reviews/{review}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "The console: one review, how far it is, and its items.",
    query: &[("state", "text"), ("recommends", "text"), ("mine", "flag"), ("after", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static CANCEL: Endpoint = form::act(
    "/reviews/{review}/cancel",
    (ApiAction::Plan, ApiResourceKind::Review),
    "review.cancelled",
    "The console: gives a review up.",
    || post(cancel),
);

/// Items on one page.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    frame: Frame,
    one: ReviewLine,
    handle: String,
    address: String,
    started_by: String,
    started: When,
    is_over: bool,
    ended_by: Option<String>,
    population: String,
    filters: Vec<Link>,
    table: Option<Table>,
    next: Option<Link>,
    /// The field of the form that gives it up; nothing for whom it is not.
    gives_up: Option<Field>,
    wrong: Option<text::Prose>,
}

/// What stands after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    state: Option<ReviewItemState>,
    recommends: Option<ReviewAnswer>,
    mine: Option<bool>,
    after: Option<String>,
}

impl Wanted {
    /// The filter as it stands in an address.
    fn query(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.state.map(|state| format!("state={state}")));
        parts.extend(self.recommends.map(|answer| format!("recommends={answer}")));
        parts.extend((self.mine == Some(true)).then(|| String::from("mine=true")));
        parts.join("&")
    }
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    wanted: Result<Asking<Wanted>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(wanted) = wanted?;
    let review = found(&shared, &asked, &given).await?;
    shown(&shared, &asked, review, &wanted, (StatusCode::OK, None, None)).await
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    review: ReviewShown,
    wanted: &Wanted,
    (status, field, wrong): (StatusCode, Option<Field>, Option<String>),
) -> Result<Response, PageProblem> {
    let now = shared.engine.now();
    let address = format!("/reviews/{}", review.row.handle);
    let meant = ReviewItemsMeant {
        state: wanted.state,
        recommends: wanted.recommends,
        reviewer: (wanted.mine == Some(true)).then_some(asked.person.id),
    };
    let after: Option<i64> = read_mark_of(wanted.after.as_deref())?;
    let most = i64::try_from(ROWS).unwrap_or(i64::MAX) + 1;
    let mut rows =
        shared.engine.review_items(&review.row, meant, after, most).await.map_err(Problem::from)?;
    let is_cut = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| is_cut).map(|last| {
        let mark = address::encoded(&mark(&[last.row.number.to_string()]));
        let query = wanted.query();
        let and = if query.is_empty() { "" } else { "&" };
        Link { href: format!("{address}?{query}{and}after={mark}"), word: "Next page", is_here: false }
    });
    let is_open = review.row.state == ReviewState::Open;
    let may_give_up = is_open && asked.may_also(ApiAction::Plan, ApiResourceKind::Review);
    let page_shown = ReviewPage {
        frame: Frame::of(format!("Review {}", review.row.handle), Place::Reviews, asked),
        handle: review.row.handle.clone(),
        started_by: match (&review.started_by_name, review.row.started_by) {
            (Some(name), _) => text::shown(name),
            (None, Some(_)) => String::from("somebody who left"),
            (None, None) => String::from("Tenure"),
        },
        started: text::when(review.row.started, now),
        is_over: !is_open,
        ended_by: review.ended_by_name.as_deref().map(text::shown),
        population: review.row.population.clone(),
        filters: filters(&address, &wanted.query()),
        table: reviews::items("Items, in their order", &rows, now),
        next,
        gives_up: may_give_up.then(|| field.unwrap_or_else(|| reason_field(""))),
        wrong: wrong.as_deref().map(text::prose),
        one: reviews::line(&review, now),
        address,
    };
    Ok(page(status, &page_shown))
}

/// What can be looked at, one link each.
fn filters(address: &str, here: &str) -> Vec<Link> {
    const KNOWN: [(&str, &str); 11] = [
        ("", "all"),
        ("mine=true", "mine"),
        ("state=open", "open"),
        ("state=open&recommends=retire", "retire is recommended"),
        ("state=open&recommends=reassign", "reassign"),
        ("state=open&recommends=rotate", "rotate"),
        ("state=open&recommends=narrow", "narrow"),
        ("state=open&recommends=keep", "keep"),
        ("state=decided", "decided"),
        ("state=done", "done"),
        ("state=missed", "missed"),
    ];
    let link = |(query, word): (&str, &'static str)| {
        let href = if query.is_empty() { address.to_owned() } else { format!("{address}?{query}") };
        Link { href, word, is_here: query == here }
    };
    KNOWN.into_iter().map(link).collect()
}

fn reason_field(value: &str) -> Field {
    Field::needed("reason", "Why", "It is shown beside the review and kept.", value)
}

/// The form as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenUp {
    reason: String,
}

async fn cancel(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<GivenUp>,
) -> Result<Response, PageProblem> {
    let review = found(&shared, &asked, &given).await?;
    let actor = asked.authorise(Whose::Nobodys)?;
    let sent = sent.read()?;
    let here = format!("/reviews/{}", review.row.handle);
    let mut field = reason_field(&sent.reason);
    if let Err(problem) = at_most("reason", &sent.reason, SENTENCE_CHARS_MAX) {
        field.wrong = Some(problem.detail);
    } else if sent.reason.trim().is_empty() {
        field.wrong = Some(String::from("say why; whoever reads it later will ask"));
    }
    if field.wrong.is_some() {
        let told = (StatusCode::UNPROCESSABLE_ENTITY, Some(field), None);
        return shown(&shared, &asked, review, &Wanted::default(), told).await;
    }
    // Sent twice, it was over after the first.
    if review.row.state == ReviewState::Open {
        shared.engine.cancel_review(actor, &review.row, &sent.reason).await.map_err(Problem::from)?;
    }
    Ok(see_other(&here))
}
