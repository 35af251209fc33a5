//! Systems that post their tickets: only what their secret signed is heard, once, and nothing older than what is known.
//!
//! Must never find a claim of somebody who holds no secret. Next: `flow.rs`, tickets as files.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, HOOK_SECRET, HUB_SECRET, Reply, from_network};
use axum::body::Body;
use serde_json::{Value, json};
use std::time::Duration;
use tenure_events::SigningSecret;
use tenure_model::Instant;

const SNOW: &str = "/api/v1/ticket-hooks/snow";
const JIRA: &str = "/api/v1/ticket-hooks/jira";

async fn post(bench: &Bench, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = from_network("POST", path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    bench.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// Signed by `snow`, at an instant.
async fn signed_at(bench: &Bench, body: &Value, at: Instant) -> Reply {
    let (body, seconds) = (body.to_string(), at.as_micros().div_euclid(1_000_000));
    let signature = SigningSecret::new(HOOK_SECRET).unwrap().sign("post-1", seconds, body.as_bytes());
    let timestamp = seconds.to_string();
    let headers = [
        ("webhook-id", "post-1"),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    post(bench, SNOW, &headers, &body).await
}

pub(crate) async fn signed(bench: &Bench, body: &Value) -> Reply {
    signed_at(bench, body, bench.engine.now()).await
}

/// A ticket about `billing`, as its system says it at this instant of the day.
pub(crate) fn ticket(key: &str, state: &str, time: &str) -> Value {
    json!({
        "key": key, "state": state, "identity": "main/billing", "title": "end it", "closed": "2026-11-20T09:00:00Z",
        "updated": format!("2026-11-21T{time}Z"),
    })
}

async fn listed(bench: &Bench) -> Vec<Value> {
    bench.get(AUDITOR, "/api/v1/tickets").await.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_was_signed_is_a_claim_and_what_comes_twice_or_late_changes_nothing() {
    let bench = Bench::surveyed().await;
    let heard = async |state: &str, time: &str| {
        let reply = signed(&bench, &ticket("CHG-1", state, time)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["heard"].as_str().unwrap().to_owned()
    };
    assert_eq!(heard("closed", "10:00:00").await, "added");
    let one = listed(&bench).await.remove(0);
    assert_eq!(
        (&one["system"], &one["outcome"], &one["identity_name"]),
        (&json!("snow"), &json!("alive"), &json!("main/billing"))
    );
    assert_eq!(one["said"], "2026-11-21T10:00:00Z");
    assert_eq!(heard("closed", "10:00:00").await, "older", "sent again");
    assert_eq!(heard("open", "09:59:59").await, "older", "overtaken");
    assert_eq!(listed(&bench).await[0]["state"], "closed");
    assert_eq!(heard("closed", "10:00:01").await, "same");
    assert_eq!(heard("open", "10:00:02").await, "changed", "its system took it back");
    assert_eq!(heard("closed", "10:00:01").await, "older", "and nobody else does");
    let entries = bench.get(ADMINISTRATOR, "/api/v1/evidence/entries").await.text();
    assert_eq!(entries.matches("ticket.heard").count(), 2, "{entries}");
}

#[tokio::test]
async fn nobody_is_heard_who_holds_no_secret() {
    let bench = Bench::surveyed().await;
    let body = ticket("CHG-2", "closed", "10:00:00");
    let now = bench.engine.now();
    let (text, seconds) = (body.to_string(), now.as_micros().div_euclid(1_000_000).to_string());
    let secret = SigningSecret::new(HOOK_SECRET).unwrap();
    let right = secret.sign("post-1", seconds.parse().unwrap(), text.as_bytes());
    let other = SigningSecret::new("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let wrong = other.sign("post-1", seconds.parse().unwrap(), text.as_bytes());
    let (id, time) = (("webhook-id", "post-1"), ("webhook-timestamp", seconds.as_str()));
    let token = bench.post(ADMINISTRATOR, "/api/v1/people/administrator/token", &json!({})).await.json();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let mut texts = Vec::new();
    for (path, headers) in [
        (SNOW, vec![]),
        (SNOW, vec![id, time, ("webhook-signature", wrong.as_str())]),
        (SNOW, vec![id, time, ("webhook-signature", right.as_str()), ("webhook-signature", right.as_str())]),
        (SNOW, vec![("webhook-id", "post-2"), time, ("webhook-signature", right.as_str())]),
        (SNOW, vec![("authorization", bearer.as_str())]),
        (JIRA, vec![id, time, ("webhook-signature", right.as_str())]),
        ("/api/v1/ticket-hooks/nothing", vec![id, time, ("webhook-signature", right.as_str())]),
        ("/api/v1/ticket-hooks/nothing", vec![]),
    ] {
        let refused = post(&bench, path, &headers, &text).await;
        assert_eq!(refused.status, 401, "{path}: {}", refused.text());
        texts.push(refused.json()["detail"].clone());
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "which systems there are is not said: {texts:?}");
    for apart in [301, 3_600] {
        assert_eq!(signed_at(&bench, &body, now.minus(Duration::from_secs(apart))).await.status, 401);
        assert_eq!(signed_at(&bench, &body, now.plus(Duration::from_secs(apart))).await.status, 401);
    }
    assert!(listed(&bench).await.is_empty());
    // The twin.
    let headers = [id, time, ("webhook-signature", right.as_str())];
    assert_eq!(post(&bench, SNOW, &headers, &text).await.status, 200);
    assert_eq!(listed(&bench).await.len(), 1);
}

#[tokio::test]
async fn jira_posts_its_own_form_signed_its_own_way() {
    let bench = Bench::surveyed().await;
    let body = json!({
        "webhookEvent": "jira:issue_updated",
        "issue": { "key": "OPS-3", "self": "https://jira.example.com/rest/api/2/1", "fields": {
            "summary": "end billing", "updated": "2026-11-21T10:00:00.000+0000", "resolutiondate": "2026-11-20T10:00:00.000+0000",
            "status": { "name": "Done", "statusCategory": { "key": "done" } }, "customfield_1": "main/billing",
        } },
    })
    .to_string();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, HUB_SECRET.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, body.as_bytes());
    let digits = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let signature = format!("sha256={digits}");
    let headers = [("x-hub-signature", signature.as_str())];
    let heard = post(&bench, JIRA, &headers, &body).await;
    assert_eq!(heard.json()["heard"], "added", "{}", heard.text());
    assert_eq!(listed(&bench).await[0]["url"], "https://jira.example.com/browse/OPS-3");
    assert_eq!(post(&bench, JIRA, &headers, &body).await.json()["heard"], "older", "sent again");
    assert_eq!(post(&bench, JIRA, &headers, &body.replace("OPS-3", "OPS-4")).await.status, 401);
}

#[tokio::test]
async fn what_is_signed_and_wrong_is_said_and_kept_nowhere() {
    let bench = Bench::surveyed().await;
    for (body, expected) in [
        (json!({ "key": "CHG-3" }), "missing field `state`"),
        (json!({ "key": "CHG-3", "state": "closed", "updated": "soon" }), "`updated` is no instant"),
        (json!({ "key": "CHG-3", "state": "open", "updated": "2030-01-01T00:00:00Z" }), "has not come yet"),
        (
            json!({ "key": "CHG-3", "state": "closed", "updated": "2026-11-21T10:00:00Z" }),
            "does not say when",
        ),
    ] {
        let refused = signed(&bench, &body).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains(expected), "{}", refused.text());
    }
    let key = "MC4CAQAwBQYDK2VwBCIEIA".repeat(3);
    let title = json!({
        "key": "CHG-4", "state": "open", "updated": "2026-11-21T10:00:00Z",
        "title": format!("use -----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----"),
    });
    assert_eq!(signed(&bench, &title).await.status, 200);
    let kept = listed(&bench).await;
    assert!(kept.len() == 1 && !kept[0].to_string().contains("MC4CAQAw"), "{kept:?}");
    let large = json!({ "key": "CHG-5", "state": "open", "title": "x".repeat(300_000) });
    assert_eq!(signed(&bench, &large).await.status, 413);
}
