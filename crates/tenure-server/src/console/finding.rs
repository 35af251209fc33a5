//! `/identities/{ref}/findings/{id}`: one open finding, and the forms that dismiss it or take that back.
//!
//! A dismissal has a reason and an end and closes nothing; the verbs and the access policies are those of the API.
//! Sent twice, a form does once what it says. Next: `identity.rs`, which leads here.

use super::{
    Frame, HTML, PageProblem, Place, address, exceptions,
    form::{self, Field, Nothing, Sent},
    page, see_other,
    table::StateShown,
    text::{self, When},
};
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{Actor, Dismissal, FindingRow, FindingSeen, IdentityRow, Tx};
use tenure_model::{ExceptionState, Instant, PersonId, printable};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/findings/{id}",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: one open finding, and whether it counts.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static DISMISS: Endpoint = form::act(
    "/identities/{ref}/findings/{id}/dismiss",
    (ApiAction::Plan, ApiResourceKind::Identity),
    "finding.dismissed",
    "The console: says that an open finding is none, with a reason and an end.",
    || post(dismiss),
);
pub(super) static COUNT: Endpoint = form::act(
    "/identities/{ref}/findings/{id}/count",
    (ApiAction::Plan, ApiResourceKind::Identity),
    "finding.dismissal_withdrawn",
    "The console: takes a dismissal back; the finding counts again.",
    || post(count),
);

#[derive(Template)]
#[template(path = "finding.html")]
struct FindingPage {
    frame: Frame,
    name: String,
    identity: String,
    address: String,
    policy: String,
    control: String,
    severity: &'static str,
    reason: text::Prose,
    remedy: text::Prose,
    cause: Option<String>,
    opened: When,
    dismissed: Option<DismissedLine>,
    exception: Option<ExceptedLine>,
    /// Whether an exception may be asked for from here.
    may_ask: bool,
    /// The form that dismisses it; nothing for whoever may not, and while it is dismissed.
    fields: Option<[Field; 2]>,
    rests_on_digest: String,
    /// Others that are mended in the same place; none where it is alone or dismissed.
    beside: Vec<BesideLine>,
    /// What they rest on, as the form gives it back.
    beside_seen: String,
    may_decide: bool,
    wrong: Option<text::Prose>,
}

/// Another finding that is mended in the same place.
struct BesideLine {
    name: String,
    reason: text::Prose,
}

struct DismissedLine {
    by: String,
    reason: text::Prose,
    at: When,
    until: When,
}

/// The exception that says most of it.
struct ExceptedLine {
    state: StateShown,
    href: String,
    handle: String,
    until: Option<When>,
}

/// An open finding of an identity, with the dismissal that stands.
struct Found {
    identity: IdentityRow,
    finding: FindingRow,
    dismissal: Option<Stands>,
    /// Names what it rests on now; empty where it is over.
    rests_on_digest: String,
    /// Others that are mended in the same place and of which whoever asks may decide.
    beside: Vec<FindingSeen>,
}

struct Stands {
    by: PersonId,
    by_name: String,
    reason: String,
    at: Instant,
    ends: Instant,
}

async fn find(shared: &Shared, asked: &Asked, given: &str, wanted: &str) -> Result<Found, Problem> {
    let identity = address::identity(shared, given).await?;
    let (id, name, wanted) = (identity.id, identity.name.clone(), wanted.to_lowercase());
    let read = move |tx: &mut Tx<'_>| {
        let open = tx.open_findings_of(id)?;
        let is_meant = |one: &FindingRow| one.id.to_string() == wanted || one.id.handle() == wanted;
        let Some(finding) = open.into_iter().find(is_meant) else { return Ok(None) };
        let stands = tx.dismissals_of(id)?.into_iter().find(|one| {
            one.policy == finding.policy
                && one.subject == finding.subject
                && finding.dismissed_until == Some(one.ends)
        });
        let dismissal = match stands {
            None => None,
            Some(one) => Some(Stands {
                by_name: tx.person(one.dismissed_by)?.map_or_else(|| String::from("(left)"), |who| who.name),
                by: one.dismissed_by,
                reason: one.reason,
                at: one.dismissed,
                ends: one.ends,
            }),
        };
        Ok(Some((finding, dismissal)))
    };
    let found = shared.engine.store().read("finding", read).await?;
    let (finding, dismissal) = found.ok_or_else(|| {
        Problem::missing(format!("`{}` has no such open finding; it may be mended", printable(&name, 80)))
    })?;
    // One that is over meanwhile is still shown; dismissing it says so.
    let rests_on_digest = shared.engine.rests_on_digest(&finding).await.unwrap_or_default();
    let beside = beside(shared, asked, &finding).await?;
    Ok(Found { identity, finding, dismissal, rests_on_digest, beside })
}

