//! `GET /api/v1/sources.csv`: every source with its last survey, as a file for spreadsheets.

use super::{SourceShown, list::all};
use crate::api::{
    csv::{self, Sheet, file, said},
    prelude::*,
};
use axum::response::Response;

pub(crate) static ENDPOINT: Endpoint =
    csv::endpoint("/api/v1/sources.csv", ApiResourceKind::Source, "Sources as a CSV file.", &[], || {
        get(handle)
    });

static SHEET: Sheet<SourceShown> = Sheet {
    name: "sources",
    columns: &[
        "source",
        "system",
        "survey",
        "read",
        "principals",
        "credentials",
        "rights",
        "parts_unread",
        "not_observable",
    ],
    cells,
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(csv::Unfiltered {}): Asking<csv::Unfiltered>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let read = move |_| {
        let shared = shared.clone();
        async move { all(&shared).await }
    };
    file(&SHEET, read).await
}

fn cells(source: SourceShown) -> Vec<String> {
    let survey = source.last_survey;
    vec![
        source.name,
        source.system,
        survey.as_ref().map_or_else(|| String::from("never read"), |survey| survey.state.to_string()),
        said(survey.and_then(|survey| survey.ended)),
        source.principals.to_string(),
        source.credentials.to_string(),
        source.rights.to_string(),
        source.unread.len().to_string(),
        source.not_observable.len().to_string(),
    ]
}
