//! `/handoffs/{handoff}`: one handoff with everything that goes with it, and the forms that answer it or take it back.
//!
//! Accepting gives back the digest of what the page showed: what changed meanwhile is shown again. It must never offer to
//! accept to anybody but whom it was offered to. Next: `handoffs.rs`, where one is offered.

use super::{
    Frame, HTML, PageProblem, Place, address,
    form::{self, Field, Sent},
    handoffs::{giver, name, role, state},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::{
    handoffs::{answer::HandoffWord, found, party},
    prelude::*,
};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{HandoffContents, HandoffItem, HandoffRow};
use tenure_model::{DecisionRight, HandoffState};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/handoffs/{handoff}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Handoff },
    evidence: None,
    about: "The console: one handoff, and everything that goes with it.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static ANSWER: Endpoint = form::act(
    "/handoffs/{handoff}/answer",
    (ApiAction::Own, ApiResourceKind::Handoff),
    "handoff.accepted",
    "The console: accepts or declines a handoff, as it was shown.",
    || post(answer),
);
pub(super) static WITHDRAW: Endpoint = form::act(
    "/handoffs/{handoff}/withdraw",
    (ApiAction::Own, ApiResourceKind::Handoff),
    "handoff.withdrawn",
    "The console: takes an offer back.",
    || post(withdraw),
);

#[derive(Template)]
#[template(path = "handoff.html")]
struct HandoffPage {
    frame: Frame,
    what: String,
    identity: String,
    address: String,
    handle: String,
    state: StateShown,
    standing: StateShown,
    role: &'static str,
    from: String,
    to: String,
    offered_by: String,
    offered: When,
    /// The handle of the request by which others decided that it is offered.
    request: Option<String>,
    stage: String,
    runbook: text::Prose,
    /// The runbook, where it is an address and nothing else.
    runbook_href: Option<String>,
    reason: text::Prose,
    accept_by: Option<When>,
    ended: Option<When>,
    ended_why: Option<text::Prose>,
    over_because: Option<text::Prose>,
    changed: Vec<text::Prose>,
    charter: Vec<(&'static str, String)>,
    unanswered: String,
    parts: Vec<PartLine>,
    left_out: Option<u64>,
    digest: String,
    /// The field of the form that answers; nothing for whom it was not offered to.
    answers: Option<Field>,
    /// The field of the form that takes it back.
    takes_back: Option<Field>,
    wrong: Option<text::Prose>,
}

/// One kind of what goes with it.
struct PartLine {
    word: &'static str,
    lines: Vec<ItemLine>,
}

/// One thing, and where it is shown.
struct ItemLine {
    href: Option<String>,
    handle: String,
    said: text::Prose,
}

fn parts(contents: &HandoffContents, identity: &str) -> Vec<PartLine> {
    let texts = |word, given: &[String]| PartLine {
        word,
        lines: given
            .iter()
            .map(|one| ItemLine { href: None, handle: String::new(), said: text::prose(one) })
            .collect(),
    };
    let items = |word, given: &[HandoffItem], page: &str| PartLine {
        word,
        lines: given
            .iter()
            .map(|one| ItemLine {
                href: Some(format!("{page}/{}", one.handle)),
                handle: text::shown(&one.handle),
                said: text::prose(&one.what),
            })
            .collect(),
    };
    vec![
        texts("Used by", &contents.consumers),
        texts("Copies of its credentials", &contents.places),
        items("Open findings", &contents.findings, &format!("{identity}/findings")),
        items("Exceptions", &contents.exceptions, "/exceptions"),
        items("Requests", &contents.requests, "/requests"),
        items("Plans", &contents.plans, "/plans"),
        items("Reviews that wait", &contents.reviews, "/review-items"),
    ]
}

/// An address that a browser may follow: of the web, whole, and nothing else.
fn followed(runbook: &str) -> Option<String> {
    let is_web = runbook.starts_with("https://") || runbook.starts_with("http://");
    let is_plain = runbook.chars().all(|letter| letter.is_ascii_graphic() && !"\"'<>`".contains(letter));
    (is_web && is_plain).then(|| runbook.to_owned())
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let row = found(&shared, &asked, &given).await?;
    shown((&shared, &asked), &row, (StatusCode::OK, None, None)).await
}

async fn shown(
    (shared, asked): (&Shared, &Asked),
    row: &HandoffRow,
    (status, field, wrong): (StatusCode, Option<Field>, Option<String>),
) -> Result<Response, PageProblem> {
    let now = shared.engine.now();
    let one = shared.engine.handoff_shown(row).await.map_err(Problem::from)?;
    let (line, row) = (&one.line, &one.line.row);
    let waits = row.state == HandoffState::Offered;
    let may = asked.holds(DecisionRight::Own, ApiResourceKind::Handoff, party(shared, asked, row).await?);
    let is_receiver = row.to == asked.person.id;
    let identity = address::of_identity(&row.identity_name, &row.identity.handle());
    let said = &one.contents.charter;
    let owners = [said.business_owner, said.technical_owner].into_iter().flatten().collect();
    let names = super::plan::names_of(shared, owners).await?;
    let (charter, unanswered) = super::identity::charter(said, &names);
    let page_shown = HandoffPage {
        frame: Frame::of(format!("Handoff {}", line.handle), Place::Requests, asked),
        what: text::shown(&row.identity_name),
        address: format!("/handoffs/{}", line.handle),
        handle: line.handle.clone(),
        state: state(row.state),
        standing: text::standing_state(one.standing),
        role: role(row.role),
        from: giver(line),
        to: name(line.to_name.as_deref()),
        offered_by: name(line.offered_by_name.as_deref()),
        offered: text::when(row.offered, now),
        request: row.request.map(|request| request.handle()),
        stage: text::spaced(row.stage.as_str()),
        runbook: text::prose(&row.runbook),
        runbook_href: followed(&row.runbook),
        reason: text::prose(&row.reason),
        accept_by: waits.then(|| text::when(row.accept_by, now)),
        ended: row.ended.map(|at| text::when(at, now)),
        ended_why: row.ended_why.as_deref().map(text::prose),
        over_because: one.over_because.as_deref().map(text::prose),
        charter,
        unanswered: unanswered.join(", "),
        changed: one.changed.iter().map(|one| text::prose(one)).collect(),
        parts: parts(&one.contents, &identity),
        left_out: Some(one.contents.left_out).filter(|more| *more > 0),
        digest: one.digest.clone(),
        answers: (waits && may && is_receiver && one.over_because.is_none())
            .then(|| field.unwrap_or_else(|| reason_field(""))),
        takes_back: (waits && may && !is_receiver)
            .then(|| Field::line("why", "Why it is taken back", "May be left empty. It is kept.", "")),
        wrong: wrong.as_deref().map(text::prose),
        identity,
    };
    Ok(page(status, &page_shown))
}

fn reason_field(value: &str) -> Field {
    Field::line("reason", "Why not, where you decline", "It is shown to whoever offered it, and kept.", value)
}

/// The answer as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    answer: HandoffWord,
    #[serde(default)]
    reason: String,
    digest: String,
}