/// Others that the queue puts together with it, of identities about which whoever asks may decide.
async fn beside(shared: &Shared, asked: &Asked, one: &FindingRow) -> Result<Vec<FindingSeen>, Problem> {
    if one.cause.is_none() || one.dismissed_until.is_some() {
        return Ok(Vec::new());
    }
    let found = shared.engine.findings_beside(one).await?.items;
    let mut beside = Vec::new();
    for seen in found.into_iter().filter(|seen| seen.finding.id != one.id) {
        if may_decide(shared, asked, &seen.finding).await? {
            beside.push(seen);
        }
    }
    Ok(beside)
}

async fn may_decide(shared: &Shared, asked: &Asked, finding: &FindingRow) -> Result<bool, Problem> {
    let id = finding.identity;
    let read = move |tx: &mut Tx<'_>| tx.identity(id);
    let identity = shared.engine.store().read("identity", read).await?;
    Ok(asked.may_about(ApiAction::Plan, ApiResourceKind::Identity, Whose::Chartered(&identity.charter)))
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named((given, wanted)): Named<(String, String)>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    let found = find(&shared, &asked, &given, &wanted).await?;
    Ok(shown(&shared, &asked, found, StatusCode::OK, None, None))
}

fn shown(
    shared: &Shared,
    asked: &Asked,
    found: Found,
    status: StatusCode,
    fields: Option<[Field; 2]>,
    wrong: Option<String>,
) -> Response {
    let Found { identity, finding, dismissal, rests_on_digest, beside } = found;
    let now = shared.engine.now();
    let may_decide =
        asked.may_about(ApiAction::Plan, ApiResourceKind::Identity, Whose::Chartered(&identity.charter));
    let is_dismissed = dismissal.is_some();
    let name = text::shown(&identity.name);
    let shown = FindingPage {
        frame: Frame::of(format!("Finding of {name}"), Place::Inventory, asked),
        address: of(&identity, &finding),
        identity: address::of_identity(&identity.name, &identity.handle),
        name,
        policy: text::shown(&text::spaced(&finding.policy)),
        control: text::shown(&finding.control),
        severity: finding.severity.as_str(),
        reason: text::prose(&finding.reason),
        remedy: text::prose(&finding.remedy),
        cause: finding.cause.as_deref().map(text::shown),
        opened: text::when(finding.opened, now),
        dismissed: dismissal.map(|one| DismissedLine {
            by: text::shown(&one.by_name),
            reason: text::prose(&one.reason),
            at: text::when(one.at, now),
            until: text::when(one.ends, now),
        }),
        may_ask: may_decide && !is_dismissed && finding.exception_state != Some(ExceptionState::Requested),
        exception: finding.exception.zip(finding.exception_state).map(|(id, state)| ExceptedLine {
            state: exceptions::state(state),
            href: format!("/exceptions/{}", id.handle()),
            handle: id.handle(),
            until: finding.excepted_until.map(|at| text::when(at, now)),
        }),
        fields: (may_decide && !is_dismissed && finding.excepted_until.is_none())
            .then(|| fields.unwrap_or_else(|| fields_of(&Dismissed::default()))),
        rests_on_digest,
        beside_seen: beside.iter().filter_map(given_back).collect::<Vec<_>>().join(" "),
        beside: beside
            .iter()
            .map(|seen| BesideLine {
                name: text::shown(&seen.finding.identity_name),
                reason: text::prose(&seen.finding.reason),
            })
            .collect(),
        may_decide,
        wrong: wrong.as_deref().map(text::prose),
    };
    page(status, &shown)
}

/// A finding and what it rests on, in one word; nothing where it is over.
fn given_back(seen: &FindingSeen) -> Option<String> {
    Some(format!("{}:{}", seen.finding.id, seen.rests_on_digest.as_ref()?))
}

