//! `/as-of`: the inventory as it was on a day, and one identity of it with all it held.
//!
//! The day stands in the address, so that a page can be sent to somebody. Figures are counted only as long as a page may
//! take. It must never show what was learned since. Next: `api/as_of`, the same as JSON.

use super::{
    Frame, HTML, PageProblem, Place, address,
    lists::{self, Link},
    page,
    table::{Cell, Column, StateShown, Table, column, naming},
    text::{self, When},
};
use crate::api::prelude::*;
use crate::page::read_mark_of;
use askama::Template;
use axum::response::Response;
use std::time::Duration;
use tenure_engine::{AsOf, IdentityAsOf, IdentityThen, ThenQuery};
use tenure_model::{IdentityId, Instant, Standing};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/as-of",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: identities as they were on a day, and how many of what there was.",
    query: &[("at", "text"), ("standing", "Standing"), ("after", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

pub(super) static ONE: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/as-of/identities/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: one identity as it was on a day, with all it held.",
    query: &[("at", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(one),
};

/// Rows of one page.
const ROWS: u32 = 100;
/// How long a page counts.
const COUNTING: Duration = Duration::from_millis(150);
/// Rights that are shown; the API has more.
const RIGHTS: usize = 100;

const COLUMNS: &[Column] = &[
    column("Standing then", "state"),
    naming("Identity"),
    column("Class", "few"),
    column("Risk tier", "few"),
    column("Known since", "when"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    at: String,
    #[serde(default)]
    standing: Option<String>,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "as_of.html")]
struct AsOfPage {
    frame: Frame,
    tabs: Vec<Link>,
    /// The day as it was given.
    day: String,
    exact: String,
    wrong: Option<String>,
    /// Each with its state, how many, how many built-in ones, and where they are listed.
    figures: Vec<(StateShown, i64, i64, Option<String>)>,
    sentence: Option<String>,
    is_counting: bool,
    /// The leaf that holds the day, and the digest.
    closed: Option<(u64, String, i64)>,
    only: Option<String>,
    /// All of that day.
    all: String,
    table: Option<Table>,
    next: Option<String>,
    json: String,
}

#[derive(Template)]
#[template(path = "as_of_identity.html")]
struct IdentityPage {
    frame: Frame,
    day: String,
    exact: String,
    /// All of that day.
    all: String,
    name: String,
    /// Its address now.
    now: String,
    standing: StateShown,
    facts: Vec<(&'static str, String)>,
    principals: Vec<PrincipalLine>,
    rights: Vec<String>,
    rights_more: usize,
    findings: Vec<(String, text::Prose)>,
    entries: Vec<(u64, String, When)>,
    json: String,
}

struct PrincipalLine {
    name: String,
    source: String,
    presence: String,
    kind: String,
    used: Option<When>,
    credentials: Vec<CredentialLine>,
}

struct CredentialLine {
    state: StateShown,
    kind: String,
    since: When,
    ends: Option<When>,
}

fn standing(standing: Option<Standing>) -> StateShown {
    match standing {
        Some(standing) => text::standing_state(standing),
        None => StateShown { mark: "?", word: String::from("not judged yet"), tone: String::from("quiet") },
    }
}

/// The day of today, for whoever names none.
fn today(now: Instant) -> String {
    now.to_string().get(..10).unwrap_or_default().to_owned()
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let now = shared.engine.now();
    let day = if wanted.at.is_empty() { today(now) } else { wanted.at.clone() };
    let mut shown = AsOfPage {
        frame: Frame::of("As of a day", Place::Inventory, &asked),
        tabs: lists::tabs(&asked, "/as-of"),
        json: format!("/api/v1/as-of/identities?at={}", address::encoded(&day)),
        exact: String::new(),
        wrong: None,
        figures: Vec::new(),
        sentence: None,
        is_counting: false,
        closed: None,
        all: format!("/as-of?at={}", address::encoded(&day)),
        only: wanted.standing.clone().filter(|only| !only.is_empty()),
        table: None,
        next: None,
        day,
    };
    match shared.engine.past_instant(&shown.day).await {
        Ok(at) => {
            shown.exact = format!("{at:#}");
            if asked.may_also(ApiAction::ReadEvidence, ApiResourceKind::Evidence) {
                count(&shared, at, &mut shown).await?;
            }
            list(&shared, (at, now), wanted.after.as_deref(), &mut shown).await?;
            Ok(page(StatusCode::OK, &shown))
        }
        Err(failure) => {
            shown.wrong = Some(Problem::from(failure).detail);
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &shown))
        }
    }
}

/// Counts, as long as a page may take.
async fn count(shared: &Shared, at: Instant, shown: &mut AsOfPage) -> Result<(), PageProblem> {
    let Ok(counted) = tokio::time::timeout(COUNTING, shared.engine.as_of(at)).await else {
        shown.is_counting = true;
        return Ok(());
    };
    let AsOf { figures, day, .. } = counted.map_err(Problem::from)?;
    let listed =
        |standing: Standing| format!("/as-of?at={}&standing={standing}", address::encoded(&shown.day));
    shown.figures = figures
        .standings
        .iter()
        .map(|one| (standing(one.standing), one.identities, one.built_in, one.standing.map(listed)))
        .collect();
    let findings: Vec<String> =
        figures.findings.iter().map(|one| format!("{} {}", one.count, one.severity)).collect();
    shown.sentence = Some(format!(
        "Findings open: {}. Exceptions that stood: {}. Programme: {}.",
        if findings.is_empty() { String::from("none") } else { findings.join(", ") },
        figures.exceptions,
        figures.programme.map_or_else(|| String::from("none"), |version| format!("version {version}")),
    ));
    shown.closed = day.map(|day| (day.index, day.digest, day.count));
    Ok(())
}

async fn list(
    shared: &Shared,
    (at, now): (Instant, Instant),
    after: Option<&str>,
    shown: &mut AsOfPage,
) -> Result<(), PageProblem> {
    let only: Option<Standing> = match &shown.only {
        Some(only) => Some(only.parse().map_err(|_| {
            Problem::malformed(format!("`{}` is no standing", tenure_model::printable(only, 40)))
        })?),
        None => None,
    };
    let after: Option<IdentityId> = read_mark_of(after)?;
    let query = ThenQuery { standing: only, ..ThenQuery::default() };
    let found = shared.engine.identities_as_of(at, query, after, i64::from(ROWS) + 1).await;
    let place = |id: IdentityId| vec![id.to_string()];
    let rows = Page::scanned(found.map_err(Problem::from)?, ROWS, |last| place(last.id), place);
    let day = address::encoded(&shown.day);
    let only = only.map(|only| format!("&standing={only}")).unwrap_or_default();
    shown.next = rows.next.map(|mark| format!("/as-of?at={day}{only}&after={}", address::encoded(&mark)));
    let rows = rows.items.iter().map(|one| row(one, &day, now)).collect();
    shown.table = Table::of("Identities as they were", COLUMNS, rows);
    Ok(())
}

fn row(one: &IdentityThen, day: &str, now: Instant) -> Vec<Cell> {
    let none = || Cell::quiet("none");
    vec![
        Cell::State(standing(one.standing)),
        Cell::link(format!("/as-of/identities/{}?at={day}", address::encoded(&one.handle)), &one.name),
        one.class.as_deref().map_or_else(none, Cell::outside),
        one.tier.map_or_else(none, |tier| Cell::Ours(tier.to_string())),
        Cell::Time(text::when(one.created, now)),
    ]
}

async fn one(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    Asking(wanted): Asking<Wanted>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    let now = shared.engine.now();
    let day = if wanted.at.is_empty() { today(now) } else { wanted.at };
    let at = shared.engine.past_instant(&day).await.map_err(Problem::from)?;
    let mut then = shared.engine.identity_as_of(&identity.id.to_string(), at).await.map_err(Problem::from)?;
    if !asked.may_also(ApiAction::ReadEvidence, ApiResourceKind::Evidence) {
        then.entries.clear();
    }
    let place = (
        Frame::of("As it was", Place::Inventory, &asked),
        day,
        address::of_identity(&identity.name, &identity.handle),
    );
    Ok(page(StatusCode::OK, &told(then, place, now)))
}

/// What is shown of it; `place` is the frame, the day as it was given, and its address now.
fn told(then: IdentityAsOf, place: (Frame, String, String), now: Instant) -> IdentityPage {
    let (frame, day, its) = place;
    let encoded = address::encoded(&day);
    let identity = &then.identity;
    let person =
        |name: Option<String>| name.map_or_else(|| String::from("nobody"), |name| text::shown(&name));
    let said =
        |given: Option<&String>| given.map_or_else(|| String::from("not said"), |one| text::shown_long(one));
    let facts = vec![
        ("Owned in business", person(then.business_owner)),
        ("Owned technically", person(then.technical_owner)),
        ("For", said(identity.charter.purpose.as_ref())),
        ("Class", identity.class.clone().map_or_else(|| String::from("none"), |class| text::shown(&class))),
        ("Risk tier", identity.tier.map_or_else(|| String::from("none"), |tier| tier.to_string())),
        (
            "Programme",
            then.programme.map_or_else(|| String::from("none"), |version| format!("version {version}")),
        ),
    ];
    let credentials = |id| {
        let of_it = then.credentials.iter().filter(|credential| credential.principal == id);
        of_it
            .map(|credential| CredentialLine {
                state: text::credential_state(credential.state),
                kind: text::spaced(credential.kind.as_str()),
                since: text::when(credential.value_since, now),
                ends: credential.valid_until.map(|at| text::when(at, now)),
            })
            .collect()
    };
    let principals = then.principals.iter().map(|one| PrincipalLine {
        name: text::shown(&one.name),
        source: text::shown(&one.source_name),
        presence: one.presence.to_string(),
        kind: text::spaced(one.kind.as_str()),
        used: one.last_use.map(|at| text::when(at, now)),
        credentials: credentials(one.id),
    });
    let rights = then.rights.iter().take(RIGHTS);
    let findings = then.findings.iter().map(|one| (one.severity.to_string(), text::prose(&one.reason)));
    let entries = then.entries.iter().map(|one| (one.index, one.kind.clone(), text::when(one.time, now)));
    IdentityPage {
        frame,
        exact: format!("{:#}", then.at),
        all: format!("/as-of?at={encoded}"),
        now: its,
        json: format!("/api/v1/as-of/identities/{}?at={encoded}", identity.handle),
        day,
        name: text::shown(&identity.name),
        standing: standing(identity.standing),
        facts,
        principals: principals.collect(),
        rights: rights.map(|one| text::shown(&format!("{} on {}", one.right, one.resource))).collect(),
        rights_more: then.rights.len().saturating_sub(RIGHTS),
        findings: findings.collect(),
        entries: entries.collect(),
    }
}
