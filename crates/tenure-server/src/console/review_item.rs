//! `/review-items/{item}`: one identity of a review as it is now, what is recommended, and the form that decides.
//!
//! A decision gives back the digest of what the page showed. It must never offer a decision to whom it is not. Next: `held.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent, Shape},
    handoffs,
    held::{Held, held},
    page, reviews, see_other,
    table::StateShown,
    text::{self, Prose, When},
};
use crate::api::{
    prelude::*,
    reviews::{deciding, found_item},
};
use crate::limits::{NAME_CHARS_MAX, SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{ReviewDecisionMade, ReviewItemRow, ReviewWish, ToReview};
use tenure_model::{HandoffStage, ReviewAnswer, ReviewItemState};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/review-items/{item}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Review },
    evidence: None,
    about: "The console: one identity of a review as it is now, and what is recommended.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static DECIDE: Endpoint = form::act(
    "/review-items/{item}/decide",
    (ApiAction::Approve, ApiResourceKind::Review),
    "review.decided",
    "The console: decides an identity of a review as it was shown.",
    || post(decide),
);

/// What may be said, each with what follows.
const ANSWERS: [(ReviewAnswer, &str); 5] = [
    (ReviewAnswer::Keep, "it is needed as it is shown here"),
    (ReviewAnswer::Narrow, "it is needed with fewer rights; say which below, unless some are recommended"),
    (ReviewAnswer::Rotate, "it is needed with new credentials"),
    (ReviewAnswer::Reassign, "somebody else is to answer for it; say who below"),
    (ReviewAnswer::Retire, "it is not needed: a plan to revoke it is drafted"),
];

