//! `/whose`: what nobody owns, whose it might be and how sure that is; those that are ticked are claimed.
//!
//! A suggestion becomes an owner only by the tick of a person who may say so, and is looked up again when it is
//! written. Next: `charter.rs`, one by one; `tenure-engine/src/verbs/ownership/claim.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Sent},
    lists::{self, Link},
    page, see_other,
    table::StateShown,
    text::{self, Prose, When},
};
use crate::api::{
    ownership::{ANYTHING, key_after, looked_through},
    prelude::*,
};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tenure_engine::{
    ClaimBasis, ClaimMade, ClaimWish, PassedShown, Suggested, SuggestionQuery, SuggestionShown,
};
use tenure_judge::Confidence;
use tenure_model::{DecisionRight, IdentityId, Instant, PersonId};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/whose",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: what nobody owns, and whose it might be.",
    query: &[("after", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static CLAIM: Endpoint = form::act(
    "/whose",
    (ApiAction::Own, ApiResourceKind::Identity),
    "identity.owned",
    "The console: the suggestions that were ticked become owners.",
    || post(claim),
);

/// Identities of one page: everything beside each of them is looked at.
const ROWS: i64 = 25;
/// How often a page looks on where nothing is to be shown.
const LOOKS_MAX: usize = 20;
/// What a page's suggestion rests on, at most.
const CLUES: usize = 4;

/// Somebody whose it might be.
pub(super) struct SuggestionLine {
    /// What is sent to confirm it: the identity and the person.
    pub(super) claim: String,
    pub(super) person: String,
    pub(super) confidence: StateShown,
    pub(super) reason: Prose,
    pub(super) evidence: Vec<Prose>,
}

/// One "not mine".
pub(super) struct PassedLine {
    pub(super) by: String,
    pub(super) asked: Option<String>,
    pub(super) reason: Prose,
    pub(super) at: When,
}

struct Line {
    name: String,
    href: String,
    charter: String,
    suggestions: Vec<SuggestionLine>,
    passed: Vec<PassedLine>,
}

#[derive(Template)]
#[template(path = "whose.html")]
struct WhosePage {
    frame: Frame,
    tabs: Vec<Link>,
    lines: Vec<Line>,
    /// Those that nothing is known of, in few words.
    others: Vec<Line>,
    may_claim: bool,
    next: Option<Link>,
    json: String,
    /// What was not claimed, and why.
    stayed: Vec<(String, Prose)>,
}

/// A suggestion as pages show it.
pub(super) fn suggestion_line(identity: IdentityId, one: &SuggestionShown) -> SuggestionLine {
    let (mark, tone) = match one.confidence {
        Confidence::High => ("●", "good"),
        Confidence::Medium => ("◐", "busy"),
        Confidence::Low => ("○", "quiet"),
    };
    SuggestionLine {
        claim: format!("{identity} {}", one.person),
        person: text::shown(&one.person_name),
        confidence: StateShown { mark, word: one.confidence.to_string(), tone: String::from(tone) },
        reason: text::prose(&one.reason),
        evidence: one.evidence.iter().take(CLUES).map(|clue| text::prose(&clue.says)).collect(),
    }
}

/// A "not mine" as pages show it.
pub(super) fn passed_line(one: &PassedShown, now: Instant) -> PassedLine {
    PassedLine {
        by: text::shown(&one.by),
        asked: one.asked.as_deref().map(text::shown),
        reason: text::prose(&one.reason),
        at: text::when(one.at, now),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    after: Option<String>,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    from: Result<Asking<From>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(from) = from?;
    list(&shared, &asked, from, Vec::new()).await
}

/// The next page that shows anything: what has an owner is looked through without being shown.
async fn look(shared: &Shared, from: From) -> Result<Page<Suggested>, Problem> {
    let mut after = from.after;
    for _ in 1..LOOKS_MAX {
        let found = look_once(shared, after.as_deref()).await?;
        if found.next.is_none() || !found.items.is_empty() {
            return Ok(found);
        }
        after = found.next;
    }
    look_once(shared, after.as_deref()).await
}

async fn look_once(shared: &Shared, after: Option<&str>) -> Result<Page<Suggested>, Problem> {
    let found = shared.engine.suggestions(SuggestionQuery::default(), key_after(after)?, ROWS).await?;
    Ok(looked_through(found))
}

async fn list(
    shared: &Shared,
    asked: &Asked,
    from: From,
    stayed: Vec<(String, Prose)>,
) -> Result<Response, PageProblem> {
    let found = look(shared, from).await?;
    let next = found.next.map(|mark| Link {
        href: format!("/whose?after={}", address::encoded(&mark)),
        word: "Look through more",
        is_here: false,
    });
    let now = shared.engine.now();
    let is_known = |one: &Line| !one.suggestions.is_empty() || !one.passed.is_empty();
    let (lines, others) = found.items.iter().map(|one| line(one, now)).partition(is_known);
    let status = if stayed.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    let shown = WhosePage {
        frame: Frame::of("Whose is it?", Place::Inventory, asked),
        tabs: lists::tabs(asked, "/whose"),
        lines,
        others,
        may_claim: asked.may_about(ApiAction::Own, ApiResourceKind::Identity, Whose::Claimed(ANYTHING)),
        next,
        json: format!("/api/v1/suggestions?limit={ROWS}"),
        stayed,
    };
    Ok(page(status, &shown))
}

fn line(one: &Suggested, now: Instant) -> Line {
    let href = address::of_identity(&one.name, &one.handle);
    Line {
        name: text::shown(&one.name),
        charter: format!("{href}/charter"),
        href,
        suggestions: one.suggestions.iter().map(|it| suggestion_line(one.identity, it)).collect(),
        passed: one.passed.iter().take(3).map(|it| passed_line(it, now)).collect(),
    }
}

async fn claim(
    State(shared): State<Shared>,
    asked: Asked,
    sent: Sent<Vec<(String, String)>>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(ANYTHING))?;
    let mut ticked = BTreeMap::new();
    for (name, value) in sent.read()? {
        let (identity, person) = understood(&name, &value)?;
        if ticked.insert(identity, person).is_some() {
            return Err(Problem::refused("two people were ticked for one identity; tick one").into());
        }
    }
    if ticked.is_empty() {
        return Err(Problem::refused("nothing was ticked, and nothing was claimed").into());
    }
    let wishes = wishes(&shared, &ticked).await?;
    let made =
        shared.engine.claim_many(actor, ClaimBasis::Suggestion, wishes).await.map_err(Problem::from)?;
    let stayed = stayed(&shared, &made, &ticked).await?;
    match (made.as_slice(), stayed.is_empty()) {
        ([one], true) => Ok(see_other(&address::of_identity(&one.name, &one.handle))),
        (_, true) => Ok(see_other("/whose")),
        (_, false) => list(&shared, &asked, From::default(), stayed).await,
    }
}

fn understood(name: &str, value: &str) -> Result<(IdentityId, PersonId), Problem> {
    let ids = value.split_once(' ').filter(|_| name == "claim");
    let parsed = ids.and_then(|(identity, person)| Some((identity.parse().ok()?, person.parse().ok()?)));
    parsed.ok_or_else(|| {
        Problem::refused("this is not what the form sends; open the page again and tick there")
    })
}

async fn wishes(shared: &Shared, ticked: &BTreeMap<IdentityId, PersonId>) -> Result<Vec<ClaimWish>, Problem> {
    let wanted: Vec<PersonId> = ticked.values().copied().collect();
    let read = move |tx: &mut tenure_engine::Tx<'_>| {
        wanted.iter().map(|id| tx.person(*id)).collect::<Result<Vec<_>, _>>()
    };
    let people = shared.engine.store().read("ticked", read).await?;
    let wish = |(identity, person): (&IdentityId, Option<tenure_model::Person>)| {
        let person =
            person.ok_or_else(|| Problem::missing("somebody who was ticked is not there any more"))?;
        Ok(ClaimWish { identity: *identity, business_owner: None, technical_owner: Some(person.name) })
    };
    ticked.keys().zip(people).map(wish).collect()
}

/// What was not claimed, with why. What is that person's already was claimed before: a form sent twice is no fault.
async fn stayed(
    shared: &Shared,
    made: &[ClaimMade],
    ticked: &BTreeMap<IdentityId, PersonId>,
) -> Result<Vec<(String, Prose)>, Problem> {
    let mut stayed = Vec::new();
    for one in made.iter().filter(|one| !one.claimed) {
        let id = one.identity;
        let row = shared.engine.store().read("identity", move |tx| tx.identity(id)).await?;
        if ticked.get(&id).copied() != row.charter.technical_owner {
            let why = one.why.as_deref().map(text::prose).unwrap_or_default();
            stayed.push((text::shown(&one.name), why));
        }
    }
    Ok(stayed)
}
