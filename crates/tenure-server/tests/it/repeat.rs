//! Calls that name themselves are carried out once.

use crate::bench::{ADMINISTRATOR, Bench, OPERATOR, Reply};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;
use tenure_server::Peer;

async fn named(bench: &Bench, uid: u32, key: &str, path: &str, body: &Value) -> Reply {
    let mut request = Request::post(path)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(Peer::Local { uid });
    bench.send(request).await
}

#[tokio::test]
async fn the_same_call_is_answered_the_same_and_done_once() {
    let bench = Bench::surveyed().await;
    let plan = json!({ "kind": "disable", "identity": "billing", "reason": "x" });
    let first = named(&bench, OPERATOR, "k1", "/api/v1/plans", &plan).await;
    let second = named(&bench, OPERATOR, "k1", "/api/v1/plans", &plan).await;
    assert_eq!((first.status, second.status, first.body == second.body), (201, 201, true));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let other = named(&bench, ADMINISTRATOR, "k1", "/api/v1/plans", &plan).await;
    assert_ne!(other.json()["plan"]["id"], first.json()["plan"]["id"], "a key is one person's");
    let plans = bench.get(OPERATOR, "/api/v1/plans").await.json();
    assert_eq!(plans["items"].as_array().unwrap().len(), 2);

    let changed = json!({ "kind": "disable", "identity": "billing", "reason": "y" });
    let clash = named(&bench, OPERATOR, "k1", "/api/v1/plans", &changed).await;
    insta::assert_snapshot!(clash.problem(), @"422 this idempotency key was used for another call; choose a new one");
    bench.clock.advance(Duration::from_hours(24));
    let late = named(&bench, OPERATOR, "k1", "/api/v1/plans", &changed).await;
    assert_eq!(late.status, 201, "after a day a key is forgotten");
}

#[tokio::test]
async fn what_was_refused_may_be_tried_again_under_the_same_key() {
    let bench = Bench::surveyed().await;
    let path = "/api/v1/sources/main/check";
    bench.world.take_down("maintenance");
    assert_eq!(named(&bench, OPERATOR, "k1", path, &json!({})).await.status, 502);
    bench.world.bring_up();
    assert_eq!(named(&bench, OPERATOR, "k1", path, &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_secret_is_never_kept_to_be_told_again() {
    let bench = Bench::empty().await;
    let path = "/api/v1/people/auditor/token";
    assert_eq!(named(&bench, ADMINISTRATOR, "k1", path, &json!({})).await.status, 201);
    let again = named(&bench, ADMINISTRATOR, "k1", path, &json!({})).await;
    insta::assert_snapshot!(again.problem(), @"409 this call was answered before, with a secret that is shown once [call again with a new idempotency key; the former secret then no longer counts]");
    let empty = named(&bench, ADMINISTRATOR, "", path, &json!({})).await;
    insta::assert_snapshot!(empty.problem(), @"400 `idempotency-key` has 1 to 200 characters");
}

#[tokio::test]
async fn an_answer_without_a_body_is_repeated_too() {
    let bench = Bench::surveyed().await;
    let remove = || {
        let mut request = Request::delete("/api/v1/sources/main")
            .header("idempotency-key", "k1")
            .body(Body::empty())
            .unwrap();
        request.extensions_mut().insert(Peer::Local { uid: ADMINISTRATOR });
        request
    };
    assert_eq!(bench.send(remove()).await.status, 204);
    let again = bench.send(remove()).await;
    assert_eq!((again.status, again.headers["idempotency-replayed"].to_str().unwrap()), (204, "true"));
}
