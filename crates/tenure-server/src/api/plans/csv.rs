//! `GET /api/v1/plans.csv`: every plan, newest first, as a file for spreadsheets.

use crate::api::{
    csv::{self, ROWS, Sheet, file, said},
    prelude::*,
};
use axum::response::Response;
use tenure_engine::{PlanRow, Tx};

pub(crate) static ENDPOINT: Endpoint = csv::endpoint(
    "/api/v1/plans.csv",
    ApiResourceKind::Plan,
    "Plans as a CSV file, newest first.",
    &[],
    || get(handle),
);

static SHEET: Sheet<PlanRow> = Sheet {
    name: "plans",
    columns: &[
        "plan",
        "kind",
        "principal",
        "state",
        "reason",
        "level",
        "required_level",
        "created",
        "settled",
    ],
    cells,
};

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(csv::Unfiltered {}): Asking<csv::Unfiltered>,
) -> Result<Response, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let read = move |after| {
        let shared = shared.clone();
        async move {
            let rows = |tx: &mut Tx<'_>, before, most| tx.plans(before, most);
            Paging::from(ROWS, after).read(&shared, "plans", rows, |_, last, _| last.id.to_string()).await
        }
    };
    file(&SHEET, read).await
}

fn cells(plan: PlanRow) -> Vec<String> {
    vec![
        plan.handle,
        plan.kind.to_string(),
        plan.principal_name,
        plan.state.to_string(),
        plan.reason,
        plan.level.map(|level| level.to_string()).unwrap_or_default(),
        plan.required_level.to_string(),
        plan.created.to_string(),
        said(plan.settled),
    ]
}
