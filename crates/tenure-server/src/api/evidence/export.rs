//! `GET /api/v1/evidence/export`: a range of the log, complete, as a file (`tenure-export/1`).

use super::as_file;
use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/evidence/export",
    access: Access::Decided { action: ApiAction::ExportEvidence, kind: ApiResourceKind::Evidence },
    evidence: None,
    about: "A range of the log, complete, as a file that verifies offline.",
    query: &[("first", "index"), ("end", "index")],
    takes: None,
    answers: Answers::Bytes("application/octet-stream"),
    route: || get(handle),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    first: Option<u64>,
    end: Option<u64>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<impl IntoResponse, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let first = wanted.first.unwrap_or(0);
    if let Some(end) = wanted.end.filter(|end| *end <= first) {
        return Err(Problem::refused(format!(
            "the range ends before it begins: its first entry is {first}, and `end` is the entry after its last, {end}"
        )));
    }
    let export = shared.engine.export_range(first, wanted.end).await?;
    Ok(as_file("evidence.tenure", export.bytes))
}
