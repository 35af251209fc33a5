//! `GET /api/v1/evidence/entries`: the log itself, newest first.

use crate::api::prelude::*;
use std::collections::BTreeMap;
use tenure_engine::{Entry, FactValue};
use tenure_model::Instant;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/evidence/entries",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "Entries of the log, newest first, before an index.",
    query: &[("before", "index"), ("limit", "limit")],
    takes: None,
    answers: Answers::Json(200, "EntryPage"),
    route: || get(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    before: Option<u64>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct EntryShown {
    index: u64,
    id: String,
    time: Instant,
    kind: String,
    actor: String,
    subject: String,
    right: Option<String>,
    body_digest: String,
    facts: BTreeMap<String, serde_json::Value>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<EntryShown>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let size = page::size(wanted.limit)?;
    let entries = shared.engine.log_page(wanted.before, u64::from(size)).await?;
    let items: Vec<EntryShown> = entries.into_iter().map(|(index, entry)| shown(index, entry)).collect();
    let next = items.last().filter(|last| last.index > 0).map(|last| last.index.to_string());
    Ok(Json(Page { items, next }))
}

fn shown(index: u64, entry: Entry) -> EntryShown {
    let fact = |value| match value {
        FactValue::Text(text) => serde_json::Value::from(text),
        FactValue::Integer(number) => serde_json::Value::from(number),
        FactValue::Flag(flag) => serde_json::Value::from(flag),
    };
    EntryShown {
        index,
        id: entry.id,
        time: Instant::from_micros(entry.time_us),
        kind: entry.kind,
        actor: entry.actor,
        subject: entry.subject,
        right: entry.right,
        body_digest: entry.body_digest.to_base64(),
        facts: entry.facts.into_iter().map(|(name, value)| (name, fact(value))).collect(),
    }
}
