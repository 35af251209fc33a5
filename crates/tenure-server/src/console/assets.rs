//! The stylesheet, the script and the mark: part of the binary, the same for everybody.

use crate::api::prelude::*;

const fn asset(
    path: &'static str,
    about: &'static str,
    answers: Answers,
    route: fn() -> axum::routing::MethodRouter<Shared>,
) -> Endpoint {
    Endpoint {
        verb: Verb::Get,
        path,
        access: Access::Open,
        evidence: None,
        about,
        query: &[],
        takes: None,
        answers,
        route,
    }
}

pub(super) static STYLE: Endpoint =
    asset("/assets/tenure.css", "The stylesheet.", Answers::Bytes(CSS), || get(style));
pub(super) static SCRIPT: Endpoint =
    asset("/assets/tenure.js", "The script; every page works without it.", Answers::Bytes(JS), || {
        get(script)
    });
pub(super) static MARK: Endpoint =
    asset("/assets/mark.svg", "The mark in the browser's tab.", Answers::Bytes(SVG), || get(mark));

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Short enough that an upgrade is seen, long enough that clicking around loads nothing twice.
const KEPT: &str = "private, max-age=300";

async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, CSS), (header::CACHE_CONTROL, KEPT)];
    (headers, include_str!("../../../../console/tenure.css"))
}

async fn script() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, JS), (header::CACHE_CONTROL, KEPT)];
    (headers, include_str!("../../../../console/tenure.js"))
}

async fn mark() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, SVG), (header::CACHE_CONTROL, KEPT)];
    (headers, include_str!("../../../../console/mark.svg"))
}
