//! `GET /people`: everybody, where each came from, who left and what nobody took up since.
//!
//! Who left last stands first. Nothing is changed here: people of a directory are changed there, the others by
//! `tenure people`. Next: `now.rs`, which leads here when something waits.

use super::{
    Frame, HTML, PageProblem, Place, address, page,
    table::{Cell, Column, StateShown, Table, column, naming},
    text,
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{LeftBehind, PersonShownRow, Tx};
use tenure_model::{Instant, Origin};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/people",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "The console: everybody, where they came from, who left and what that left behind.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// People on the page, at most.
const PEOPLE: usize = 500;
/// Identities that people left behind which are looked at, at most.
pub(super) const BEHIND: i64 = 500;

const COLUMNS: &[Column] = &[
    column("State", "state"),
    naming("Name"),
    column("Role", "few"),
    column("Came from", "few"),
    column("Joined", "when"),
    column("Left", "when"),
    column("Nobody took up", "text"),
];

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    table: Option<Table>,
    held: i64,
    more: bool,
    behind: Vec<(String, String)>,
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let most = i64::try_from(PEOPLE + 1).unwrap_or(i64::MAX);
    let read = move |tx: &mut Tx<'_>| {
        Ok((tx.people_shown(most)?, tx.left_behind(BEHIND)?, tx.held_leavings_count()?))
    };
    let found = shared.engine.store().read("people_shown", read).await;
    let (mut people, behind, held) = found.map_err(Problem::from)?;
    let more = people.len() > PEOPLE;
    people.truncate(PEOPLE);
    let now = shared.engine.now();
    let rows = people.iter().map(|one| row(one, &behind, now)).collect();
    let mut names: Vec<(String, String)> = behind
        .iter()
        .map(|one| (format!("/identities/{}", address::encoded(&one.name)), text::shown(&one.name)))
        .collect();
    names.sort();
    names.dedup();
    let shown = PeoplePage {
        frame: Frame::of("People", Place::Programme, &asked),
        table: Table::of("People", COLUMNS, rows),
        held,
        more,
        behind: names,
    };
    Ok(page(StatusCode::OK, &shown))
}

fn row(one: &PersonShownRow, behind: &[LeftBehind], now: Instant) -> Vec<Cell> {
    let state = |mark, word: &str, tone: &str| {
        Cell::State(StateShown { mark, word: String::from(word), tone: String::from(tone) })
    };
    let theirs: Vec<String> =
        behind.iter().filter(|it| it.person == one.person).map(|it| it.name.clone()).collect();
    let origin = match one.origin {
        Origin::Local => "added here",
        Origin::Scim => "directory (SCIM)",
        Origin::Csv => "list (CSV)",
    };
    vec![
        match one.left {
            None => state("●", "there", "good"),
            Some(_) if theirs.is_empty() => state("–", "left", "quiet"),
            Some(_) => state("◔", "left", "warn"),
        },
        Cell::outside(&one.name),
        Cell::Ours(one.role.to_string()),
        Cell::Ours(String::from(origin)),
        Cell::Time(text::when(one.joined, now)),
        one.left.map_or_else(|| Cell::quiet("–"), |left| Cell::Time(text::when(left, now))),
        if one.left.is_some() { Cell::many(&theirs, "nothing") } else { Cell::quiet("–") },
    ]
}
