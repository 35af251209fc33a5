//! `GET /identities/{ref}`: everything about one identity, from a sentence to its evidence.
//!
//! What is shown was decided elsewhere (`tenure-engine/src/verbs/show.rs`, judging); this page puts it in order and
//! offers the next step. Kinds and facts are shown as they are called, whatever they are. Next: `headline.rs`,
//! `picture.rs`; the template is `console/identity.html`.

use super::{
    Frame, HTML, PageProblem, Place, address,
    controls::{self, ConsequenceLine},
    exceptions, finding, handoffs,
    headline::headline,
    lists, page,
    picture::{self, Picture},
    table::{Cell, StateShown, Table, column, naming},
    text::{self, Prose, When},
    tickets::{self, TicketLine},
    whose::PassedLine,
};
use crate::api::{ownership::ANYTHING, prelude::*};
use askama::Template;
use axum::response::Response;
use std::collections::BTreeMap;
use tenure_engine::{
    Answer, ConsequenceShown, CredentialShown, Entry, GainShown, IdentityRow, IdentityShown, PassingRow,
    PlanRow, PrincipalRow, Reachable, Who,
};
use tenure_judge::{Risk, RiskTermKind};
use tenure_model::{Charter, Facts, Instant, PersonId, Presence, PrincipalKind, Role};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: everything about one identity.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Entries of the timeline.
const ENTRIES: i64 = 30;
/// Rights in the text beside the picture.
const RIGHTS: usize = 100;

#[derive(Template)]
#[template(path = "identity.html")]
struct IdentityPage {
    frame: Frame,
    name: String,
    handle: String,
    /// Its permanent address.
    address: String,
    headline: String,
    standing: StateShown,
    due: Option<When>,
    judged: Option<When>,
    questions: Vec<Asking3>,
    findings: Vec<Reason>,
    /// Its class in the programme.
    class: Option<ClassLink>,
    charter: Vec<(&'static str, String)>,
    /// What nobody answered, in words.
    unanswered: String,
    /// Who was offered to answer for it.
    handoffs: Vec<handoffs::HandoffShownLine>,
    /// Rights that it gained and holds, and whether somebody had asked for each.
    gains: Vec<GainLine>,
    /// The form that asks for somebody to answer for it, for whoever may, where nobody does.
    ask_owner: Option<String>,
    /// The form that asks for further rights of it, for whoever may.
    ask_rights: Option<String>,
    /// The request it was made by, and whether that was asked for late.
    request: Option<(String, bool)>,
    /// How much it could cost.
    risk: Option<RiskShown>,
    /// Tickets that name it.
    tickets: Vec<TicketLine>,
    principals: Vec<PrincipalLine>,
    /// Where a plan to tighten a file is posted to.
    tightens: String,
    credentials: Vec<CredentialLine>,
    picture: Option<Picture>,
    rights: Option<Table>,
    rights_note: Option<String>,
    uses: Option<Table>,
    copies: Vec<String>,
    plans: Vec<PlanLine>,
    /// Who may not read evidence is shown none.
    timeline: Option<Vec<EntryLine>>,
    /// What may be planned from here.
    acts: Option<Acts>,
    /// Whether its charter may be changed from here.
    may_own: bool,
    /// Whether there is somebody for whom it can be confirmed.
    may_confirm: bool,
    /// The form that hands it on, for whoever may.
    hand_on: Option<String>,
    /// Whether whoever looks may say that it is not theirs: what somebody else owns is nobody else's to pass on.
    may_decline: bool,
    /// Who said "not mine", and whom to ask.
    passed: Vec<PassedLine>,
    /// Why a plan from here was refused.
    wrong: Option<Prose>,
    /// Who can be reached now and may stop it.
    who: Vec<WhoLine>,
    /// What is wrong with that.
    who_fault: Option<String>,
    /// What follows by itself.
    consequences: Vec<ConsequenceLine>,
    /// Why nothing of it can be ended from here.
    not_ended_here: Option<Prose>,
}

/// A risk tier, term by term.
struct RiskShown {
    tier: &'static str,
    /// How its points add up, and where the tier begins.
    sum: String,
    terms: Vec<RiskTermShown>,
}

/// One term of a risk tier.
struct RiskTermShown {
    word: &'static str,
    points: u32,
    says: Prose,
}

/// Somebody who can be reached now.
struct WhoLine {
    name: String,
    why: Prose,
    may_stop: bool,
}

/// A class, and the list of those of it.
struct ClassLink {
    id: String,
    href: String,
}

/// One of the three questions.
struct Asking3 {
    question: &'static str,
    is_answered: bool,
    text: Prose,
}

struct Reason {
    severity: &'static str,
    control: String,
    policy: String,
    said: Prose,
    remedy: Prose,
    opened: When,
    /// Its own page.
    href: String,
    /// What a person said of it, or why that counts for nothing any more.
    dismissed: Option<Prose>,
    ended: Option<Prose>,
    /// The exception that says most of it: how it stands, its address, its handle.
    exception: Option<(StateShown, String, String)>,
}

struct PrincipalLine {
    presence: StateShown,
    name: String,
    kind: String,
    source: String,
    first_seen: When,
    gone: Option<When>,
    unread: Option<When>,
    facts: Vec<(String, String)>,
    hint: Option<String>,
}

pub(super) struct CredentialLine {
    state: StateShown,
    pub(super) kind: String,
    pub(super) place: String,
    /// The file it lies in, where others can read that and a plan can be made to keep them from it.
    tighten: Option<String>,
    issued_by: Prose,
    may_do: Prose,
    pub(super) dies: Prose,
    pub(super) since: When,
    fingerprint: Option<String>,
    facts: Vec<(String, String)>,
}

/// A plan in a line.
pub(super) struct PlanLine {
    pub(super) handle: String,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) state: StateShown,
    pub(super) level: Option<&'static str>,
    pub(super) made: When,
}

