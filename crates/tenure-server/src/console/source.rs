//! `GET /sources/{name}`: one source, how whole it was read, what it cannot show, and what waits for a decision.
//!
//! A count is what the last reading counted, extent by extent; nothing is counted here. Secrets of a source are
//! never read for it. Next: `source_acts.rs`; the template is `console/source.html`.

use super::{
    Frame, HTML, PageProblem, Place, address, page,
    table::{Cell, StateShown, Table, column, naming},
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{ExtentSeen, SourceRow, StoreFailure, SurveyRow, Tx};
use tenure_model::{Instant, SurveyState, printable};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/sources/{name}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Source },
    evidence: None,
    about: "The console: one source, its coverage and what it cannot show.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Surveys that are listed.
const SURVEYS: i64 = 10;

#[derive(Template)]
#[template(path = "source.html")]
struct SourcePage {
    frame: Frame,
    name: String,
    href: String,
    system: String,
    headline: text::Prose,
    headline_tone: &'static str,
    points: Vec<(String, String)>,
    options: Vec<(String, String)>,
    has_secret: bool,
    added: When,
    is_live: bool,
    held: Option<HeldLine>,
    blind: Vec<Blind>,
    extents: Option<Table>,
    not_observable: Vec<Blind>,
    surveys: Option<Table>,
    inventory: String,
    may_survey: bool,
    /// Where its options and points are changed, for whoever may.
    change: Option<String>,
    wrong: Option<&'static str>,
}

struct HeldLine {
    missing: i64,
    seen: i64,
    note: text::Prose,
    may_decide: bool,
}

/// Something that was not seen: what, why, what would mend it.
struct Blind {
    what: String,
    why: text::Prose,
    remedy: text::Prose,
}

pub(super) struct Found {
    source: SourceRow,
    surveys: Vec<SurveyRow>,
    extents: Vec<ExtentSeen>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    show(&shared, &asked, given, None).await
}

/// The page, with what was wrong in a form of it.
pub(super) async fn show(
    shared: &Shared,
    asked: &Asked,
    given: String,
    wrong: Option<&'static str>,
) -> Result<Response, PageProblem> {
    let read = move |tx: &mut Tx<'_>| {
        let missing = || StoreFailure::Missing { noun: "source", given: printable(&given, 60) };
        let source = tx.source_named(&given)?.ok_or_else(missing)?;
        let (surveys, extents) = (tx.surveys_of(source.id, SURVEYS)?, tx.extents_seen(source.id)?);
        Ok(Found { source, surveys, extents })
    };
    let found = shared.engine.store().read("source", read).await.map_err(Problem::from)?;
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(status, &view(asked, found, wrong, shared.engine.now())))
}

fn view(asked: &Asked, found: Found, wrong: Option<&'static str>, now: Instant) -> SourcePage {
    let Found { source, surveys, extents } = found;
    let name = source.name.to_string();
    let last = surveys.first();
    let blind: Vec<Blind> = extents.iter().filter(|extent| !extent.whole).map(part).collect();
    let (headline, headline_tone) = headline(last, extents.len(), blind.len(), now);
    let held = last.filter(|survey| survey.state == SurveyState::Held).map(|survey| HeldLine {
        missing: survey.missing,
        seen: survey.seen,
        note: survey.note.as_deref().map(text::prose).unwrap_or_default(),
        may_decide: asked.may_also(ApiAction::AcceptSurvey, ApiResourceKind::Source),
    });
    SourcePage {
        frame: Frame::of(name.as_str(), Place::Sources, asked),
        href: format!("/sources/{}", address::encoded(&name)),
        inventory: address::of_list("/identities", &format!("source:{name}")),
        system: text::shown(&source.system),
        headline,
        headline_tone,
        points: source
            .points
            .iter()
            .map(|point| (point.name.to_string(), text::shown_long(&point.url)))
            .collect(),
        options: source
            .options
            .iter()
            .map(|(key, value)| (text::shown(key), text::shown_long(value)))
            .collect(),
        has_secret: source.secret.is_some(),
        added: text::when(source.created, now),
        is_live: last.is_some_and(|survey| survey.state == SurveyState::Running),
        held,
        blind,
        extents: extents_table(&extents, now),
        not_observable: source
            .not_observable
            .iter()
            .map(|one| Blind {
                what: text::shown(&one.what),
                why: text::prose(&one.why),
                remedy: text::prose(&one.remedy),
            })
            .collect(),
        surveys: surveys_table(&surveys, now),
        change: asked
            .may_also(ApiAction::Configure, ApiResourceKind::Source)
            .then(|| format!("/sources/{}/change", address::encoded(&name))),
        may_survey: asked.may_also(ApiAction::Survey, ApiResourceKind::Source),
        wrong,
        name,
    }
}

