//! `GET /log/tile/{path}`: hash tiles and entry bundles, byte for byte as C2SP tlog-tiles has them.
//!
//! What is served never changes, so it may be kept for ever; what is not there may come, so an
//! absence may not. A path has one spelling: no other one leads here.

use crate::api::prelude::*;
use axum::extract::OriginalUri;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/log/tile/{*path}",
    access: Access::Open,
    evidence: None,
    about: "A hash tile or an entry bundle (C2SP tlog-tiles), full or partial.",
    query: &[],
    takes: None,
    answers: Answers::Bytes("application/octet-stream"),
    route: || get(handle),
};

async fn handle(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
) -> Result<impl IntoResponse, Problem> {
    let missing = || Problem::missing("the log has no such tile or bundle");
    let path = uri.path().strip_prefix("/log/").ok_or_else(missing)?;
    let bytes = shared.engine.log_resource(path).await?.ok_or_else(missing)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes))
}
