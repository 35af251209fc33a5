//! The inventory: identities, principals, credentials, rights. One page each, of one pattern.
//!
//! The filter stands in the address and is read by `api/filter.rs`, as for the API and the CSV files. A page looks
//! through a bounded number of rows and counts nothing: it is quick over a million of them. Kinds and states are
//! shown as they are called, never from a list of those known here. Next: `table.rs`, `systems.rs`.

use super::{
    Frame, HTML, PageProblem, Place, address, page,
    table::{Cell, Column, StateShown, Table, column, naming},
    text,
};
use crate::api::{
    filter,
    inventory::rows::{self, Wanted},
    listing::{self, Listed},
    prelude::*,
};
use askama::Template;
use axum::response::Response;
use tenure_engine::{CredentialRow, Held, HeldGrant, PrincipalRow};
use tenure_model::{Instant, Presence};

const fn endpoint(
    path: &'static str,
    about: &'static str,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Get,
        path,
        access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
        evidence: None,
        about,
        query: &[("q", "text"), ("after", "text")],
        takes: None,
        answers: Answers::Page(HTML),
        route,
    }
}

pub(super) static IDENTITIES: Endpoint =
    endpoint("/identities", "The console: identities, filtered.", || get(identities));
pub(super) static PRINCIPALS: Endpoint =
    endpoint("/principals", "The console: principals, filtered.", || get(principals));
pub(super) static CREDENTIALS: Endpoint =
    endpoint("/credentials", "The console: credentials, filtered.", || get(credentials));
pub(super) static RIGHTS: Endpoint = endpoint("/rights", "The console: rights, filtered.", || get(rights));

/// Rows of one page.
const ROWS: u32 = 100;

/// What stands after `?`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

/// A link with our own words.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) word: &'static str,
    pub(super) is_here: bool,
}

struct Filter {
    action: &'static str,
    query: String,
    example: &'static str,
    note: Option<String>,
    hints: Vec<Link>,
}

/// What an empty list says: what would fill it.
pub(super) struct Empty {
    pub(super) sentence: &'static str,
    pub(super) command: Option<&'static str>,
    pub(super) link: Option<Link>,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    frame: Frame,
    heading: &'static str,
    tabs: Vec<Link>,
    filter: Option<Filter>,
    table: Option<Table>,
    empty: Empty,
    foot: String,
    next: Option<Link>,
    exports: Vec<Link>,
}

/// What differs from list to list.
struct Pattern {
    heading: &'static str,
    path: &'static str,
    example: &'static str,
    hints: &'static [(&'static str, &'static str)],
    columns: &'static [Column],
    empty: Empty,
}

