//! `GET /evidence/{index}`: one entry, and its proof from its own bytes to the signed root.
//!
//! The proof is checked by the server step by step; the script checks it once more in the browser, over the bytes on
//! the page (`console/tenure.js`). What a body says is shown as it was recorded, bounded. Next:
//! `tenure-engine/src/verbs/list_entries.rs`.

use super::{Frame, HTML, PageProblem, Place, identity::by, page, table::StateShown, text};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::BTreeMap;
use tenure_engine::{BodyState, EntryProved, ProofStep};
use tenure_model::{Instant, PersonId};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/evidence/{index}",
    access: Access::Decided { action: ApiAction::ReadEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "The console: one entry of the log with its inclusion proof, verified in view.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Characters of a body that are shown.
const BODY_CHARS_MAX: usize = 6_000;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    index: u64,
    kind: String,
    at: text::When,
    by: String,
    subject: String,
    right: Option<String>,
    id: String,
    facts: Vec<(String, String)>,
    proof: StateShown,
    broken: Option<String>,
    raw: String,
    leaf: String,
    steps: Vec<ProofStep>,
    size: u64,
    root: String,
    checkpoint: String,
    body: Option<String>,
    body_state: StateShown,
    body_digest: String,
    newer: Option<u64>,
    older: Option<u64>,
    may_export: bool,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let index: u64 = given.parse().map_err(|_| Problem::missing("an entry is named by its number"))?;
    let proved = shared.engine.entry_proved(index).await.map_err(Problem::from)?;
    let people = proved.entry.actor.parse().into_iter().collect();
    let names = super::plan::names_of(&shared, people).await?;
    let may_export = asked.may_also(ApiAction::ExportEvidence, ApiResourceKind::Evidence);
    let frame = Frame::of(format!("Entry {index}"), Place::Evidence, &asked);
    Ok(page(StatusCode::OK, &view(frame, proved, &names, may_export, shared.engine.now())))
}

fn view(
    frame: Frame,
    proved: EntryProved,
    names: &BTreeMap<PersonId, String>,
    may_export: bool,
    now: Instant,
) -> EntryPage {
    let entry = &proved.entry;
    let state =
        |mark, word: &str, tone: &str| StateShown { mark, word: word.to_owned(), tone: tone.to_owned() };
    let facts = entry
        .facts
        .iter()
        .map(|(name, value)| (text::shown(&text::spaced(name)), text::shown_long(&text::entry_fact(value))));
    EntryPage {
        frame,
        index: proved.index,
        kind: text::shown(&entry.kind),
        at: text::when(Instant::from_micros(entry.time_us), now),
        by: by(entry, names),
        subject: text::shown(&entry.subject),
        right: entry.right.as_deref().map(text::shown),
        id: text::shown(&entry.id),
        facts: facts.collect(),
        proof: match proved.broken {
            None => state("✓", "holds", "good"),
            Some(_) => state("▲", "does not hold", "bad"),
        },
        broken: proved.broken,
        raw: STANDARD.encode(&proved.raw),
        leaf: proved.leaf,
        steps: proved.steps,
        size: proved.size,
        root: proved.root,
        checkpoint: proved.checkpoint,
        body: proved.body.as_deref().map(pretty),
        body_state: match proved.body_state {
            BodyState::AsRecorded => state("✓", "as recorded", "good"),
            BodyState::Absent => state("○", "not there: it was erased, or never kept", "quiet"),
            BodyState::Altered => state("▲", "altered after it was recorded", "bad"),
        },
        body_digest: entry.body_digest.to_base64(),
        newer: Some(proved.index + 1).filter(|newer| *newer < proved.size),
        older: proved.index.checked_sub(1),
        may_export,
    }
}

/// JSON over several lines, every line made printable.
fn pretty(body: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(body).ok();
    let text = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = text.unwrap_or_else(|| body.to_owned());
    let bounded: String = text.chars().take(BODY_CHARS_MAX).collect();
    let rest = if text.chars().count() > BODY_CHARS_MAX { "\n… (the export holds all of it)" } else { "" };
    let lines: Vec<String> =
        bounded.lines().map(|line| tenure_model::printable(line, BODY_CHARS_MAX)).collect();
    format!("{}{rest}", lines.join("\n"))
}
