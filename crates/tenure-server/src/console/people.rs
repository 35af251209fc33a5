//! `GET /people`: everybody, where each came from, who left and what nobody took up since; and the directories that are read.
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
use tenure_engine::{LdapShown, LeftBehind, PersonShownRow, Tx};
use tenure_model::{Instant, Origin, counted};

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

const DIRECTORY_COLUMNS: &[Column] = &[
    column("State", "state"),
    naming("Name"),
    column("Where", "text"),
    column("Read by itself", "few"),
    column("Last read", "when"),
    column("What it said", "text"),
];

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    table: Option<Table>,
    held: i64,
    more: bool,
    behind: Vec<(String, String)>,
    directories: Option<Table>,
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
    let directories = shared.engine.ldap_shown().iter().map(|one| directory(one, now)).collect();
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
        directories: Table::of("Directories", DIRECTORY_COLUMNS, directories),
    };
    Ok(page(StatusCode::OK, &shown))
}

fn persons(many: usize) -> String {
    if many == 1 { String::from("1 person") } else { format!("{many} people") }
}

/// A directory, and what became of its last reading.
fn directory(one: &LdapShown, now: Instant) -> Vec<Cell> {
    let last = one.last.as_ref();
    let (mark, word, tone, said) = match last.map(|last| (last.people, last.why.as_deref(), last.faults)) {
        None => ("–", "not read", "quiet", String::from("nothing since the start")),
        Some((None, why, _)) => ("▲", "failed", "bad", why.unwrap_or_default().to_owned()),
        Some((Some(people), Some(why), _)) => {
            ("◔", "not all", "warn", format!("{} ({why}): nobody leaves by it", persons(people)))
        }
        Some((Some(people), None, 0)) => ("●", "read", "good", persons(people)),
        Some((Some(people), None, faults)) => {
            let unused = counted(faults, "entry");
            ("◔", "read", "warn", format!("{}; {unused} could not be used", persons(people)))
        }
    };
    vec![
        Cell::State(StateShown { mark, word: String::from(word), tone: String::from(tone) }),
        Cell::outside(&one.name),
        Cell::Ours(format!("{}:{} ({})", one.host, one.port, one.security)),
        one.every_minutes
            .map_or_else(|| Cell::quiet("never"), |every| Cell::Ours(format!("every {every} min"))),
        last.map_or_else(|| Cell::quiet("–"), |last| Cell::Time(text::when(last.at, now))),
        Cell::Ours(said),
    ]
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
        Origin::Ldap => "directory (LDAP)",
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
