//! `/tickets`: what other systems say ended, and what was observed since: closed and still there comes first.
//!
//! It must never take a ticket's word for anything. Next: `api/tickets/import.rs`, how they come in.

use super::{
    Frame, HTML, PageProblem, Place, address,
    lists::{self, Link},
    page,
    table::StateShown,
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{TicketShown, TicketsMeant};
use tenure_model::{Instant, TicketOutcome};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/tickets",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: tickets that are closed although what they name was seen since, and the others.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Of each kind, at most; the API has all of them.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage {
    frame: Frame,
    tabs: Vec<Link>,
    /// Each with what it is, and what an empty one says.
    groups: Vec<Group>,
    is_cut: bool,
    is_empty: bool,
}

struct Group {
    id: &'static str,
    title: &'static str,
    empty: &'static str,
    tickets: Vec<TicketLine>,
}

/// A ticket on a line of its own.
pub(super) struct TicketLine {
    pub(super) state: StateShown,
    pub(super) key: String,
    pub(super) system: String,
    pub(super) url: Option<String>,
    pub(super) title: text::Prose,
    /// The identity it names, and where that is; or its words.
    pub(super) identity: Option<(String, String)>,
    pub(super) names: String,
    pub(super) closed: Option<When>,
    pub(super) unmatched: Option<text::Prose>,
}

/// One line.
pub(super) fn line(one: &TicketShown, now: Instant) -> TicketLine {
    let row = &one.row;
    TicketLine {
        state: outcome(one.outcome),
        key: text::shown(&row.key),
        system: text::shown(&row.system),
        url: row.url.clone(),
        title: text::prose(&row.title),
        identity: row
            .identity
            .zip(row.identity_name.as_ref())
            .map(|(id, name)| (address::of_identity(name, &id.handle()), text::shown(name))),
        names: text::shown(&row.names),
        closed: row.closed.map(|at| text::when(at, now)),
        unmatched: row.unmatched.as_deref().map(text::prose),
    }
}

fn outcome(outcome: TicketOutcome) -> StateShown {
    let (mark, word, tone) = match outcome {
        TicketOutcome::Open => ("○", "open", "quiet"),
        TicketOutcome::Dropped => ("–", "closed without doing it", "quiet"),
        TicketOutcome::Unmatched => ("?", "names nothing known here", "warn"),
        TicketOutcome::Unread => ("◌", "not looked at since", "warn"),
        TicketOutcome::Alive => ("▲", "closed, still alive", "bad"),
        TicketOutcome::MadeAgain => ("◔", "ended, and made again since", "warn"),
        TicketOutcome::Absent => ("●", "not there any more", "good"),
        TicketOutcome::Unproven => ("!", "ended, not proved", "warn"),
        TicketOutcome::Proved => ("✓", "proved dead", "good"),
    };
    StateShown { mark, word: word.to_owned(), tone: tone.to_owned() }
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let now = shared.engine.now();
    let mut groups = Vec::new();
    let mut is_cut = false;
    for (meant, id, title, empty) in [
        (
            TicketsMeant::SeenSince,
            "alive",
            "Closed, and still there",
            "None: nothing that a closed ticket names was seen since.",
        ),
        (TicketsMeant::Unread, "unread", "Not looked at since", "None: every source was read whole since."),
        (TicketsMeant::Unmatched, "unmatched", "Name nothing that is known here", "None."),
        (TicketsMeant::All, "all", "All", "None was brought in yet."),
    ] {
        let most = i64::try_from(ROWS).unwrap_or(i64::MAX);
        let mut rows = shared.engine.tickets(meant, 0, most + 1).await.map_err(Problem::from)?;
        is_cut |= rows.len() > ROWS;
        rows.truncate(ROWS);
        groups.push(Group { id, title, empty, tickets: rows.iter().map(|one| line(one, now)).collect() });
    }
    let shown = TicketsPage {
        frame: Frame::of("Tickets", Place::Inventory, &asked),
        tabs: lists::tabs(&asked, "/tickets"),
        is_empty: groups.iter().all(|group| group.tickets.is_empty()),
        groups,
        is_cut,
    };
    Ok(page(StatusCode::OK, &shown))
}
