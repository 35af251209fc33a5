//! `/identities/{ref}/findings/{id}/except`: the form that asks for an exception.
//!
//! What it rests on when the form was opened is given back: what changed since is not asked for unseen. Sent twice, it asks
//! once. Next: `exception.rs`, where somebody else decides.

use super::{
    Frame, HTML, PageProblem, Place, address,
    finding::of,
    form::{self, Field, Sent},
    page, see_other, text,
};
use crate::api::prelude::*;
use crate::limits::{SENTENCE_CHARS_MAX, at_most};
use askama::Template;
use axum::response::Response;
use tenure_engine::{ExceptionWish, FindingRow, IdentityRow, Tx};
use tenure_model::{ExceptionKind, ExceptionState, Instant, printable};

pub(super) static SHOW: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/identities/{ref}/findings/{id}/except",
    access: Access::Decided { action: ApiAction::Plan, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: the form that asks for an exception.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(show),
};
pub(super) static ASK: Endpoint = form::act(
    "/identities/{ref}/findings/{id}/except",
    (ApiAction::Plan, ApiResourceKind::Identity),
    "exception.requested",
    "The console: asks that an open finding may fail until an end.",
    || post(ask),
);

#[derive(Template)]
#[template(path = "except.html")]
struct ExceptPage {
    frame: Frame,
    name: String,
    identity: String,
    finding: String,
    address: String,
    policy: String,
    reason: text::Prose,
    may_be_constrained: bool,
    days_max: u32,
    fields: Vec<Field>,
    rests_on_digest: String,
    wrong: Option<text::Prose>,
}

/// The form as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedFor {
    reason: String,
    compensation: String,
    until: String,
    #[serde(default)]
    instead: String,
    #[serde(default)]
    replace_by: String,
    rests_on_digest: String,
}

/// An open finding of an identity.
async fn find(shared: &Shared, identity: &IdentityRow, wanted: &str) -> Result<FindingRow, Problem> {
    let (id, wanted) = (identity.id, wanted.to_lowercase());
    let read = move |tx: &mut Tx<'_>| {
        let is_meant = |one: &FindingRow| one.id.to_string() == wanted || one.id.handle() == wanted;
        Ok(tx.open_findings_of(id)?.into_iter().find(is_meant))
    };
    let found = shared.engine.store().read("finding", read).await?;
    found.ok_or_else(|| {
        let name = printable(&identity.name, 80);
        Problem::missing(format!("`{name}` has no such open finding; it may be mended"))
    })
}

async fn show(
    State(shared): State<Shared>,
    asked: Asked,
    Named((given, wanted)): Named<(String, String)>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    asked.authorise(Whose::Chartered(&identity.charter))?;
    let finding = find(&shared, &identity, &wanted).await?;
    let rests_on_digest = shared.engine.rests_on_digest(&finding).await.map_err(Problem::from)?;
    let sent = AskedFor { rests_on_digest, ..AskedFor::default() };
    Ok(shown(&shared, &asked, (&identity, &finding), &sent, (StatusCode::OK, Wrong::default())))
}

