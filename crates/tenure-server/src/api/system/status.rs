//! `GET /api/v1/status`: what this deployment is, and how it stands at a glance.

use crate::api::prelude::*;
use std::path::PathBuf;
use tenure_engine::Tx;
use tenure_model::{Person, Standing};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/status",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::System },
    evidence: None,
    about: "What this deployment is and how it stands at a glance.",
    query: &[],
    takes: None,
    answers: Answers::Json(200, "Status"),
    route: || get(handle),
};

#[derive(Serialize)]
struct Status {
    version: &'static str,
    data_directory: PathBuf,
    database: &'static str,
    log: LogShown,
    sources: usize,
    standings: Vec<StandingCount>,
    findings_open: i64,
    person: Person,
}

#[derive(Serialize)]
struct LogShown {
    origin: String,
    size: u64,
    keys: Vec<String>,
}

#[derive(Serialize)]
struct StandingCount {
    standing: Standing,
    count: i64,
    built_in: i64,
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Json<Status>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let engine = &shared.engine;
    let log = engine.log_status().await?;
    let read = |tx: &mut Tx<'_>| Ok((tx.sources()?.len(), tx.standings()?, tx.count_open_findings()?));
    let (sources, standings, findings_open) = engine.store().read("status", read).await?;
    let count = |(standing, count, built_in)| StandingCount { standing, count, built_in };
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        data_directory: engine.paths().directory.clone(),
        database: if engine.paths().database().exists() { "sqlite" } else { "postgres" },
        log: LogShown { origin: log.origin, size: log.size, keys: log.keys },
        sources,
        standings: standings.into_iter().map(count).collect(),
        findings_open,
        person: asked.person,
    }))
}