/// An entry in a line.
pub(super) struct EntryLine {
    pub(super) index: u64,
    pub(super) kind: String,
    pub(super) by: String,
    pub(super) facts: String,
    pub(super) at: When,
}

/// The forms of a page.
struct Acts {
    action: String,
    /// What was typed, where that was refused.
    reason: String,
    revokes: bool,
}

/// A plan that was asked for and refused, with what was typed.
#[derive(Debug, Default)]
pub(super) struct PlanRefused {
    pub(super) why: String,
    pub(super) reason: String,
    pub(super) revokes: bool,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    let found = address::identity(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&found.charter))?;
    show(&shared, &asked, found, None).await
}

/// The page, with a plan that was refused from it.
pub(super) async fn show(
    shared: &Shared,
    asked: &Asked,
    found: IdentityRow,
    refused: Option<PlanRefused>,
) -> Result<Response, PageProblem> {
    let shown = shared.engine.show(&found.id.to_string()).await.map_err(Problem::from)?;
    let may_read_evidence = asked.may_also(ApiAction::ReadEvidence, ApiResourceKind::Evidence);
    let entries = if may_read_evidence {
        Some(shared.engine.entries_about(&found.id.to_string(), ENTRIES).await.map_err(Problem::from)?)
    } else {
        None
    };
    let mut people: Vec<PersonId> = owners(&shown.identity.charter).collect();
    people.extend(entries.iter().flatten().filter_map(|(_, entry)| entry.actor.parse::<PersonId>().ok()));
    let id = found.id;
    let passings = shared.engine.store().read("passings", move |tx| tx.passings_of(id)).await;
    let passings = passings.map_err(Problem::from)?;
    people.extend(passings.iter().flat_map(|one| [Some(one.passed_by), one.asked]).flatten());
    let names = super::plan::names_of(shared, people).await?;
    let who = shared.engine.who(&id.to_string()).await.map_err(Problem::from)?;
    let consequences = shared.engine.consequences_of(id).await.map_err(Problem::from)?;
    let may_plan =
        asked.may_about(ApiAction::Plan, ApiResourceKind::Identity, Whose::Chartered(&found.charter));
    let now = shared.engine.now();
    let passed = passings.iter().map(|one| passed_line(one, &names, now)).collect();
    let may_own = asked.may_about(ApiAction::Own, ApiResourceKind::Identity, Whose::Claimed(ANYTHING));
    let frame = Frame::of(text::shown(&found.name), Place::Inventory, asked);
    let operates = matches!(asked.person.role, Role::Operator | Role::Administrator);
    let asks = asked.may_also(ApiAction::Request, ApiResourceKind::Request).then_some("rights/new");
    let beside =
        Beside { reader: asked.person.id, operates, may_plan, may_own, asks, passed, who, consequences };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut shown_page = view(frame, shown, entries, &names, beside, now);
    if let Some(refused) = refused {
        shown_page.acts = shown_page.acts.map(|acts| Acts {
            reason: super::form::editable(&refused.reason),
            revokes: refused.revokes,
            ..acts
        });
        shown_page.wrong = Some(text::prose(&refused.why));
    }
    Ok(page(status, &shown_page))
}