/// The address of a finding.
pub(super) fn of(identity: &IdentityRow, finding: &FindingRow) -> String {
    format!("{}/findings/{}", address::of_identity(&identity.name, &identity.handle), finding.id.handle())
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dismissed {
    reason: String,
    until: String,
    /// What the finding rested on when the form was opened: what changed since is not dismissed unseen.
    rests_on_digest: String,
    /// Whether the others that are mended in the same place are dismissed with it.
    #[serde(default)]
    all: Option<String>,
    /// These, each with what it rested on.
    #[serde(default)]
    beside: String,
}

fn fields_of(sent: &Dismissed) -> [Field; 2] {
    let hint = "A day such as 2027-03-31, at most 365 days away. It counts again by itself then.";
    [
        Field::needed(
            "reason",
            "Why it is none here",
            "It is shown beside the finding and kept.",
            &sent.reason,
        ),
        Field::needed("until", "Until", hint, &sent.until),
    ]
}

async fn dismiss(
    State(shared): State<Shared>,
    asked: Asked,
    Named((given, wanted)): Named<(String, String)>,
    sent: Sent<Dismissed>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    let sent = sent.read()?;
    let found = find(&shared, &asked, &given, &wanted).await?;
    let [mut reason, mut until] = fields_of(&sent);
    let end = Instant::parse_end(sent.until.trim());
    if let Err(problem) = at_most("reason", &sent.reason, SENTENCE_CHARS_MAX) {
        reason.wrong = Some(problem.detail);
    } else if sent.reason.trim().is_empty() {
        reason.wrong = Some(String::from("say why; whoever reads it later will ask"));
    }
    if end.is_err() {
        until.wrong = Some(String::from("this is neither a day such as 2027-03-31 nor an instant in UTC"));
    }
    let mut wrong = (StatusCode::UNPROCESSABLE_ENTITY, None);
    if let (Ok(end), None) = (end, &reason.wrong) {
        let stands =
            |one: &Stands| (one.by, &*one.reason, one.ends) == (actor.person, sent.reason.trim(), end);
        if found.dismissal.as_ref().is_some_and(stands) {
            return Ok(see_other(&of(&identity, &found.finding)));
        }
        let dismissal = Dismissal {
            reason: sent.reason.clone(),
            until: end,
            rests_on_digest: Some(sent.rests_on_digest.clone()),
        };
        match shared.engine.dismiss(actor, &found.finding, dismissal).await.map_err(Problem::from) {
            Ok(written) => {
                let left = dismiss_beside(&shared, &asked, actor, &sent, end).await?;
                if left == 0 {
                    return Ok(see_other(&of(&identity, &written)));
                }
                let found = find(&shared, &asked, &given, &wanted).await?;
                let said = format!(
                    "This one is dismissed. {left} of the others are not: they are over, or rest on something else by now."
                );
                return Ok(shown(&shared, &asked, found, StatusCode::CONFLICT, None, Some(said)));
            }
            Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY => {
                until.wrong = Some(problem.detail);
            }
            Err(problem) if problem.status == StatusCode::CONFLICT => {
                wrong = (problem.status, Some(format!("Nothing was written: {}.", problem.detail)));
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    Ok(shown(&shared, &asked, found, wrong.0, Some([reason, until]), wrong.1))
}

/// Dismisses those beside it, each with a record of its own, where that was asked; says how many were not.
async fn dismiss_beside(
    shared: &Shared,
    asked: &Asked,
    actor: Actor,
    sent: &Dismissed,
    until: Instant,
) -> Result<usize, Problem> {
    let mut left = 0;
    if sent.all.is_none() {
        return Ok(left);
    }
    for (id, digest) in sent.beside.split_ascii_whitespace().filter_map(|one| one.split_once(':')) {
        let finding = match shared.engine.open_finding(id).await.map_err(Problem::from) {
            Ok(finding) => finding,
            Err(problem) if problem.status == StatusCode::NOT_FOUND => {
                left += 1;
                continue;
            }
            Err(problem) => return Err(problem),
        };
        if !may_decide(shared, asked, &finding).await? {
            left += 1;
            continue;
        }
        let dismissal =
            Dismissal { reason: sent.reason.clone(), until, rests_on_digest: Some(digest.to_owned()) };
        match shared.engine.dismiss(actor, &finding, dismissal).await.map_err(Problem::from) {
            Ok(_) => {}
            Err(problem) if problem.status == StatusCode::CONFLICT => left += 1,
            Err(problem) => return Err(problem),
        }
    }
    Ok(left)
}

async fn count(
    State(shared): State<Shared>,
    asked: Asked,
    Named((given, wanted)): Named<(String, String)>,
    sent: Sent<Nothing>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    let Nothing {} = sent.read()?;
    let found = find(&shared, &asked, &given, &wanted).await?;
    if found.dismissal.is_some() {
        shared.engine.withdraw_dismissal(actor, &found.finding).await.map_err(Problem::from)?;
    }
    Ok(see_other(&of(&identity, &found.finding)))
}
