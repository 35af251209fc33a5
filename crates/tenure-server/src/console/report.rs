//! `GET /report`: the state of the deployment on one sheet that needs nothing else, to print or to send.
//!
//! No script, no address, no other file: styles and pictures are in it, and everything from outside is escaped and
//! on one line. It must never show what the JSON of the same facts does not hold. Next: `api/report.rs`.

use super::{
    HTML, PageProblem, page,
    text::{shown, shown_long},
};
use crate::api::{prelude::*, report::Since};
use askama::Template;
use axum::response::Response;
use http::HeaderValue;
use tenure_engine::{AgedCredential, Report, ReportFindings, ReportProof, ReportSource};
use tenure_model::{Instant, Standing};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/report",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "The console: the state of the deployment as one sheet to print or to send.",
    query: &[("since", "instant")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// The sheet's own style is the one thing that is in it beside text: named by its digest, so that no other counts.
/// Nothing is loaded. A test holds it to the template.
const POLICY: &str = "default-src 'none'; style-src 'sha256-QY2qXuiVvSK/Ir7nbd4wBBdmsa4RG8K3GE7/H/2tpXM='; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";
/// Width of the picture of standings.
const PICTURE_WIDTH: i64 = 1_000;
/// Blind spots told of each source, at most; the sources' own pages have all.
const BLIND_SPOTS: usize = 10;

#[derive(Template)]
#[template(path = "report.html")]
struct Sheet<'report> {
    report: &'report Report,
    version: &'static str,
    made: String,
    since: String,
    picture: String,
    bars: Vec<Bar>,
    findings: Vec<FindingLine>,
    credentials: [CredentialList; 2],
    proofs: Vec<ProofLine>,
    sources: Vec<SourceLine>,
}

struct Bar {
    standing: Standing,
    mark: &'static str,
    tone: &'static str,
    count: i64,
    x: i64,
    width: i64,
}

struct FindingLine {
    severity: String,
    policy: String,
    cause: String,
    count: i64,
    reason: String,
    remedy: String,
    opened: String,
    names: Vec<String>,
}

struct CredentialList {
    id: &'static str,
    title: &'static str,
    caption: &'static str,
    rows: Vec<CredentialLine>,
}

struct CredentialLine {
    holder: String,
    handle: String,
    kind: &'static str,
    since: String,
    ends: String,
}

struct ProofLine {
    handle: String,
    kind: &'static str,
    principal: String,
    state: &'static str,
    level: String,
    required: String,
    sentence: String,
    settled: String,
}

struct SourceLine {
    name: String,
    system: String,
    read: String,
    principals: i64,
    credentials: i64,
    rights: i64,
    whole: usize,
    blind: Vec<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    since: Result<Asking<Since>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(since) = since?;
    let report = shared.engine.report(since.since).await.map_err(Problem::from)?;
    let mut response = page(StatusCode::OK, &sheet(&report));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

fn sheet(report: &Report) -> Sheet<'_> {
    let bars = bars(report);
    let said: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.count, bar.standing)).collect();
    Sheet {
        version: env!("CARGO_PKG_VERSION"),
        made: moment(report.made),
        since: report.since.map(moment).unwrap_or_default(),
        picture: format!("Identities by standing: {}", said.join(", ")),
        bars,
        findings: report.queue.iter().map(finding).collect(),
        credentials: [
            CredentialList {
                id: "oldest",
                title: "Oldest credentials",
                caption: "Live credentials whose value is known longest; they may be older",
                rows: report.oldest.iter().map(credential).collect(),
            },
            CredentialList {
                id: "ending",
                title: "Ending soon",
                caption: "Live credentials that end within 90 days",
                rows: report.ending.iter().map(credential).collect(),
            },
        ],
        proofs: report.proofs.iter().map(proof).collect(),
        sources: report.sources.iter().map(source).collect(),
        report,
    }
}

/// To the minute, in UTC.
fn moment(at: Instant) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        (None, _) | (_, None) => text,
    }
}

fn bars(report: &Report) -> Vec<Bar> {
    let counted = report.standings.iter().map(|one| (one.standing, one.count));
    let counted: Vec<(Standing, i64)> = counted.filter(|(_, count)| *count > 0).collect();
    let all: i64 = counted.iter().map(|(_, count)| count).sum();
    let mut before = 0;
    let mut bars = Vec::new();
    for (standing, count) in counted {
        let x = before * PICTURE_WIDTH / all.max(1);
        before += count;
        let width = (before * PICTURE_WIDTH / all.max(1) - x).max(1);
        bars.push(Bar { standing, mark: standing.mark(), tone: tone(standing), count, x, width });
    }
    bars
}

const fn tone(standing: Standing) -> &'static str {
    match standing {
        Standing::Sound | Standing::Retired => "good",
        Standing::Due | Standing::Excepted | Standing::Suspended | Standing::Unproven => "warn",
        Standing::Lapsed => "bad",
        Standing::Unclaimed | Standing::Gone => "quiet",
    }
}

fn finding(one: &ReportFindings) -> FindingLine {
    FindingLine {
        severity: one.severity.to_string(),
        policy: shown(&one.policy),
        cause: one.cause.as_deref().map(shown).unwrap_or_default(),
        count: one.count,
        reason: shown_long(&one.reason),
        remedy: shown_long(&one.remedy),
        opened: moment(one.opened),
        names: one.names.iter().map(|name| shown(name)).collect(),
    }
}

fn credential(one: &AgedCredential) -> CredentialLine {
    CredentialLine {
        holder: shown(&one.holder),
        handle: one.handle.clone(),
        kind: one.kind.title(),
        since: moment(one.since),
        ends: one.valid_until.map_or_else(|| String::from("never by itself"), moment),
    }
}

fn proof(one: &ReportProof) -> ProofLine {
    ProofLine {
        handle: one.handle.clone(),
        kind: one.kind.as_str(),
        principal: shown(&one.principal_name),
        state: one.state.as_str(),
        level: one.level.to_string(),
        required: one.required_level.to_string(),
        sentence: shown(&one.sentence),
        settled: one.settled.map(moment).unwrap_or_default(),
    }
}

fn source(one: &ReportSource) -> SourceLine {
    let unseen = one.not_observable.iter().map(|note| format!("not seen: {}", note.what));
    let blind = one.extents_part.iter().map(|part| format!("not whole: {part}")).chain(unseen);
    SourceLine {
        name: shown(&one.name),
        system: shown(&one.system),
        read: match (one.survey, one.read) {
            (Some(state), Some(read)) => format!("{} ({state})", moment(read)),
            (None, _) | (_, None) => String::from("never"),
        },
        principals: one.principals,
        credentials: one.credentials,
        rights: one.rights,
        whole: one.extents_whole,
        blind: blind.take(BLIND_SPOTS).map(|line| shown(&line)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::POLICY;
    use base64::Engine as _;

    #[test]
    fn the_style_of_the_sheet_is_the_one_its_policy_names() {
        let template = include_str!("../../../../console/report.html");
        let (_, rest) = template.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
        let named = format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest));
        assert!(POLICY.contains(&named), "{named}");
    }
}