/// The lists of the inventory, for whoever may see them.
pub(super) fn tabs(asked: &Asked, here: &str) -> Vec<Link> {
    let all = [
        ("/identities", "Identities"),
        ("/principals", "Principals"),
        ("/credentials", "Credentials"),
        ("/rights", "Rights"),
        ("/systems", "Systems"),
        ("/whose", "Whose?"),
        ("/tickets", "Tickets"),
        ("/as-of", "As of a day"),
    ];
    let may = |path: &str| path != "/systems" || asked.may_also(ApiAction::View, ApiResourceKind::Source);
    let tab =
        |(path, word): (&str, &'static str)| Link { href: path.to_owned(), word, is_here: path == here };
    all.into_iter().filter(|(path, _)| may(path)).map(tab).collect()
}

/// Fills the pattern in.
fn list(
    asked: &Asked,
    pattern: &Pattern,
    address: Address,
    note: Option<String>,
    found: Page<Vec<Cell>>,
) -> Response {
    let Address { q, after } = address;
    let count = found.items.len();
    let is_whole = after.is_none() && found.next.is_none();
    let foot = match (count, found.next.is_some(), is_whole && q.trim().is_empty()) {
        (0, true, _) => String::from("Nothing among those looked through so far."),
        (0, false, _) => String::new(),
        (_, _, true) => format!("{count} shown, all there are."),
        (_, true, _) if count < 100 => format!("{count} found among those looked through so far."),
        _ => format!("{count} shown."),
    };
    let next = found.next.map(|mark| {
        let word = if count == 100 { "Next page" } else { "Look through more" };
        Link { href: address::of_page(pattern.path, &q, &mark), word, is_here: false }
    });
    let export = |word, path: String| Link { href: path, word, is_here: false };
    let api = format!("/api/v1{}", if pattern.path == "/rights" { "/grants" } else { pattern.path });
    let asked_for = address::encoded(&q);
    let exports = vec![
        export("CSV", format!("{api}.csv?q={asked_for}")),
        export("JSON", format!("{api}?q={asked_for}")),
    ];
    let hint = |(word, query): &(&'static str, &'static str)| Link {
        href: address::of_list(pattern.path, query),
        word,
        is_here: *query == q.trim(),
    };
    let Empty { sentence, command, .. } = pattern.empty;
    let empty = if q.trim().is_empty() && after.is_none() {
        Empty { sentence, command, link: None }
    } else {
        let link = Link { href: pattern.path.to_owned(), word: "Show all", is_here: false };
        Empty { sentence: "Nothing matches this filter.", command: None, link: Some(link) }
    };
    let shown = ListPage {
        frame: Frame::of(pattern.heading, Place::Inventory, asked),
        heading: pattern.heading,
        tabs: tabs(asked, pattern.path),
        filter: Some(Filter {
            action: pattern.path,
            example: pattern.example,
            note,
            hints: pattern.hints.iter().map(hint).collect(),
            query: q,
        }),
        table: Table::of(pattern.heading, pattern.columns, found.items),
        empty,
        foot,
        next,
        exports: if count > 0 { exports } else { Vec::new() },
    };
    page(StatusCode::OK, &shown)
}

async fn identities(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    const PATTERN: Pattern = Pattern {
        heading: "Identities",
        path: "/identities",
        example: "standing:lapsed kind:account owner:none source:pg-main",
        hints: &[
            ("All", ""),
            ("Lapsed", "standing:lapsed"),
            ("Due", "standing:due"),
            ("With findings", "findings:yes"),
            ("Nobody's", "owner:none"),
            ("Mine", "owner:me"),
            ("Built-in too", "built-in:yes"),
        ],
        columns: &[
            column("Standing", "state"),
            naming("Identity"),
            column("Owners", "text"),
            column("Findings", "few"),
            column("Class", "short"),
            column("Risk", "few"),
        ],
        empty: Empty {
            sentence: "No identities yet. Add a source and read it:",
            command: Some("tenure source add"),
            link: None,
        },
    };
    asked.authorise(Whose::Nobodys)?;
    let Asking(address) = address?;
    let filter::Read { wanted, note } = filter::identities(&address.q);
    let after = address.after.clone();
    let found = listing::filtered(&shared, wanted, asked.person.id, ROWS, after).await?;
    Ok(list(&asked, &PATTERN, address, note, found.map(identity_row)))
}

fn identity_row(row: Listed) -> Vec<Cell> {
    let Listed { identity, owners, findings, worst } = row;
    let note = if identity.built_in { "built in" } else { "" };
    vec![
        Cell::State(StateShown {
            mark: identity.standing.mark(),
            word: identity.standing.to_string(),
            tone: format!("standing-{}", identity.standing),
        }),
        Cell::Link {
            href: address::of_identity(&identity.name, &identity.handle),
            text: text::shown(&identity.name),
            note: String::from(note),
        },
        Cell::many(&owners, if identity.built_in { "the system" } else { "nobody yet" }),
        match worst {
            None => Cell::quiet("none"),
            Some(worst) => Cell::Findings { count: findings, worst: worst.as_str() },
        },
        identity.class.as_ref().map_or_else(|| Cell::quiet("none"), |class| Cell::outside(class)),
        identity.tier.map_or_else(|| Cell::quiet("none"), |tier| Cell::outside(tier.as_str())),
    ]
}

async fn principals(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    const PATTERN: Pattern = Pattern {
        heading: "Principals",
        path: "/principals",
        example: "kind:account presence:present source:pg-main",
        hints: &[
            ("All", ""),
            ("Present", "presence:present"),
            ("Gone", "presence:gone"),
            ("Retired", "presence:retired"),
            ("Built-in too", "built-in:yes"),
        ],
        columns: &[
            column("Presence", "state"),
            naming("Principal"),
            column("Source", "text"),
            column("Kind", "few"),
            column("First seen", "when"),
        ],
        empty: Empty {
            sentence: "No principals yet. Read a source:",
            command: Some("tenure survey"),
            link: None,
        },
    };
    asked.authorise(Whose::Nobodys)?;
    let Asking(address) = address?;
    let filter::Read { wanted, note } = filter::principals(&address.q);
    let now = shared.engine.now();
    let paging = Wanted { q: None, limit: Some(ROWS), after: address.after.clone() };
    let found = rows::principals(&shared, Some(wanted), paging).await?;
    Ok(list(&asked, &PATTERN, address, note, found.map(|held| principal_row(&held, now))))
}

fn principal_row(held: &Held<PrincipalRow>, now: Instant) -> Vec<Cell> {
    let row = &held.row;
    let kind = row.kind.to_string();
    vec![
        Cell::State(presence(row.presence)),
        Cell::Link {
            href: address::of_identity(&held.identity_name, &held.identity_handle),
            text: text::shown(&row.name),
            note: String::from(if row.built_in { "built in" } else { "" }),
        },
        Cell::outside(&row.source_name),
        Cell::Ours(kind),
        Cell::Time(text::when(row.first_seen, now)),
    ]
}

/// A principal's presence as a state.
pub(super) fn presence(presence: Presence) -> StateShown {
    let (mark, tone) = match presence {
        Presence::Present => ("●", "plain"),
        Presence::Gone => ("○", "quiet"),
        Presence::Retired => ("✓", "good"),
        Presence::Unproven => ("?", "bad"),
    };
    StateShown { mark, word: presence.to_string(), tone: String::from(tone) }
}

async fn credentials(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    const PATTERN: Pattern = Pattern {
        heading: "Credentials",
        path: "/credentials",
        example: "kind:password state:live source:pg-main",
        hints: &[
            ("All", ""),
            ("Live", "state:live"),
            ("Expired", "state:expired"),
            ("Disabled", "state:disabled"),
            ("Removed", "state:removed"),
        ],
        columns: &[
            column("State", "state"),
            naming("Holder"),
            column("Kind", "few"),
            column("Where", "text"),
            column("Ends", "when"),
            column("Value of", "when"),
        ],
        empty: Empty {
            sentence: "No credentials yet. Read a source:",
            command: Some("tenure survey"),
            link: None,
        },
    };
    asked.authorise(Whose::Nobodys)?;
    let Asking(address) = address?;
    let filter::Read { wanted, note } = filter::credentials(&address.q);
    let now = shared.engine.now();
    let paging = Wanted { q: None, limit: Some(ROWS), after: address.after.clone() };
    let found = rows::credentials(&shared, wanted, paging).await?;
    Ok(list(&asked, &PATTERN, address, note, found.map(|held| credential_row(&held, now))))
}

fn credential_row(held: &Held<CredentialRow>, now: Instant) -> Vec<Cell> {
    let row = &held.row;
    // A place says more than a key; not every kind has one.
    let place = tenure_model::text(&row.facts, tenure_model::names::PLACE).unwrap_or(&row.native_key);
    vec![
        Cell::State(text::credential_state(row.state)),
        Cell::link(address::of_identity(&held.identity_name, &held.identity_handle), &row.holder),
        Cell::Ours(text::spaced(row.kind.as_str())),
        Cell::outside(place),
        row.valid_until
            .map_or_else(|| Cell::quiet("never by itself"), |end| Cell::Time(text::when(end, now))),
        Cell::Time(text::when(row.value_changed.unwrap_or(row.first_seen), now)),
    ]
}

async fn rights(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    const PATTERN: Pattern = Pattern {
        heading: "Rights",
        path: "/rights",
        example: "right:select grantable:yes source:pg-main",
        hints: &[("All", ""), ("Owner of", "right:owner"), ("May pass it on", "grantable:yes")],
        columns: &[
            naming("Holder"),
            column("Right", "few"),
            column("On", "text"),
            column("By way of", "text"),
            column("May pass it on", "few"),
        ],
        empty: Empty {
            sentence: "No rights yet. Read a source:",
            command: Some("tenure survey"),
            link: None,
        },
    };
    asked.authorise(Whose::Nobodys)?;
    let Asking(address) = address?;
    let filter::Read { wanted, note } = filter::grants(&address.q);
    let paging = Wanted { q: None, limit: Some(ROWS), after: address.after.clone() };
    let found = rows::grants(&shared, wanted, paging).await?;
    Ok(list(&asked, &PATTERN, address, note, found.map(|held| right_row(&held))))
}

fn right_row(held: &Held<HeldGrant>) -> Vec<Cell> {
    let HeldGrant { holder, grant, .. } = &held.row;
    vec![
        Cell::link(address::of_identity(&held.identity_name, &held.identity_handle), holder),
        Cell::outside(&grant.right),
        Cell::outside(&grant.resource),
        Cell::many(&grant.path, "directly"),
        if grant.grantable { Cell::Ours(String::from("yes")) } else { Cell::quiet("no") },
    ]
}