fn headline(
    last: Option<&SurveyRow>,
    extents: usize,
    parts: usize,
    now: Instant,
) -> (text::Prose, &'static str) {
    let said = |text: &str| text::prose(text);
    let Some(last) = last else {
        return (said("It was never read."), "warn");
    };
    let at = text::when(last.ended.unwrap_or(last.started), now).said;
    match last.state {
        SurveyState::Running => (said("It is being read now."), "busy"),
        SurveyState::Held => {
            (said(&format!("The survey of {at} is held: a person decides whether to believe it.")), "warn")
        }
        SurveyState::Failed => {
            let why = last.note.as_deref().unwrap_or_default();
            (said(&format!("The last survey failed {at}: {why}")), "bad")
        }
        SurveyState::Complete | SurveyState::Partial | SurveyState::Accepted | SurveyState::Discarded => {
            if parts == 0 {
                (said(&format!("Read whole {at}: all {extents} extents.")), "good")
            } else {
                (
                    said(&format!(
                        "Read {at}: {} of {extents} extents whole, {parts} in part.",
                        extents.saturating_sub(parts)
                    )),
                    "warn",
                )
            }
        }
    }
}

fn part(extent: &ExtentSeen) -> Blind {
    Blind {
        what: text::shown(&extent.extent),
        why: extent.why.as_deref().map(text::prose).unwrap_or_default(),
        remedy: extent.remedy.as_deref().map(text::prose).unwrap_or_default(),
    }
}

fn extents_table(extents: &[ExtentSeen], now: Instant) -> Option<Table> {
    let state = |whole| {
        let (mark, word, tone) = if whole { ("●", "whole", "good") } else { ("◔", "in part", "warn") };
        StateShown { mark, word: String::from(word), tone: String::from(tone) }
    };
    let row = |extent: &ExtentSeen| {
        let things =
            extent.things.map_or_else(|| Cell::quiet("not counted"), |count| Cell::Ours(count.to_string()));
        vec![
            Cell::State(state(extent.whole)),
            Cell::outside(&extent.extent),
            things,
            Cell::Time(text::when(extent.read, now)),
        ]
    };
    let columns =
        [column("Read", "state"), naming("Extent"), column("Things in it", "few"), column("When", "when")];
    Table::of("Extents", &columns, extents.iter().map(row).collect())
}

fn surveys_table(surveys: &[SurveyRow], now: Instant) -> Option<Table> {
    let row = |survey: &SurveyRow| {
        vec![
            Cell::State(text::survey_state(survey.state)),
            Cell::Time(text::when(survey.started, now)),
            Cell::Ours(survey.seen.to_string()),
            Cell::Ours(survey.changed.to_string()),
            Cell::Ours(survey.missing.to_string()),
            survey.note.as_deref().map_or_else(|| Cell::quiet("–"), |note| Cell::Said(text::prose(note))),
        ]
    };
    let columns = [
        column("State", "state"),
        naming("Begun"),
        column("Seen", "few"),
        column("New or changed", "few"),
        column("Missing", "few"),
        column("Note", "text"),
    ];
    Table::of("Surveys, newest first", &columns, surveys.iter().map(row).collect())
}
