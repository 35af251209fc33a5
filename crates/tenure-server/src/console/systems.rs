//! `/systems` and `/sources`: every source, whether it was read and how whole. Two names of one list: what exists,
//! and what Tenure reads. Counts are those of the last reading; nothing is counted here. Next: `source.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    lists::{self, Link},
    page,
    table::{Cell, Column, Table, column, naming},
    text,
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{SourceRow, SurveyRow, Tx};
use tenure_model::Instant;

const fn endpoint(
    path: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Get,
        path,
        access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Source },
        evidence: None,
        about,
        query: &[],
        takes: None,
        answers: Answers::Page(HTML),
        route,
    }
}

pub(super) static SYSTEMS: Endpoint =
    endpoint("/systems", "The console: systems in the inventory.", || get(systems));
pub(super) static SOURCES: Endpoint =
    endpoint("/sources", "The console: sources and how whole they were read.", || get(sources));

const COLUMNS: &[Column] = &[
    column("Last survey", "state"),
    naming("Source"),
    column("System", "few"),
    column("Read", "when"),
    column("Things seen", "few"),
    column("Read in part", "few"),
    column("Not observable", "few"),
];

#[derive(Template)]
#[template(path = "systems.html")]
struct SystemsPage {
    frame: Frame,
    heading: &'static str,
    tabs: Vec<Link>,
    table: Option<Table>,
}

async fn systems(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let frame = Frame::of("Systems", Place::Inventory, &asked);
    show(&shared, frame, "Systems", lists::tabs(&asked, "/systems")).await
}

async fn sources(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    show(&shared, Frame::of("Sources", Place::Sources, &asked), "Sources", Vec::new()).await
}

struct Read {
    source: SourceRow,
    survey: Option<SurveyRow>,
    parts: usize,
}

async fn show(
    shared: &Shared,
    frame: Frame,
    heading: &'static str,
    tabs: Vec<Link>,
) -> Result<Response, PageProblem> {
    let read = |tx: &mut Tx<'_>| {
        let mut all = Vec::new();
        for source in tx.sources()? {
            let survey = tx.last_survey(source.id)?;
            let parts = tx.extents_seen(source.id)?.iter().filter(|extent| !extent.whole).count();
            all.push(Read { source, survey, parts });
        }
        Ok(all)
    };
    let all = shared.engine.store().read("sources", read).await.map_err(Problem::from)?;
    let now = shared.engine.now();
    let rows = all.into_iter().map(|read| row(read, now)).collect();
    let shown = SystemsPage { frame, heading, tabs, table: Table::of(heading, COLUMNS, rows) };
    Ok(page(StatusCode::OK, &shown))
}

fn row(read: Read, now: Instant) -> Vec<Cell> {
    let Read { source, survey, parts } = read;
    let name = source.name.to_string();
    let count = |count: usize| match count {
        0 => Cell::quiet("none"),
        count => Cell::Ours(count.to_string()),
    };
    let (state, at, seen) = match survey {
        None => (Cell::quiet("never read"), Cell::quiet("–"), Cell::quiet("–")),
        Some(survey) => (
            Cell::State(text::survey_state(survey.state)),
            Cell::Time(text::when(survey.ended.unwrap_or(survey.started), now)),
            Cell::Ours(survey.seen.to_string()),
        ),
    };
    vec![
        state,
        Cell::link(format!("/sources/{}", address::encoded(&name)), &name),
        Cell::outside(&source.system),
        at,
        seen,
        count(parts),
        count(source.not_observable.len()),
    ]
}
