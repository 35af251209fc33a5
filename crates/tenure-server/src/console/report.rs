//! `GET /report`: the state of the deployment on one sheet that needs nothing else, to print or to send.
//!
//! No script, no address, no other file: styles and pictures are in it, and everything from outside is escaped and
//! on one line. Of a large deployment it takes long to make: then the one made before is shown, which says so, or a
//! page that asks again. It must never show what the JSON of the same facts does not hold. Next: `api/report.rs`.

use super::{
    Frame, HTML, PageProblem, Place, page,
    text::{Prose, prose, shown},
};
use crate::api::{prelude::*, report::Since};
use askama::Template;
use axum::response::Response;
use http::HeaderValue;
use std::{sync::Arc, time::Duration};
use tenure_engine::{AgedCredential, Report, ReportFindings, ReportProof, ReportSoon, ReportSource};
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
/// How long a page waits for the sheet of now.
const WAIT: Duration = Duration::from_millis(150);
/// Seconds after which the page that says that it is being made asks again.
const ASK_AGAIN: &str = "3";
/// Width of the picture of standings.
const PICTURE_WIDTH: i64 = 1_000;
/// Blind spots told of each source, at most; the sources' own pages have all.
const BLIND_SPOTS: usize = 10;

/// Said while the first sheet is being made.
#[derive(Template)]
#[template(path = "report_under_way.html")]
struct UnderWayPage {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Sheet<'report> {
    report: &'report Report,
    /// A newer one is being made.
    is_former: bool,
    version: &'static str,
    made: String,
    since: String,
    decided_since: String,
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
    reason: Prose,
    remedy: Prose,
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
    sentence: Prose,
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
    blind: Vec<Prose>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    since: Result<Asking<Since>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(since) = since?;
    let soon = shared.engine.report_within(since.since, WAIT).await.map_err(Problem::from)?;
    Ok(answered(soon, Frame::of("Report", Place::Report, &asked)))
}

fn answered(soon: ReportSoon, frame: Frame) -> Response {
    let of_sheet = |report: &Arc<Report>, is_former| {
        let mut response = page(StatusCode::OK, &sheet(report, is_former));
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response
    };
    match soon {
        ReportSoon::Made(report) => of_sheet(&report, false),
        ReportSoon::UnderWay(Some(former)) => of_sheet(&former, true),
        ReportSoon::UnderWay(None) => {
            let mut response = page(StatusCode::OK, &UnderWayPage { frame });
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(ASK_AGAIN));
            response
        }
    }
}

fn sheet(report: &Report, is_former: bool) -> Sheet<'_> {
    let bars = bars(report);
    let said: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.count, bar.standing)).collect();
    Sheet {
        is_former,
        version: env!("CARGO_PKG_VERSION"),
        made: moment(report.made),
        since: report.since.map(moment).unwrap_or_default(),
        decided_since: moment(report.decisions.since),
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
        Standing::Unclaimed | Standing::Gone | Standing::Unobserved => "quiet",
    }
}

fn finding(one: &ReportFindings) -> FindingLine {
    FindingLine {
        severity: one.severity.to_string(),
        policy: shown(&one.policy),
        cause: one.cause.as_deref().map(shown).unwrap_or_default(),
        count: one.count,
        reason: prose(&one.reason),
        remedy: prose(&one.remedy),
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
        sentence: prose(&one.sentence),
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
        blind: blind.take(BLIND_SPOTS).map(|line| prose(&line)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, POLICY, answered};
    use base64::Engine as _;
    use http_body_util::BodyExt as _;
    use std::sync::Arc;
    use tenure_engine::{Report, ReportSoon};
    use tenure_model::Instant;

    fn report() -> Report {
        Report {
            schema: 1,
            made: Instant::from_micros(1_790_000_000_000_000),
            origin: String::from("tenure.example/log"),
            size: 7,
            checkpoint: String::from("signed"),
            log_keys: Vec::new(),
            standings: Vec::new(),
            sources: Vec::new(),
            findings_open: 0,
            findings_dismissed: 0,
            exceptions: tenure_engine::ExceptionFigures {
                numbers: tenure_engine::ExceptionNumbers::default(),
                identities_excepted: 0,
                identities_enrolled: 0,
                controls: Vec::new(),
            },
            decisions: tenure_engine::Decisions {
                since: Instant::from_micros(1_780_000_000_000_000),
                steps: Vec::new(),
                reviews: tenure_engine::Reviewed::default(),
            },
            queue: Vec::new(),
            unowned: Vec::new(),
            oldest: Vec::new(),
            ending: Vec::new(),
            since: None,
            changes: None,
            proofs: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// Whether the answer asks again by itself, and its text.
    async fn told(soon: ReportSoon) -> (bool, String) {
        let answer = answered(soon, Frame::bare("Report"));
        let asks_again = answer.headers().contains_key("refresh");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (asks_again, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_sheet_says_when_it_is_not_of_now_and_none_asks_again() {
        let (asks_again, sheet) = told(ReportSoon::Made(Arc::new(report()))).await;
        assert!(!asks_again && sheet.contains("had 7 entries") && !sheet.contains("Not of now"), "{sheet}");
        let (asks_again, former) = told(ReportSoon::UnderWay(Some(Arc::new(report())))).await;
        assert!(!asks_again && former.contains("Not of now"), "{former}");
        let (asks_again, nothing_yet) = told(ReportSoon::UnderWay(None)).await;
        assert!(asks_again && nothing_yet.contains("is being made"), "{nothing_yet}");
    }

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
