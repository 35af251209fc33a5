//! `GET /programme`: what the organisation decided: classes and how many identities are of each, which policies are
//! not asked, whether its controls are ready and what follows by itself, and every programme that was applied.
//!
//! A programme is a directory of files under somebody's version control: it is applied from there, and only shown here.
//! Next: `api/programme/`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    clock::{self, ClockLine},
    controls::{self, ConsequenceLine, ContactLine, ControlLine},
    page,
    table::StateShown,
    text::{self, Prose, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{ClassShown, PlaybookShown, ProgrammeListed};
use tenure_model::Instant;

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/programme",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "The console: the programme in force, its classes with how many identities are of each, and those before it.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// What follows, in lines of the page; the rest is in the list of the API.
const CONSEQUENCES: usize = 100;
/// Clocks that are shown, and read to say how many more there are.
const CLOCKS: usize = 20;
const CLOCKS_READ: i64 = 1_000;

#[derive(Template)]
#[template(path = "programme.html")]
struct ProgrammePage {
    frame: Frame,
    in_force: Option<AppliedLine>,
    classes: Vec<ClassLine>,
    /// Policies that are not asked.
    /// Policies of the organisation's own.
    own: Vec<String>,
    left_out: Vec<String>,
    waiting: i64,
    controls: Vec<ControlLine>,
    /// Where it asks somebody who is not there: the setting, and what becomes of it.
    asked_in_vain: Vec<(String, String)>,
    playbooks: Vec<PlaybookLine>,
    contacts: Vec<ContactLine>,
    /// Whether whoever looks is named, and may say that messages reach them.
    may_acknowledge: bool,
    /// What waits under a service level, the late ones first, and how many more.
    clocks: Vec<ClockLine>,
    more_clocks: Option<String>,
    consequences: Vec<ConsequenceLine>,
    applied: Vec<AppliedLine>,
}

struct AppliedLine {
    version: i64,
    at: When,
    by: String,
    reason: String,
    /// The beginning of its digest.
    digest: String,
}

/// What is done when something happens, and whether somebody tried it.
struct PlaybookLine {
    id: String,
    when: String,
    controls: String,
    steps: Vec<String>,
    state: StateShown,
    /// The last drill: when, and by whom.
    last: Option<(When, String)>,
    counts_until: Option<When>,
    why_not: Option<Prose>,
}

struct ClassLine {
    id: String,
    href: String,
    identities: i64,
    matches: Vec<String>,
    asks: Vec<String>,
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let programme = shared.engine.programme_shown().await.map_err(Problem::from)?;
    let applied = shared.engine.programmes().await.map_err(Problem::from)?;
    let checked = shared.engine.check_in_force().await.map_err(Problem::from)?;
    let consequences = shared.engine.consequences().await.map_err(Problem::from)?;
    let playbooks = shared.engine.playbooks().await.map_err(Problem::from)?;
    let clocks = shared.engine.clocks(CLOCKS_READ).await.map_err(Problem::from)?;
    let now = shared.engine.now();
    let is_named = checked.contacts.iter().any(|one| one.name == asked.person.name);
    let line = |one: ProgrammeListed| AppliedLine {
        version: one.version,
        at: text::when(one.applied, now),
        by: one.applied_by.map_or_else(|| String::from("somebody who left"), |name| text::shown(&name)),
        reason: text::shown(&one.reason),
        digest: one.digest.chars().take(12).collect(),
    };
    let own = programme.policies.iter().filter(|one| one.own).map(|one| one.id.clone()).collect();
    let left_out = programme.policies.into_iter().filter(|one| !one.enabled).map(|one| one.id);
    let shown = ProgrammePage {
        frame: Frame::of("Programme", Place::Programme, &asked),
        in_force: programme.applied.map(line),
        classes: programme.classes.into_iter().map(class).collect(),
        own,
        left_out: left_out.collect(),
        waiting: programme.waiting,
        may_acknowledge: is_named && asked.may_also(ApiAction::Acknowledge, ApiResourceKind::System),
        asked_in_vain: checked
            .asked_in_vain
            .iter()
            .map(|one| (text::shown(&one.setting), one.why.clone()))
            .collect(),
        playbooks: playbooks.into_iter().map(|one| playbook(one, now)).collect(),
        contacts: checked.contacts.iter().map(|one| controls::contact(one, now)).collect(),
        controls: checked.controls.into_iter().map(controls::control).collect(),
        more_clocks: clocks
            .len()
            .checked_sub(CLOCKS)
            .filter(|more| *more > 0)
            .map(|more| format!("And {more} more.")),
        clocks: clocks.iter().take(CLOCKS).map(|one| clock::line(one, now)).collect(),
        consequences: consequences
            .iter()
            .take(CONSEQUENCES)
            .map(|one| controls::consequence(one, now))
            .collect(),
        applied: applied.into_iter().map(line).collect(),
    };
    Ok(page(StatusCode::OK, &shown))
}

fn playbook(one: PlaybookShown, now: Instant) -> PlaybookLine {
    let PlaybookShown { playbook, last, counts_until, why_not, says: _ } = one;
    let state =
        |mark, word: &str, tone: &str| StateShown { mark, word: word.to_owned(), tone: tone.to_owned() };
    let by =
        |by: Option<String>| by.map_or_else(|| String::from("somebody who left"), |name| text::shown(&name));
    PlaybookLine {
        state: match (&counts_until, &last) {
            (Some(_), _) => state("✓", "drilled", "good"),
            (None, Some(last)) if !last.held => state("▲", "did not hold", "bad"),
            (None, _) => state("◔", "not drilled", "warn"),
        },
        when: text::shown(&playbook.when),
        controls: playbook.controls.join(", "),
        steps: playbook.steps.iter().map(|step| text::shown(step)).collect(),
        last: last.map(|last| (text::when(last.at, now), by(last.by))),
        counts_until: counts_until.map(|until| text::when(until, now)),
        why_not: why_not.map(|why| text::prose(&why)),
        id: playbook.id,
    }
}

fn class(one: ClassShown) -> ClassLine {
    let ClassShown { class, identities } = one;
    let mut asks: Vec<String> = class.required.iter().map(|field| field.as_str().replace('_', " ")).collect();
    asks.extend(class.lifetime_days_max.map(|days| format!("an end at most {days} days ahead")));
    asks.extend(class.rotation_days_max.map(|days| format!("rotation in {days} days")));
    asks.extend(class.review_days_max.map(|days| format!("confirmed every {days} days")));
    if !class.credential_kinds.is_empty() {
        let kinds: Vec<&str> = class.credential_kinds.iter().map(|kind| kind.title()).collect();
        asks.push(format!("no credential but {}", kinds.join(", ")));
    }
    if class.made_by_request {
        asks.push(String::from("asked for before it is made"));
    }
    if class.rights_by_request {
        asks.push(String::from("its rights asked for before it is given them"));
    }
    ClassLine {
        href: address::of_list("/identities", &format!("class:{}", class.id)),
        id: class.id,
        identities,
        matches: class.matches.iter().map(|rule| text::shown(rule)).collect(),
        asks,
    }
}
