//! `GET /healthz`: the process answers.

use crate::api::prelude::*;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/healthz",
    access: Access::Open,
    evidence: None,
    about: "The process answers.",
    query: &[],
    takes: None,
    answers: Answers::Bytes("text/plain"),
    route: || get(handle),
};

async fn handle() -> &'static str {
    "ok\n"
}