async fn answer(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Answered>,
) -> Result<Response, PageProblem> {
    let row = found(&shared, &asked, &given).await?;
    let actor = asked.authorise_decision(DecisionRight::Own, party(&shared, &asked, &row).await?)?;
    let sent = sent.read()?;
    let here = format!("/handoffs/{}", row.id.handle());
    let mut field = reason_field(&sent.reason);
    if let Err(problem) = at_most("reason", &sent.reason, SENTENCE_CHARS_MAX) {
        field.wrong = Some(problem.detail);
    } else if sent.answer == HandoffWord::Decline && sent.reason.trim().is_empty() {
        field.wrong = Some(String::from("say why; whoever offered it will ask"));
    }
    if field.wrong.is_some() {
        let answer = (StatusCode::UNPROCESSABLE_ENTITY, Some(field), None);
        return shown((&shared, &asked), &row, answer).await;
    }
    let (done, answered) = match sent.answer {
        HandoffWord::Accept => {
            (HandoffState::Accepted, shared.engine.accept_handoff(actor, &row, &sent.digest).await)
        }
        HandoffWord::Decline => {
            (HandoffState::Declined, shared.engine.decline_handoff(actor, &row, &sent.reason).await)
        }
    };
    match answered.map_err(Problem::from) {
        Ok(_) => Ok(see_other(&here)),
        // Sent twice, it was answered by the first.
        Err(_) if row.state == done && row.to == actor.person => Ok(see_other(&here)),
        Err(problem) if matches!(problem.status, StatusCode::CONFLICT | StatusCode::FORBIDDEN) => {
            let said = format!("Nothing was changed: {}.", problem.detail);
            shown((&shared, &asked), &row, (problem.status, Some(field), Some(said))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The form that takes it back, as it is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawn {
    #[serde(default)]
    why: String,
}

async fn withdraw(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Withdrawn>,
) -> Result<Response, PageProblem> {
    let row = found(&shared, &asked, &given).await?;
    let actor = asked.authorise_decision(DecisionRight::Own, party(&shared, &asked, &row).await?)?;
    let sent = sent.read()?;
    at_most("why", &sent.why, SENTENCE_CHARS_MAX)?;
    // Sent twice, it was over after the first.
    if row.ended.is_none() {
        shared.engine.withdraw_handoff(actor, &row, &sent.why).await.map_err(Problem::from)?;
    }
    Ok(see_other(&format!("/handoffs/{}", row.id.handle())))
}