fn passed_line(passing: &PassingRow, names: &BTreeMap<PersonId, String>, now: Instant) -> PassedLine {
    let name = |id| names.get(&id).cloned().unwrap_or_default();
    PassedLine {
        by: name(passing.passed_by),
        asked: passing.asked.map(name),
        reason: text::prose(&passing.reason),
        at: text::when(passing.passed, now),
    }
}

/// A right that was gained, on a line of its own.
pub(super) struct GainLine {
    says: String,
    seen: When,
    /// The handle of the request it was asked for by.
    request: Option<String>,
    until: Option<When>,
    is_past: bool,
}

/// What stands beside the facts of an identity.
struct Beside {
    reader: PersonId,
    operates: bool,
    may_plan: bool,
    may_own: bool,
    /// The form that asks for further rights, below the address of what is looked at.
    asks: Option<&'static str>,
    passed: Vec<PassedLine>,
    who: Who,
    consequences: Vec<ConsequenceShown>,
}

fn owners(charter: &Charter) -> impl Iterator<Item = PersonId> {
    [charter.business_owner, charter.technical_owner].into_iter().flatten()
}

/// What somebody else owns is nobody else's to decline.
fn may_decline(charter: &Charter, reader: PersonId) -> bool {
    owners(charter).next().is_none() || owners(charter).any(|owner| owner == reader)
}

/// The form that hands it on, for its owners, and where a share is nobody's for whoever operates.
fn hand_on(charter: &Charter, beside: &Beside, address: &str) -> Option<String> {
    let may =
        beside.operates && owners(charter).count() < 2 || owners(charter).any(|owner| owner == beside.reader);
    may.then(|| format!("{address}/handoff"))
}

/// The form that asks for an owner, where nobody answers for what is there.
fn ask_owner(shown: &IdentityShown, beside: &Beside, address: &str) -> Option<String> {
    let is_present = shown.principals.iter().any(|one| one.presence == Presence::Present);
    let may = beside.asks.is_some() && !shown.identity.built_in && is_present && shown.owners.is_empty();
    may.then(|| format!("{address}/owner/new"))
}