/// What is wrong with the form, by field.
#[derive(Default)]
struct Wrong {
    fields: Vec<(&'static str, String)>,
    whole: Option<String>,
}

fn shown(
    shared: &Shared,
    asked: &Asked,
    (identity, finding): (&IdentityRow, &FindingRow),
    sent: &AskedFor,
    (status, wrong): (StatusCode, Wrong),
) -> Response {
    let (days_max, may_be_constrained) = shared.engine.exception_limits(&finding.policy);
    let name = text::shown(&identity.name);
    let fault = |field: &str| wrong.fields.iter().find(|(at, _)| *at == field).map(|(_, why)| why);
    let mut fields = vec![
        Field::needed(
            "reason",
            "Why it may fail for a while",
            "Whoever decides reads it, and it is kept.",
            &sent.reason,
        ),
        Field::needed(
            "compensation",
            "What makes up for it",
            "What keeps harm away meanwhile.",
            &sent.compensation,
        ),
        Field::needed(
            "until",
            "Until",
            "A day such as 2027-03-31. It counts again by itself then.",
            &sent.until,
        ),
        Field::line(
            "instead",
            "Policies that must hold instead",
            "Names such as shared_use, with blanks between. When one of them fails here, it counts again.",
            &sent.instead,
        ),
    ];
    if may_be_constrained {
        fields.push(Field::line(
            "replace_by",
            "Replaced by, where it cannot be mended here",
            "A day. With it, this is a constraint: accepted by the highest who may, anew each year, and policies must hold instead.",
            &sent.replace_by,
        ));
    }
    let fields = fields.into_iter().map(|field| {
        let fault = fault(field.name);
        field.with_wrong(fault)
    });
    let shown = ExceptPage {
        frame: Frame::of(format!("Exception for {name}"), Place::Exceptions, asked),
        identity: address::of_identity(&identity.name, &identity.handle),
        finding: of(identity, finding),
        address: format!("{}/except", of(identity, finding)),
        name,
        policy: text::shown(&text::spaced(&finding.policy)),
        reason: text::prose(&finding.reason),
        may_be_constrained,
        days_max,
        fields: fields.collect(),
        rests_on_digest: sent.rests_on_digest.clone(),
        wrong: wrong.whole.as_deref().map(text::prose),
    };
    page(status, &shown)
}

/// What is asked for, or what is wrong with the form.
fn read(sent: &AskedFor) -> Result<ExceptionWish, Wrong> {
    let mut wrong = Wrong::default();
    let mut text = |field, given: &str| {
        if let Err(problem) = at_most(field, given, SENTENCE_CHARS_MAX) {
            wrong.fields.push((field, problem.detail));
        } else if given.trim().is_empty() {
            wrong.fields.push((field, String::from("say it; whoever decides will ask")));
        }
    };
    text("reason", &sent.reason);
    text("compensation", &sent.compensation);
    let no_day = || String::from("this is neither a day such as 2027-03-31 nor an instant in UTC");
    let until = Instant::parse_end(sent.until.trim());
    if until.is_err() {
        wrong.fields.push(("until", no_day()));
    }
    let replace_by = match sent.replace_by.trim() {
        "" => Ok(None),
        given => Instant::parse_end(given).map(Some),
    };
    if replace_by.is_err() {
        wrong.fields.push(("replace_by", no_day()));
    }
    let (Ok(until), Ok(replace_by), true) = (until, replace_by, wrong.fields.is_empty()) else {
        return Err(wrong);
    };
    Ok(ExceptionWish {
        kind: replace_by.map_or(ExceptionKind::Exception, |_| ExceptionKind::Constraint),
        reason: sent.reason.clone(),
        compensation: sent.compensation.clone(),
        instead: sent.instead.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        until,
        replace_by,
        rests_on_digest: Some(sent.rests_on_digest.clone()),
    })
}

async fn ask(
    State(shared): State<Shared>,
    asked: Asked,
    Named((given, wanted)): Named<(String, String)>,
    sent: Sent<AskedFor>,
) -> Result<Response, PageProblem> {
    let identity = address::identity(&shared, &given).await?;
    let actor = asked.authorise(Whose::Chartered(&identity.charter))?;
    let sent = sent.read()?;
    let finding = find(&shared, &identity, &wanted).await?;
    let about = (&identity, &finding);
    let wish = match read(&sent) {
        Ok(wish) => wish,
        Err(wrong) => {
            let answer = (StatusCode::UNPROCESSABLE_ENTITY, wrong);
            return Ok(shown(&shared, &asked, about, &sent, answer));
        }
    };
    if let (Some(waits), Some(ExceptionState::Requested)) = (finding.exception, finding.exception_state) {
        return Ok(see_other(&format!("/exceptions/{}", waits.handle())));
    }
    match shared.engine.request_exception(actor, &finding, wish).await.map_err(Problem::from) {
        Ok(made) => Ok(see_other(&format!("/exceptions/{}", made.handle))),
        Err(problem) if matches!(problem.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT) => {
            let whole = Some(format!("Nothing was asked for: {}.", problem.detail));
            let wrong = Wrong { whole, ..Wrong::default() };
            Ok(shown(&shared, &asked, about, &sent, (problem.status, wrong)))
        }
        Err(problem) => Err(problem.into()),
    }
}
