//! `/api/v1/ticket-imports`: tickets of a system as CSV; they are claims, and change nothing but what is looked at again.

use crate::{api::prelude::*, body::LargeBody, tickets_csv};
use tenure_engine::{TicketGiven, TicketsForeseen};
use tenure_model::ShortName;

pub(crate) static PREVIEW: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/ticket-imports/preview",
    access: Access::Decided { action: ApiAction::Survey, kind: ApiResourceKind::Source },
    evidence: None,
    about: "What a file of tickets would bring: what each names, and what was observed since it was closed. Nothing is written.",
    query: &[],
    takes: Some("TicketImportRequest"),
    answers: Answers::Json(200, "TicketsForeseen"),
    route: || post(preview),
};

pub(crate) static IMPORT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/ticket-imports",
    access: Access::Decided { action: ApiAction::Survey, kind: ApiResourceKind::Source },
    evidence: Some("tickets.imported"),
    about: "Brings tickets in, as claims (P0). What a closed one names and was seen since is claimed dead and is not.",
    query: &[],
    takes: Some("TicketImportRequest"),
    answers: Answers::Json(200, "TicketsForeseen"),
    route: || post(import),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketImportRequest {
    system: ShortName,
    csv: String,
    #[serde(default)]
    columns: tickets_csv::Columns,
}

fn read(shared: &Shared, request: &TicketImportRequest) -> Result<Vec<TicketGiven>, Problem> {
    tickets_csv::read(&request.csv, &request.columns, shared.engine.now()).map_err(Problem::refused)
}

async fn preview(
    State(shared): State<Shared>,
    asked: Asked,
    LargeBody(request): LargeBody<TicketImportRequest>,
) -> Result<Json<TicketsForeseen>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let given = read(&shared, &request)?;
    Ok(Json(shared.engine.foresee_tickets(request.system.to_string(), given).await?))
}

async fn import(
    State(shared): State<Shared>,
    asked: Asked,
    LargeBody(request): LargeBody<TicketImportRequest>,
) -> Result<Json<TicketsForeseen>, Problem> {
    let actor = asked.authorise(Whose::Nobodys)?;
    let given = read(&shared, &request)?;
    Ok(Json(shared.engine.import_tickets(actor, request.system.to_string(), given).await?))
}