#[derive(Template)]
#[template(path = "review_item.html")]
struct ItemPage {
    frame: Frame,
    name: String,
    identity: String,
    review: String,
    handle: String,
    address: String,
    state: StateShown,
    recommends: ReviewAnswer,
    /// What it asks for, the fact, and the policy with its severity.
    reasons: Vec<(ReviewAnswer, Prose, String)>,
    rights: Vec<String>,
    not_known: Vec<Prose>,
    held: Held,
    copies: Vec<String>,
    decided: Option<(ReviewAnswer, String, When, Prose)>,
    /// What the decision named, in words.
    named: Vec<String>,
    plan: Option<(String, String)>,
    plan_state: Option<StateShown>,
    handoff: Option<(String, String)>,
    handoff_state: Option<StateShown>,
    outcome: Option<(Prose, When)>,
    turn: Option<(String, When, Option<When>)>,
    not_theirs: Option<Prose>,
    form: Option<Form>,
    answers: [(ReviewAnswer, &'static str); 5],
    digest: String,
    alike: i64,
    wrong: Option<Prose>,
}

/// The fields of the form.
struct Form {
    reason: Field,
    to: Field,
    runbook: Field,
    stage: Field,
    rights: Field,
}

impl Form {
    fn of(sent: Option<&Decided>) -> Self {
        let hint = "Kept beside the decision. Against the recommendation it has three words at least.";
        let reason = sent.map(|one| one.reason.as_str()).unwrap_or_default();
        let to = sent.map(|one| one.to.as_str()).unwrap_or_default();
        let runbook = sent.map(|one| one.runbook.as_str()).unwrap_or_default();
        let in_use = HandoffStage::InUse.as_str();
        let stage = sent.map_or(in_use, |one| one.stage.as_str());
        let stages = Shape::Choice(HandoffStage::ALL.iter().map(|one| one.as_str()).collect());
        let rights: Vec<String> = sent.map(Decided::rights).unwrap_or_default();
        Self {
            runbook: Field::line(
                "runbook",
                "To reassign: runbook",
                "What to do about it: an address, or a text. With it, it is offered to them at once, where you may hand it on.",
                runbook,
            ),
            stage: Field::line("stage", "To reassign: where the work stands", "", stage).shaped(stages),
            reason: Field::needed("reason", "Why", hint, reason),
            to: Field::line("to", "To reassign: to whom", "By name; they must take it.", to)
                .shaped(Shape::Line { names: true }),
            rights: Field::lines(
                "rights",
                "To narrow: rights that are to go",
                "One a line, as they are named above; those recommended, unless said.",
                &rights,
            ),
        }
    }
}

/// The decision as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    #[serde(default)]
    answer: String,
    reason: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    runbook: String,
    #[serde(default)]
    stage: String,
    #[serde(default)]
    rights: String,
    digest: String,
}

impl Decided {
    fn rights(&self) -> Vec<String> {
        self.rights.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let row = found_item(&shared, &asked, &given).await?;
    shown(&shared, &asked, &row, StatusCode::OK, (None, None)).await
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    row: &ReviewItemRow,
    status: StatusCode,
    (sent, wrong): (Option<&Decided>, Option<String>),
) -> Result<Response, PageProblem> {
    let one = shared.engine.to_review(row.id).await.map_err(Problem::from)?;
    let mut view = view(shared, asked, &one);
    if one.item.state.waits() {
        let actor =
            tenure_engine::Actor { person: asked.person.id, role: asked.person.role, local: asked.local };
        match shared.engine.review_not_theirs(actor, &one.item).await.map_err(Problem::from)? {
            None => view.form = Some(Form::of(sent)),
            Some(why) => view.not_theirs = Some(text::prose(&why)),
        }
    }
    view.wrong = wrong.as_deref().map(text::prose);
    Ok(page(status, &view))
}

fn view(shared: &Shared, asked: &Asked, one: &ToReview) -> ItemPage {
    let (now, item) = (shared.engine.now(), &one.item);
    let because = |code: &str, severity: Option<tenure_model::Severity>| {
        severity.map_or_else(|| code.to_owned(), |severity| format!("{code}, {severity}"))
    };
    let recommendation = &one.recommendation;
    let who = one.reviewer_name.as_deref().map_or_else(|| one.turn.clone(), text::shown);
    let name = &one.shown.identity.name;
    let by = text::decider(one.decided_by_name.as_deref(), one.in_place_of_name.as_deref());
    let plan = item.named.as_ref().and_then(|named| named.plan);
    let handoff = item.named.as_ref().and_then(|named| named.handoff);
    ItemPage {
        frame: Frame::of(format!("Review {}", text::shown(name)), Place::Reviews, asked),
        name: text::shown(name),
        identity: address::of_identity(name, &one.shown.identity.handle),
        review: one.review.handle.clone(),
        handle: item.handle.clone(),
        address: format!("/review-items/{}", item.handle),
        state: reviews::state(item.state),
        recommends: recommendation.answer,
        reasons: recommendation
            .reasons
            .iter()
            .map(|one| (one.answer, text::prose(&one.says), because(&one.code, one.severity)))
            .collect(),
        rights: recommendation.rights.iter().map(|right| text::shown(right)).collect(),
        not_known: recommendation.not_known.iter().map(|says| text::prose(says)).collect(),
        held: held(&one.shown, now),
        copies: one.copies.iter().map(|place| text::shown(place)).collect(),
        decided: item.answer.zip(item.decided).map(|(answer, at)| {
            let why = text::prose(item.reason.as_deref().unwrap_or_default());
            (answer, by, text::when(at, now), why)
        }),
        named: named(one),
        plan: plan.map(|id| (id.handle(), format!("/plans/{}", id.handle()))),
        plan_state: one.plan_state.map(text::plan_state),
        handoff: handoff.map(|id| (id.handle(), format!("/handoffs/{}", id.handle()))),
        handoff_state: one.handoff_state.map(handoffs::state),
        outcome: item
            .outcome
            .as_deref()
            .zip(item.settled)
            .map(|(outcome, at)| (text::prose(outcome), text::when(at, now))),
        turn: (item.state == ReviewItemState::Open)
            .then(|| (who, text::when(item.due, now), item.missed.map(|at| text::when(at, now)))),
        not_theirs: None,
        form: None,
        answers: ANSWERS,
        digest: one.digest.clone(),
        alike: one.alike,
        wrong: None,
    }
}

/// What a decision named: to whom, which rights, how many credentials.
fn named(one: &ToReview) -> Vec<String> {
    let Some(named) = &one.item.named else { return Vec::new() };
    let mut words: Vec<String> =
        named.rights.iter().map(|right| format!("is to lose {}", text::shown(right))).collect();
    if !named.credentials.is_empty() {
        let many = i64::try_from(named.credentials.len()).unwrap_or(i64::MAX);
        words.push(format!("{} to get another value", tenure_model::counted(many, "credential")));
    }
    words.extend(one.decided_to_name.as_deref().map(|to| format!("{} is to answer for it", text::shown(to))));
    words
}

async fn decide(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Decided>,
) -> Result<Response, PageProblem> {
    let row = found_item(&shared, &asked, &given).await?;
    let actor = deciding(&shared, &asked, &row).await?;
    let sent = sent.read()?;
    let here = format!("/review-items/{}", row.handle);
    // Sent twice, it was decided by the first.
    let is_theirs = row.decided_by == Some(actor.person) && row.reason.as_deref() == Some(sent.reason.trim());
    if is_theirs {
        return Ok(see_other(&here));
    }
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let Ok(answer) = sent.answer.parse::<ReviewAnswer>() else {
        let why = Some(String::from("Choose what is to become of it."));
        return shown(&shared, &asked, &row, refused, (Some(&sent), why)).await;
    };
    for (field, given, most) in [
        ("reason", &sent.reason, SENTENCE_CHARS_MAX),
        ("to", &sent.to, NAME_CHARS_MAX),
        ("runbook", &sent.runbook, SENTENCE_CHARS_MAX),
    ] {
        if let Err(problem) = at_most(field, given, most) {
            return shown(&shared, &asked, &row, refused, (Some(&sent), Some(problem.detail))).await;
        }
    }
    let of_reassigning = |text: &str| {
        Some(text.trim().to_owned()).filter(|text| !text.is_empty() && answer == ReviewAnswer::Reassign)
    };
    let (to, runbook) = (of_reassigning(&sent.to), of_reassigning(&sent.runbook));
    let stage = if runbook.is_some() { sent.stage.parse().ok() } else { None };
    let rights = if answer == ReviewAnswer::Narrow { sent.rights() } else { Vec::new() };
    let (reason, digest) = (sent.reason.clone(), sent.digest.clone());
    let wish = ReviewWish { answer, reason, digest, to, rights, runbook, stage };
    match shared.engine.decide_review_item(actor, &row, wish).await.map_err(Problem::from) {
        Ok(ReviewDecisionMade { plan: Some(plan), .. }) => Ok(see_other(&format!("/plans/{plan}"))),
        Ok(ReviewDecisionMade { handoff: Some(handoff), .. }) => {
            Ok(see_other(&format!("/handoffs/{handoff}")))
        }
        Ok(_) => Ok(see_other(&here)),
        Err(problem) if is_told(problem.status) => {
            let said = format!("Nothing was decided: {}.", problem.detail);
            shown(&shared, &asked, &row, problem.status, (Some(&sent), Some(said))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What is told on the page itself, with what was typed.
const fn is_told(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT | StatusCode::FORBIDDEN)
}
