//! `GET /`: identities by name, filtered by what stands in the address, and what is being done.
//!
//! One page at a time and no counts over everything: it must stay quick over a million of them.

use super::{Frame, HTML, PageProblem, page, text};
use crate::api::{
    listing::{self, Listed, Wanted},
    prelude::*,
};
use askama::Template;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tenure_engine::Tx;
use tenure_model::{Instant, Standing};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "The console: identities, and what is being done.",
    query: &[("q", "text"), ("after", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Identities on one page.
const ROWS: u32 = 100;
/// Plans named above the list, at most.
const PLANS: i64 = 4;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    #[serde(default)]
    q: String,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "identities.html")]
struct IdentitiesPage {
    frame: Frame,
    query: String,
    /// What was not understood in the filter.
    note: Option<String>,
    is_filtered: bool,
    sources: usize,
    rows: Vec<Line>,
    next: Option<String>,
    plans: Vec<PlanLine>,
}

struct Line {
    mark: &'static str,
    standing: &'static str,
    name: String,
    handle: String,
    owners: Vec<String>,
    built_in: bool,
    findings: usize,
    worst: &'static str,
    due: Option<text::When>,
}

struct PlanLine {
    handle: String,
    kind: &'static str,
    name: String,
    mark: &'static str,
    state: &'static str,
    tone: &'static str,
    level: Option<&'static str>,
    made: text::When,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    address: Result<Asking<Address>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(address) = address?;
    let now = shared.engine.now();
    let (mut wanted, note) = read_filter(&address.q);
    wanted.limit = Some(ROWS);
    wanted.after = address.after;
    let found = listing::read(&shared, wanted).await?;
    let read = |tx: &mut Tx<'_>| Ok((tx.sources()?.len(), tx.plans(None, PLANS)?));
    let (sources, plans) = shared.engine.store().read("console", read).await.map_err(Problem::from)?;
    let may_see_plans = asked.may_also(ApiAction::View, ApiResourceKind::Plan);
    let plan = |plan: tenure_engine::PlanRow| PlanLine {
        kind: plan.kind.as_str(),
        name: text::shown(&plan.principal_name),
        mark: text::plan_mark(plan.state),
        state: plan.state.as_str(),
        tone: text::plan_tone(plan.state),
        level: plan.level.map(|level| level.as_str()),
        made: text::when(plan.created, now),
        handle: plan.handle,
    };
    let query = address.q;
    let next = found.next.map(|mark| {
        format!(
            "/?q={}&after={}",
            utf8_percent_encode(&query, NON_ALPHANUMERIC),
            utf8_percent_encode(&mark, NON_ALPHANUMERIC)
        )
    });
    let shown = IdentitiesPage {
        frame: Frame::of("Identities", &asked.person),
        is_filtered: !query.trim().is_empty(),
        query,
        note,
        sources,
        rows: found.items.into_iter().map(|row| line(row, now)).collect(),
        next,
        plans: if may_see_plans { plans.into_iter().map(plan).collect() } else { Vec::new() },
    };
    Ok(page(StatusCode::OK, &shown))
}

fn line(row: Listed, now: Instant) -> Line {
    Line {
        mark: row.identity.standing.mark(),
        standing: row.identity.standing.as_str(),
        name: text::shown(&row.identity.name),
        handle: row.identity.handle,
        owners: row.owners.iter().map(|owner| text::shown(owner)).collect(),
        built_in: row.identity.built_in,
        findings: row.findings,
        worst: row.worst.map_or("", |worst| worst.as_str()),
        due: row.identity.due.map(|due| text::when(due, now)),
    }
}

/// Reads `standing:lapsed source:pg-main findings:yes built-in:yes words`; says what it did not understand.
fn read_filter(query: &str) -> (Wanted, Option<String>) {
    let mut wanted = Wanted::default();
    let mut words: Vec<&str> = Vec::new();
    let mut note = None;
    for word in query.split_whitespace() {
        match word.split_once(':') {
            Some(("standing", standing)) => match standing.parse::<Standing>() {
                Ok(standing) => wanted.standing = Some(standing),
                Err(unknown) => note = Some(unknown.to_string()),
            },
            Some(("source", source)) => wanted.source = Some(source.to_owned()),
            Some(("findings", "yes")) => wanted.findings = Some(true),
            Some(("built-in", "yes")) => wanted.built_in = Some(true),
            Some(("findings" | "built-in", other)) => {
                note = Some(format!(
                    "`{}` means nothing here; write `yes`, or leave it out",
                    text::shown(other)
                ));
            }
            Some(_) | None => words.push(word),
        }
    }
    wanted.contains = (!words.is_empty()).then(|| words.join(" "));
    (wanted, note)
}

#[cfg(test)]
mod tests {
    use super::read_filter;

    fn check(query: &str) -> String {
        let (wanted, note) = read_filter(query);
        format!(
            "{:?} {:?} {:?} {:?} {:?} {}",
            wanted.contains,
            wanted.standing.map(|standing| standing.as_str()),
            wanted.source,
            wanted.findings,
            wanted.built_in,
            note.unwrap_or_default()
        )
    }

    #[test]
    fn a_filter_is_words_and_pairs() {
        insta::assert_snapshot!(check(" ci  deploy standing:lapsed"), @r#"Some("ci deploy") Some("lapsed") None None None "#);
        insta::assert_snapshot!(check("source:pg-main findings:yes built-in:yes"), @r#"None None Some("pg-main") Some(true) Some(true) "#);
        insta::assert_snapshot!(check("pg-main/a:b"), @r#"Some("pg-main/a:b") None None None None "#);
        insta::assert_snapshot!(check("standing:fine"), @"None None None None None `fine` is not a known standing; expected one of: unclaimed, sound, excepted, due, lapsed, suspended, retired, gone, unproven");
        insta::assert_snapshot!(check("findings:no"), @"None None None None None `no` means nothing here; write `yes`, or leave it out");
    }
}