fn view(
    frame: Frame,
    shown: IdentityShown,
    entries: Option<Vec<(u64, Entry)>>,
    names: &BTreeMap<PersonId, String>,
    beside: Beside,
    now: Instant,
) -> IdentityPage {
    let address = address::of_identity(&shown.identity.name, &shown.identity.handle);
    let is_present = shown.principals.iter().any(|one| one.presence == Presence::Present);
    let acts = (beside.may_plan && is_present && !shown.identity.built_in && shown.not_ended_here.is_none())
        .then(|| Acts { action: format!("{address}/plans"), reason: String::new(), revokes: false });
    let tightens = (beside.may_plan && is_present).then(|| format!("{address}/plans"));
    let (answered, unanswered) = charter(&shown.identity.charter, names);
    IdentityPage {
        frame,
        headline: headline(&shown, now),
        may_own: beside.may_own && !shown.identity.built_in,
        may_confirm: owners(&shown.identity.charter).next().is_some(),
        hand_on: hand_on(&shown.identity.charter, &beside, &address),
        ask_owner: ask_owner(&shown, &beside, &address),
        may_decline: may_decline(&shown.identity.charter, beside.reader),
        passed: beside.passed,
        who: beside.who.people.iter().map(who_line).collect(),
        who_fault: beside.who.fault,
        consequences: beside.consequences.iter().map(|one| controls::consequence(one, now)).collect(),
        standing: text::standing_state(shown.identity.standing),
        due: shown.identity.due.map(|due| text::when(due, now)),
        judged: shown.identity.judged.map(|judged| text::when(judged, now)),
        questions: shown
            .questions
            .iter()
            .map(|one| Asking3 {
                question: one.question,
                is_answered: one.answer == Answer::Answered,
                text: text::prose(&one.text),
            })
            .collect(),
        findings: reasons(&shown, now),
        class: shown.identity.class.as_ref().map(|class| ClassLink {
            href: address::of_list("/identities", &format!("class:{class}")),
            id: text::shown(class),
        }),
        charter: answered,
        unanswered: unanswered.join(", "),
        request: shown.request.as_deref().map(|handle| (text::shown(handle), shown.request_is_late)),
        handoffs: shown.handoffs.iter().map(|one| handoffs::line(one, now)).collect(),
        risk: shown.risk.as_ref().map(risk_shown),
        tickets: shown.tickets.iter().map(|one| tickets::line(one, now)).collect(),
        principals: shown.principals.iter().map(|one| principal(one, now)).collect(),
        credentials: shown.credentials.iter().map(|one| credential(one, tightens.is_some(), now)).collect(),
        tightens: tightens.unwrap_or_default(),
        picture: picture::draw(&shown.identity.name, &shown.grants),
        rights: rights(&shown),
        rights_note: rights_note(&shown),
        gains: shown.gains.iter().map(|one| gain(one, now)).collect(),
        ask_rights: beside.asks.filter(|_| !shown.identity.built_in).map(|form| format!("{address}/{form}")),
        uses: uses(&shown, now),
        copies: shown.copies.iter().map(|place| text::shown(place)).collect(),
        plans: shown.plans.iter().take(10).map(|plan| plan_line(plan, now)).collect(),
        timeline: entries.map(|entries| entries.iter().map(|one| entry_line(one, names, now)).collect()),
        acts,
        wrong: None,
        not_ended_here: shown.not_ended_here.as_deref().map(text::prose),
        address,
        name: text::shown(&shown.identity.name),
        handle: shown.identity.handle,
    }
}

fn risk_shown(risk: &Risk) -> RiskShown {
    let points = |many: u32| tenure_model::counted(many, "point");
    let from =
        if risk.from == 0 { String::new() } else { format!("; it is {} from {} on", risk.tier, risk.from) };
    let terms = risk.terms.iter().map(|term| RiskTermShown {
        word: match term.term {
            RiskTermKind::Data => "Its data",
            RiskTermKind::Environment => "Where it runs",
            RiskTermKind::Reach => "What it may do",
            RiskTermKind::Exposure => "How others get at it",
        },
        points: term.points,
        says: text::prose(&term.says),
    });
    RiskShown {
        tier: risk.tier.as_str(),
        sum: format!("{}{from}", points(risk.points)),
        terms: terms.collect(),
    }
}

fn who_line(one: &Reachable) -> WhoLine {
    WhoLine { name: text::shown(&one.name), why: text::prose(&one.why), may_stop: one.may_stop }
}

