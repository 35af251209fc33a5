//! `GET /plans`: every plan, newest first.

use super::{
    Frame, HTML, PageProblem, Place, address,
    lists::Link,
    page,
    table::{Cell, StateShown, Table, column, naming},
    text,
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{PlanRow, Tx};
use tenure_model::Instant;

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/plans",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Plan },
    evidence: None,
    about: "The console: plans, newest first.",
    query: &[("after", "text")],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    frame: Frame,
    table: Option<Table>,
    next: Option<Link>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    paging: Result<Asking<Paging>, Problem>,
) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let Asking(paging) = paging?;
    let rows = |tx: &mut Tx<'_>, before, most| tx.plans(before, most);
    let found = paging.read(&shared, "plans", rows, |_, last, _| last.id.to_string()).await?;
    let now = shared.engine.now();
    let columns = [
        column("State", "state"),
        naming("Plan"),
        column("Why", "text"),
        column("Level", "few"),
        column("Drafted", "when"),
    ];
    let next = found.next.map(|mark| {
        let href = format!("/plans?after={}", address::encoded(&mark));
        Link { href, word: "Next page", is_here: false }
    });
    let rows = found.items.iter().map(|plan| row(plan, now)).collect();
    let frame = Frame::of("Plans", Place::Plans, &asked);
    Ok(page(
        StatusCode::OK,
        &PlansPage { frame, table: Table::of("Plans, newest first", &columns, rows), next },
    ))
}

fn row(plan: &PlanRow, now: Instant) -> Vec<Cell> {
    let state: StateShown = text::plan_state(plan.state);
    vec![
        Cell::State(state),
        Cell::Link {
            href: format!("/plans/{}", plan.handle),
            text: format!("{} {}", plan.kind, text::shown(plan.about())),
            note: plan.handle.clone(),
        },
        Cell::outside(&plan.reason),
        plan.level.map_or_else(|| Cell::quiet("none yet"), |level| Cell::Ours(level.to_string())),
        Cell::Time(text::when(plan.created, now)),
    ]
}
