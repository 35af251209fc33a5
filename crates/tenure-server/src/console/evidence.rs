//! `GET /evidence`: the log, newest first, where it stands, and the keys that verify it elsewhere.

use super::{
    Frame, HTML, PageProblem, Place,
    identity::by,
    page,
    table::{Cell, Table, column, naming},
    text,
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tenure_engine::{Entry, LogStatus};
use tenure_model::{Instant, PersonId};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/evidence",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "The console: entries of the log, newest first.",
    query: &[("before", "index")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Entries on one page.
const ENTRIES: u64 = 50;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    before: Option<u64>,
}

#[derive(Template)]
#[template(path = "evidence.html")]
struct EvidencePage {
    frame: Frame,
    status: LogStatus,
    table: Option<Table>,
    /// Entries that this page holds, as `first` and `end` of an export.
    range: Option<(u64, u64)>,
    older: Option<u64>,
    is_newest: bool,
    may_export: bool,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(Address { before }) = address?;
    let status = shared.engine.log_status().await.map_err(Problem::from)?;
    let entries = shared.engine.log_page(before, ENTRIES).await.map_err(Problem::from)?;
    let people = entries.iter().filter_map(|(_, entry)| entry.actor.parse().ok()).collect();
    let names = super::plan::names_of(&shared, people).await?;
    let now = shared.engine.now();
    let columns = [
        column("Entry", "few"),
        naming("What"),
        column("By", "short"),
        column("Facts", "wide"),
        column("When", "when"),
    ];
    let range = entries.last().zip(entries.first()).map(|(oldest, newest)| (oldest.0, newest.0 + 1));
    let rows = entries.iter().map(|entry| row(entry, &names, now)).collect();
    let shown = EvidencePage {
        frame: Frame::of("Evidence", Place::Evidence, &asked),
        table: Table::of("Entries of the log, newest first", &columns, rows),
        older: range.map(|(oldest, _)| oldest).filter(|oldest| *oldest > 0),
        range,
        is_newest: before.is_none_or(|before| before >= status.size),
        may_export: asked.may_also(ApiAction::ExportEvidence, ApiResourceKind::Evidence),
        status,
    };
    Ok(page(StatusCode::OK, &shown))
}

fn row((index, entry): &(u64, Entry), names: &BTreeMap<PersonId, String>, now: Instant) -> Vec<Cell> {
    vec![
        Cell::Ours(index.to_string()),
        Cell::link(format!("/evidence/{index}"), &entry.kind),
        Cell::Outside(by(entry, names)),
        Cell::Outside(text::entry_facts(&entry.facts)),
        Cell::Time(text::when(Instant::from_micros(entry.time_us), now)),
    ]
}