fn reasons(shown: &IdentityShown, now: Instant) -> Vec<Reason> {
    let mut findings: Vec<_> = shown.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let reason = |finding: &tenure_engine::FindingRow| Reason {
        severity: finding.severity.as_str(),
        control: text::shown(&finding.control),
        policy: text::shown(&text::spaced(&finding.policy)),
        said: text::prose(&finding.reason),
        remedy: text::prose(&finding.remedy),
        opened: text::when(finding.opened, now),
        href: finding::of(&shown.identity, finding),
        dismissed: finding.dismissed_until.map(|end| {
            let by = finding.dismissed_by.as_deref().unwrap_or("somebody who left");
            let because = finding.dismissed_because.as_deref().unwrap_or_default();
            text::prose(&format!("dismissed until {end} by {by}: {because}"))
        }),
        ended: finding.dismissal_ended.as_deref().map(text::prose),
        exception: finding.exception.zip(finding.exception_state).map(|(id, state)| {
            (exceptions::state(state), format!("/exceptions/{}", id.handle()), id.handle())
        }),
    };
    findings.into_iter().map(reason).collect()
}

/// The fields of a charter that are answered, and the names of those that are not.
/// What a charter says, and which of its fields are unanswered.
pub(super) fn charter(
    charter: &Charter,
    names: &BTreeMap<PersonId, String>,
) -> (Vec<(&'static str, String)>, Vec<String>) {
    let person = |id: Option<PersonId>| id.and_then(|id| names.get(&id).cloned());
    let said = |said: &Option<String>| said.as_deref().map(text::shown_long);
    let scope: Vec<String> = charter.allowed_scope.iter().map(|right| text::shown(right)).collect();
    let fields = [
        ("Business owner", person(charter.business_owner)),
        ("Technical owner", person(charter.technical_owner)),
        ("Purpose", said(&charter.purpose)),
        ("Boundary", said(&charter.boundary)),
        ("Environment", charter.environment.map(|environment| environment.to_string())),
        ("Data class", charter.data_class.map(|data| data.to_string())),
        ("Allowed scope", (!scope.is_empty()).then(|| scope.join(", "))),
        (
            "Rotation",
            charter.rotation_days.map(|days| format!("every {}", tenure_model::counted(days, "day"))),
        ),
        ("Ends", charter.expires_at.map(|end| end.to_string())),
        ("Ends earlier when", said(&charter.retirement_trigger)),
    ];
    let mut both = (Vec::new(), Vec::new());
    for (word, said) in fields {
        match said {
            Some(said) => both.0.push((word, said)),
            None => both.1.push(word.to_lowercase()),
        }
    }
    both
}

fn facts(facts: &Facts, now: Instant) -> Vec<(String, String)> {
    facts.iter().map(|(name, value)| (text::shown(&text::spaced(name)), text::fact(value, now))).collect()
}

fn principal(row: &PrincipalRow, now: Instant) -> PrincipalLine {
    PrincipalLine {
        presence: lists::presence(row.presence),
        name: text::shown(&row.name),
        kind: match row.kind {
            PrincipalKind::External => String::from("identity of another system, known"),
            kind => text::spaced(kind.as_str()),
        },
        source: text::shown(&row.source_name),
        first_seen: text::when(row.first_seen, now),
        gone: row.gone.map(|gone| text::when(gone, now)),
        unread: row.unread_since.map(|since| text::when(since, now)),
        facts: facts(&row.facts, now),
        hint: row.charter_hint.as_deref().map(text::shown_long),
    }
}

pub(super) fn credential(shown: &CredentialShown, may_plan: bool, now: Instant) -> CredentialLine {
    let row = &shown.credential;
    let readable = may_plan
        && [tenure_model::names::READABLE_BY, tenure_model::names::WRITABLE_BY]
            .iter()
            .any(|fact| row.facts.contains_key(*fact));
    let file = tenure_model::text(&row.facts, tenure_model::names::FILE).filter(|_| readable);
    let place = tenure_model::text(&row.facts, tenure_model::names::PLACE).unwrap_or(&row.native_key);
    CredentialLine {
        state: text::credential_state(row.state),
        kind: text::spaced(row.kind.as_str()),
        // A system may name a credential by its kind alone; said twice it is a riddle.
        place: if place == row.kind.as_str() { String::new() } else { text::shown(place) },
        tighten: file.map(str::to_owned),
        issued_by: text::prose(&shown.issued_by),
        may_do: text::prose(&shown.may_do),
        dies: text::prose(&shown.dies),
        since: text::when(row.value_changed.unwrap_or(row.first_seen), now),
        fingerprint: row.fingerprint.as_deref().map(|print| tenure_model::printable(print, 24)),
        facts: facts(&row.facts, now),
    }
}

/// How many rights are shown, where those are not all.
fn rights_note(shown: &IdentityShown) -> Option<String> {
    let left_out = shown.grants.len().saturating_sub(RIGHTS);
    let known = usize::try_from(shown.grants_count + shown.owned_count).unwrap_or(usize::MAX);
    (left_out > 0 || known > shown.grants.len())
        .then(|| format!("{} of {known} are shown.", shown.grants.len().min(RIGHTS)))
}

fn gain(one: &GainShown, now: Instant) -> GainLine {
    GainLine {
        says: text::shown(&one.says),
        seen: text::when(one.seen, now),
        request: one.request.as_deref().map(text::shown),
        is_past: one.until.is_some_and(|until| until <= now),
        until: one.until.map(|until| text::when(until, now)),
    }
}

fn rights(shown: &IdentityShown) -> Option<Table> {
    let row = |grant: &tenure_engine::GrantRow| {
        vec![
            Cell::outside(&grant.resource),
            Cell::outside(&grant.right),
            Cell::many(&grant.path, "directly"),
            if grant.grantable { Cell::Ours(String::from("yes")) } else { Cell::quiet("no") },
        ]
    };
    let columns =
        [naming("On"), column("Right", "few"), column("By way of", "text"), column("May pass it on", "few")];
    Table::of("Rights", &columns, shown.grants.iter().take(RIGHTS).map(row).collect())
}

fn uses(shown: &IdentityShown, now: Instant) -> Option<Table> {
    let row = |seen: &tenure_engine::UseRow| {
        vec![
            Cell::outside(&seen.consumer),
            Cell::Time(text::when(seen.last_seen, now)),
            Cell::Ours(seen.count.to_string()),
        ]
    };
    let columns =
        [naming("From"), column("Last seen in the hour of", "when"), column("Sessions seen", "few")];
    Table::of("Uses", &columns, shown.uses.iter().map(row).collect())
}

/// A plan in a line.
pub(super) fn plan_line(plan: &PlanRow, now: Instant) -> PlanLine {
    PlanLine {
        handle: plan.handle.clone(),
        kind: plan.kind.as_str(),
        name: text::shown(plan.about()),
        state: text::plan_state(plan.state),
        level: plan.level.map(|level| level.as_str()),
        made: text::when(plan.created, now),
    }
}

/// An entry in a line.
pub(super) fn entry_line(
    (index, entry): &(u64, Entry),
    names: &BTreeMap<PersonId, String>,
    now: Instant,
) -> EntryLine {
    EntryLine {
        index: *index,
        kind: text::shown(&entry.kind),
        by: by(entry, names),
        facts: text::entry_facts(&entry.facts),
        at: text::when(Instant::from_micros(entry.time_us), now),
    }
}

/// Who did what an entry says.
pub(super) fn by(entry: &Entry, names: &BTreeMap<PersonId, String>) -> String {
    let person = entry.actor.parse::<PersonId>().ok().and_then(|id| names.get(&id).cloned());
    person.unwrap_or_else(|| text::shown(&entry.actor))
}
