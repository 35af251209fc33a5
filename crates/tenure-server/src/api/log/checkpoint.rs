//! `GET /log/checkpoint`: the signed tree head (C2SP tlog-tiles, "Checkpoints").

use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/log/checkpoint",
    access: Access::Open,
    evidence: None,
    about: "The signed tree head of the evidence log (C2SP tlog-checkpoint).",
    query: &[],
    takes: None,
    answers: Answers::Bytes("text/plain; charset=utf-8"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>) -> Result<impl IntoResponse, Problem> {
    let status = shared.engine.log_status().await?;
    // It changes with every entry: nobody should keep it for more than a moment.
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, status.checkpoint))
}
