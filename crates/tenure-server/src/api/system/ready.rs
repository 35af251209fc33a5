//! `GET /readyz`: the database answers and takes writes.

use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/readyz",
    access: Access::Open,
    evidence: None,
    about: "The database answers and takes writes.",
    query: &[],
    takes: None,
    answers: Answers::Bytes("text/plain"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>) -> Result<&'static str, Problem> {
    let store = shared.engine.store();
    store.read("ready", |tx| tx.head().map(|_| ())).await?;
    let not_now =
        |detail: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now", detail);
    match store.stopped_because() {
        None => Ok("ready\n"),
        Some(_) => Err(not_now("writing has stopped; check the disk, then start Tenure again")),
    }
}
