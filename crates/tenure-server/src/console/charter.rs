//! `/identities/{ref}/charter`: whose an identity is and what it is for, changed as a whole and shown before it is
//! written; and "not mine".
//!
//! What is written is exactly what was shown last. The verbs and the access policies are those of the API; sent
//! twice, a form does once what it says. Next: `charter_form.rs`, the fields; `whose.rs`, many at once.

use super::{
    Frame, HTML, PageProblem, Place, address,
    charter_form::{self, Filled, Wrongs, unknown_person},
    form::{self, Field, Sent, Shape},
    page, see_other,
    table::StateShown,
    text::{self, Prose},
    whose::{PassedLine, SuggestionLine, passed_line, suggestion_line},
};
use crate::api::{ownership::ANYTHING, prelude::*};
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{
    Actor, CharterGiven, CharterState, CharterTaken, CharterWritten, FieldChange, IdentityRow, Import,
    NotMine, StandingForeseen, Suggested, Tx,
};
use tenure_model::{DecisionRight, PersonId};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/charter",
    access: Access::Decided { action: ApiAction::Own, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: the charter of an identity as a form, and whose it might be.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static WRITE: Endpoint = form::act(
    "/identities/{ref}/charter",
    (ApiAction::Own, ApiResourceKind::Identity),
    "identity.owned",
    "The console: shows what a charter would change, then writes it.",
    || post(write),
);
pub(super) static PASS_ON: Endpoint = form::act(
    "/identities/{ref}/charter/not-mine",
    (ApiAction::Own, ApiResourceKind::Identity),
    "identity.passed_on",
    "The console: says that an identity is not one's own, and whom to ask.",
    || post(pass_on),
);

/// Names of people that are offered, at most.
const NAMES_OFFERED: usize = 200;

#[derive(Template)]
#[template(path = "charter.html")]
struct CharterPage {
    frame: Frame,
    name: String,
    address: String,
    as_of: String,
    fields: Vec<Field>,
    /// Names that are offered to whoever may see them.
    people: Vec<String>,
    wrong: Option<Prose>,
    note: Option<&'static str>,
    foreseen: Option<Foreseen>,
    suggestions: Vec<SuggestionLine>,
    passed: Vec<PassedLine>,
    /// The form that says "not mine"; nothing when somebody else owns it.
    not_mine: Option<[Field; 2]>,
    not_mine_wrong: Option<Prose>,
}

/// What would change.
struct Foreseen {
    changes: Vec<(&'static str, String, String)>,
    before: StateShown,
    after: StateShown,
    ends: Vec<Condition>,
    begins: Vec<Condition>,
    why: Option<Prose>,
    /// What is sent when it is written: each field as it was filled in.
    fields: Vec<(&'static str, String)>,
}

struct Condition {
    severity: &'static str,
    reason: Prose,
}

/// What the page shows beside the charter itself.
#[derive(Default)]
struct Shown {
    status: StatusCode,
    fields: Option<Vec<Field>>,
    wrong: Option<Prose>,
    note: Option<&'static str>,
    foreseen: Option<Foreseen>,
    not_mine: Option<[Field; 2]>,
    not_mine_wrong: Option<Prose>,
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Claimed(ANYTHING))?;
    let identity = claimable(&shared, &given).await?;
    shown(&shared, &asked, &identity, Shown::default()).await
}

/// The identity, unless nobody is asked to own it.
async fn claimable(shared: &Shared, given: &str) -> Result<IdentityRow, Problem> {
    let identity = address::identity(shared, given).await?;
    if identity.built_in {
        return Err(Problem::refused("it is part of the system itself; nobody is asked to own it"));
    }
    Ok(identity)
}

async fn shown(
    shared: &Shared,
    asked: &Asked,
    identity: &IdentityRow,
    shown: Shown,
) -> Result<Response, PageProblem> {
    let id = identity.id.to_string();
    let taken = shared.engine.charter(&id).await.map_err(Problem::from)?;
    let suggested = shared.engine.suggestions_for(&id).await.map_err(Problem::from)?;
    let people = people(shared, asked).await?;
    let now = shared.engine.now();
    let Suggested { suggestions, passed, .. } = suggested.unwrap_or_else(|| nothing_suggested(identity));
    let is_owned = is_owned(identity);
    let may_decline = !is_owned || owns(identity, asked.person.id);
    let page_shown = CharterPage {
        frame: Frame::of(format!("Charter of {}", text::shown(&identity.name)), Place::Inventory, asked),
        name: text::shown(&identity.name),
        address: address::of_identity(&identity.name, &identity.handle),
        fields: shown
            .fields
            .unwrap_or_else(|| charter_form::fields_of(&offered(&taken, is_owned, &asked.person.name))),
        as_of: taken.as_of,
        people,
        wrong: shown.wrong,
        note: shown.note,
        foreseen: shown.foreseen,
        suggestions: if is_owned {
            Vec::new()
        } else {
            suggestions.iter().map(|one| suggestion_line(identity.id, one)).collect()
        },
        passed: passed.iter().map(|one| passed_line(one, now)).collect(),
        not_mine: may_decline
            .then(|| shown.not_mine.unwrap_or_else(|| not_mine_fields(&Declined::default()))),
        not_mine_wrong: shown.not_mine_wrong,
    };
    Ok(page(shown.status, &page_shown))
}

fn nothing_suggested(identity: &IdentityRow) -> Suggested {
    Suggested {
        identity: identity.id,
        name: identity.name.clone(),
        handle: identity.handle.clone(),
        suggestions: Vec::new(),
        passed: Vec::new(),
    }
}

/// The charter as the form shows it first: whoever opens it is offered as owner of what nobody owns.
fn offered(taken: &CharterTaken, is_owned: bool, me: &str) -> CharterWritten {
    let mut charter = taken.charter.clone();
    if !is_owned {
        charter.technical_owner = Some(me.to_owned());
    }
    charter
}

fn is_owned(identity: &IdentityRow) -> bool {
    identity.charter.business_owner.is_some() || identity.charter.technical_owner.is_some()
}

fn owns(identity: &IdentityRow, person: PersonId) -> bool {
    [identity.charter.business_owner, identity.charter.technical_owner].contains(&Some(person))
}

async fn people(shared: &Shared, asked: &Asked) -> Result<Vec<String>, Problem> {
    if !asked.may_also(ApiAction::View, ApiResourceKind::Person) {
        return Ok(Vec::new());
    }
    let people = shared.engine.store().read("people", |tx: &mut Tx<'_>| tx.people()).await?;
    Ok(people.iter().take(NAMES_OFFERED).map(|person| form::editable(&person.name)).collect())
}

async fn write(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Filled>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(ANYTHING))?;
    let identity = claimable(&shared, &given).await?;
    let filled = sent.read()?;
    let import = match filled.step.as_str() {
        "preview" => Import::Preview,
        "write" => Import::Write,
        _ => return Err(Problem::refused("choose whether to show or to write it").into()),
    };
    let taken = shared.engine.charter(&identity.id.to_string()).await.map_err(Problem::from)?;
    let before = offered(&taken, is_owned(&identity), &asked.person.name);
    let (charter, wrongs) = filled.read(&shared, &before).await?;
    if !wrongs.is_empty() {
        let wrong = Some(text::prose("Nothing was written. What is wrong stands beside its field."));
        return again(&shared, &asked, &identity, (&filled, &wrongs), Shown { wrong, ..refused() }).await;
    }
    let to = CharterGiven { identity: identity.id.to_string(), as_of: Some(filled.as_of.clone()), charter };
    go_on(&shared, &asked, actor, (&identity, &filled), (to, import)).await
}

/// Shows or writes a charter that was understood.
async fn go_on(
    shared: &Shared,
    asked: &Asked,
    actor: Actor,
    (identity, filled): (&IdentityRow, &Filled),
    (to, import): (CharterGiven, Import),
) -> Result<Response, PageProblem> {
    let charter = to.charter.clone();
    let told = shared.engine.write_whole_charter(actor, to, import).await.map_err(Problem::from)?;
    let none = Wrongs::new();
    let again = async |shown| again(shared, asked, identity, (filled, &none), shown).await;
    let address = address::of_identity(&identity.name, &identity.handle);
    match told.state {
        CharterState::Written => Ok(see_other(&address)),
        CharterState::Same if import == Import::Write => Ok(see_other(&address)),
        CharterState::Same => {
            let note = Some("Nothing would change: this is what stands there.");
            again(Shown { note, ..Shown::default() }).await
        }
        CharterState::Differs => {
            let id = identity.id.to_string();
            let foreseen = shared.engine.foresee(&id, &charter).await.map_err(Problem::from)?;
            let foreseen = foreseen_shown(&told.changes, foreseen, told.why, filled);
            again(Shown { foreseen: Some(foreseen), ..Shown::default() }).await
        }
        CharterState::Changed => {
            let wrong = "Somebody changed this charter since this form was opened, and nothing was written. What you \
                         typed stands below, what is there now on the identity's page: look, then send it again.";
            let shown = Shown { wrong: Some(text::prose(wrong)), ..refused() };
            again(Shown { status: StatusCode::CONFLICT, ..shown }).await
        }
        CharterState::Unknown | CharterState::Refused => {
            let why = told.why.unwrap_or_default();
            let wrong = Some(text::prose(&format!("Nothing was written: {why}.")));
            again(Shown { wrong, ..refused() }).await
        }
    }
}

fn refused() -> Shown {
    Shown { status: StatusCode::UNPROCESSABLE_ENTITY, ..Shown::default() }
}

/// The page once more, with what was filled in.
async fn again(
    shared: &Shared,
    asked: &Asked,
    identity: &IdentityRow,
    (filled, wrongs): (&Filled, &Wrongs),
    with: Shown,
) -> Result<Response, PageProblem> {
    shown(shared, asked, identity, Shown { fields: Some(filled.fields(wrongs)), ..with }).await
}

fn foreseen_shown(
    changes: &[FieldChange],
    foreseen: StandingForeseen,
    why: Option<String>,
    filled: &Filled,
) -> Foreseen {
    let said =
        |said: &Option<String>| said.as_deref().map_or_else(|| String::from("unanswered"), text::shown_long);
    let conditions = |all: Vec<tenure_engine::ConditionForeseen>| {
        let shown = |one: tenure_engine::ConditionForeseen| Condition {
            severity: one.severity.as_str(),
            reason: text::prose(&one.reason),
        };
        all.into_iter().map(shown).collect()
    };
    let shown = filled.fields(&Wrongs::new());
    let fields = shown.into_iter().map(|field| (field.name, field.value));
    Foreseen {
        changes: changes
            .iter()
            .map(|one| (charter_form::label(one.field), said(&one.from), said(&one.to)))
            .collect(),
        before: text::standing_state(foreseen.before),
        after: text::standing_state(foreseen.after),
        ends: conditions(foreseen.ends),
        begins: conditions(foreseen.begins),
        why: why.as_deref().map(text::prose),
        // The state that was compared, and no later one.
        fields: fields.chain([("as_of", filled.as_of.clone())]).collect(),
    }
}

/// "Not mine" as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declined {
    why: String,
    ask: String,
}

fn not_mine_fields(said: &Declined) -> [Field; 2] {
    [
        Field::needed("why", "Why", "It is kept with the evidence.", &said.why),
        Field::line("ask", "Ask instead", "A name; needed where nobody else would own it.", &said.ask)
            .shaped(Shape::Line { names: true }),
    ]
}

async fn pass_on(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
    sent: Sent<Declined>,
) -> Result<Response, PageProblem> {
    let actor = asked.authorise_decision(DecisionRight::Own, Whose::Claimed(ANYTHING))?;
    let identity = claimable(&shared, &given).await?;
    let said = sent.read()?;
    let done = see_other(&address::of_identity(&identity.name, &identity.handle));
    if was_said(&shared, &asked, &identity, &said).await? {
        return Ok(done);
    }
    let [mut why, mut ask] = not_mine_fields(&said);
    if said.why.trim().is_empty() {
        why.wrong = Some(String::from("say why; whoever reads it later will ask"));
    } else if let Err(problem) = at_most("why", &said.why, SENTENCE_CHARS_MAX) {
        why.wrong = Some(problem.detail);
    }
    let asked_of = form::typed(&said.ask, None);
    ask.wrong = unknown_person(&shared, asked_of.as_deref()).await?;
    let mut wrong = None;
    if why.wrong.is_none() && ask.wrong.is_none() {
        let not_mine = NotMine { ask: asked_of, reason: said.why.clone() };
        match shared.engine.pass_on(actor, &identity.id.to_string(), not_mine).await.map_err(Problem::from) {
            Ok(_) => return Ok(done),
            Err(problem) if problem.status.is_client_error() => wrong = Some(problem.detail),
            Err(problem) => return Err(problem.into()),
        }
    }
    let not_mine_wrong = wrong.map(|why| text::prose(&format!("Nothing was written: {why}.")));
    shown(&shared, &asked, &identity, Shown { not_mine: Some([why, ask]), not_mine_wrong, ..refused() }).await
}

/// Whether this very thing was said before and stands: a form that is sent twice says it once.
async fn was_said(
    shared: &Shared,
    asked: &Asked,
    identity: &IdentityRow,
    said: &Declined,
) -> Result<bool, Problem> {
    if owns(identity, asked.person.id) {
        return Ok(false);
    }
    let (id, me) = (identity.id, asked.person.id);
    let (why, ask) = (said.why.trim().to_owned(), said.ask.trim().to_owned());
    let read = move |tx: &mut Tx<'_>| {
        let asked_of = tx.person_named(&ask)?.map(|person| person.id);
        let passings = tx.passings_of(id)?;
        let same =
            passings.iter().any(|one| one.passed_by == me && one.asked == asked_of && one.reason == why);
        Ok(same)
    };
    Ok(shared.engine.store().read("was_said", read).await?)
}
