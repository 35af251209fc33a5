//! Calls that name themselves are carried out once.
//!
//! Answers are kept for a day and told only to whoever was given them, in the same role. Must never carry a call out twice.

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
    insta::assert_snapshot!(clash.problem(), @"422 this idempotency key was used for another call, or in another role; choose a new one");
    bench.clock.advance(Duration::from_hours(24));
    let late = named(&bench, OPERATOR, "k1", "/api/v1/plans", &changed).await;
    assert_eq!(late.status, 201, "after a day a key is forgotten");
}

#[tokio::test]
async fn of_calls_sent_at_once_under_one_key_one_is_carried_out_and_all_get_its_answer() {
    let bench = Bench::surveyed().await;
    let plan = json!({ "kind": "disable", "identity": "billing", "reason": "x" });
    let send = || named(&bench, OPERATOR, "k1", "/api/v1/plans", &plan);
    let first = futures::future::join_all((0..16).map(|_| send())).await;
    let (done, waiting): (Vec<_>, Vec<_>) = first.iter().partition(|reply| reply.status == 201);
    assert!(!done.is_empty());
    for reply in &waiting {
        let expected = "409 a call with this idempotency key is under way \
                        [send it again later: it then gets that call's answer]";
        assert_eq!(reply.problem(), expected);
    }
    let again = send().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert!(done.iter().all(|reply| reply.body == again.body), "one call, one answer");
    let plans = bench.get(OPERATOR, "/api/v1/plans").await.json();
    assert_eq!(plans["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_is_not_told_again_to_whoever_was_given_another_role_since() {
    let bench = Bench::surveyed().await;
    let plan = json!({ "kind": "disable", "identity": "billing", "reason": "x" });
    let again = async || named(&bench, OPERATOR, "k1", "/api/v1/plans", &plan).await;
    assert_eq!((again().await.status, again().await.status), (201, 201));
    let mut request = Request::put("/api/v1/people/operator/role")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"role":"auditor"}"#))
        .unwrap();
    request.extensions_mut().insert(Peer::Local { uid: ADMINISTRATOR });
    let became = bench.send(request).await;
    assert_eq!(became.status, 200, "{}", became.text());
    let refused = again().await;
    assert_eq!(refused.status, 422, "{}", refused.text());
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

/// A crash between a verb's commit and the keeping of its answer forgets the key: the same call is then
/// carried out again, as under a new key. This is what each verb answers to that (docs/api.md says the same).
#[tokio::test]
async fn a_call_whose_answer_was_forgotten_does_no_harm_when_it_is_made_again() {
    let bench = Bench::surveyed().await;
    let mut keys = 0;
    let mut twice = async |uid: u32, path: String, body: Value| {
        keys += 2;
        let first = named(&bench, uid, &format!("k{keys}"), &path, &body).await;
        assert!(first.status < 300, "{path}: {}", first.text());
        let again = named(&bench, uid, &format!("k{}", keys + 1), &path, &body).await;
        (first, again)
    };
    // Two plans, of which nobody has decided anything; only one of them can be at work.
    let wish = json!({ "kind": "disable", "identity": "billing", "reason": "x" });
    let (first, again) = twice(OPERATOR, String::from("/api/v1/plans"), wish).await;
    assert_eq!(again.status, 201);
    let apply = |reply: &Reply| {
        let plan = reply.json()["plan"].clone();
        (
            format!("/api/v1/plans/{}/apply", plan["handle"].as_str().unwrap()),
            json!({ "digest": plan["digest"] }),
        )
    };
    let ((one, digest), (other, other_digest)) = (apply(&first), apply(&again));
    let (_, repeated) = twice(OPERATOR, one.clone(), digest).await;
    assert_eq!(repeated.status, 409, "a plan is approved once: {}", repeated.text());
    let second = named(&bench, OPERATOR, "other", &other, &other_digest).await;
    assert!(second.problem().contains("is at work on it already"), "{}", second.text());
    let (_, withdrawn) = twice(OPERATOR, other.replace("apply", "withdraw"), json!({})).await;
    assert_eq!(withdrawn.status, 409, "{}", withdrawn.text());
    // Names are taken once.
    let person = json!({ "name": "ci", "role": "auditor" });
    let (_, person) = twice(ADMINISTRATOR, String::from("/api/v1/people"), person).await;
    assert_eq!(person.status, 409, "{}", person.text());
    let source = json!({
        "name": "again", "system": "chaos", "points": [{ "name": "primary", "url": "chaos:primary" }],
    });
    let (_, source) = twice(ADMINISTRATOR, String::from("/api/v1/sources"), source).await;
    assert_eq!(source.status, 409, "{}", source.text());
    // The newer of two tokens counts, and of two keys the newer is current.
    let (former, token) = twice(ADMINISTRATOR, String::from("/api/v1/people/ci/token"), json!({})).await;
    assert_ne!(former.json()["token"], token.json()["token"]);
    let (_, key) = twice(ADMINISTRATOR, String::from("/api/v1/keys/sealing/rotate"), json!({})).await;
    assert_eq!((key.status, &key.json()["current"]), (201, &json!(true)));
}
