//! Codes, sessions, tokens, and what a session may do from where.

use crate::bench::{ADMINISTRATOR, Bench, OPERATOR, Reply, from_network};
use axum::body::Body;
use serde_json::json;
use std::time::Duration;

pub(crate) async fn sign_in(bench: &Bench, code: &str) -> Reply {
    let request = from_network("POST", "/sign-in")
        .header("origin", "http://127.0.0.1:8420")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("code={code}")))
        .unwrap();
    bench.send(request).await
}

/// The session's name and value, as a browser sends it back.
pub(crate) fn cookie(signed_in: &Reply) -> String {
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
    signed_in.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

pub(crate) async fn code(bench: &Bench) -> String {
    let made = bench.post(OPERATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    made["code"].as_str().unwrap().to_owned()
}

async fn as_session(bench: &Bench, session: &str, method: &str, path: &str, origin: Option<&str>) -> Reply {
    let mut request = from_network(method, path).header("cookie", format!("other=1; {session}"));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    bench.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_code_works_once_and_a_session_ends() {
    let bench = Bench::surveyed().await;
    let code = code(&bench).await;
    let signed_in = sign_in(&bench, &code).await;
    let set = signed_in.headers["set-cookie"].to_str().unwrap();
    assert!(set.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"), "{set}");
    let session = cookie(&signed_in);
    assert_eq!(as_session(&bench, &session, "GET", "/", None).await.status, 200);
    assert_eq!(
        as_session(&bench, &session, "GET", "/api/v1/status", None).await.json()["person"]["name"],
        "operator"
    );
    assert_eq!(sign_in(&bench, &code).await.status, 401, "a code works once");

    bench.clock.advance(Duration::from_secs(12 * 3600 - 1));
    assert_eq!(as_session(&bench, &session, "GET", "/", None).await.status, 200);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(as_session(&bench, &session, "GET", "/", None).await.status, 303);
    assert_eq!(as_session(&bench, &session, "GET", "/api/v1/status", None).await.status, 401);
}

#[tokio::test]
async fn a_code_is_too_old_after_ten_minutes() {
    let bench = Bench::empty().await;
    let (first, second) = (code(&bench).await, code(&bench).await);
    bench.clock.advance(Duration::from_secs(599));
    assert_eq!(sign_in(&bench, &first.replace('-', "")).await.status, 303);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(sign_in(&bench, &second).await.status, 401);
}

#[tokio::test]
async fn wrong_codes_from_anybody_never_keep_a_right_one_out() {
    let bench = Bench::empty().await;
    let good = [code(&bench).await, code(&bench).await];
    let wrong = async || sign_in(&bench, "1111-1111-1111").await;
    for _ in 0..5 {
        assert_eq!(wrong().await.status, 401);
    }
    let slowed = wrong().await;
    assert_eq!(slowed.status, 429);
    assert!(slowed.text().contains("too many wrong codes are being tried; a right one still works"));
    assert_eq!(sign_in(&bench, &good[0]).await.status, 303);
    assert_eq!(sign_in(&bench, &good[0]).await.status, 429, "it worked once, and is wrong now");
    for _ in 0..100 {
        assert_eq!(wrong().await.status, 429);
    }
    assert_eq!(sign_in(&bench, &good[1]).await.status, 303, "nor do they void it");
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(wrong().await.status, 401);
}

#[tokio::test]
async fn a_session_changes_something_only_from_our_own_pages() {
    let bench = Bench::empty().await;
    let session = cookie(&sign_in(&bench, &code(&bench).await).await);
    let make = "/api/v1/programme/check";
    let ours = Some("http://127.0.0.1:8420");
    let own = as_session(&bench, &session, "POST", make, ours).await.status;
    assert_ne!(own, 403, "what it sends is looked at");
    // A session that made codes would outlive its own end.
    let code = as_session(&bench, &session, "POST", "/api/v1/sign-in-codes", ours).await;
    assert!(code.status == 403 && code.text().contains("a session makes no code"), "{}", code.text());
    for foreign in [None, Some("http://evil.example"), Some("null"), Some("http://localhost:8420")] {
        assert_eq!(as_session(&bench, &session, "POST", make, foreign).await.status, 403, "{foreign:?}");
    }
    let out = as_session(&bench, &session, "POST", "/sign-out", ours).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(as_session(&bench, &session, "GET", "/api/v1/status", None).await.status, 401);
}

#[tokio::test]
async fn a_second_token_counts_beside_the_first() {
    let bench = Bench::empty().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let made = bench.post(ADMINISTRATOR, "/api/v1/people/auditor/token", &json!({})).await;
        assert_eq!((made.status, made.headers["cache-control"].to_str().unwrap()), (201, "no-store"));
        tokens.push(made.json()["token"].as_str().unwrap().to_owned());
    }
    let mut statuses = Vec::new();
    for token in &tokens {
        let request =
            from_network("GET", "/api/v1/status").header("authorization", format!("bearer {token}"));
        statuses.push(bench.send(request.body(Body::empty()).unwrap()).await.status);
    }
    assert_eq!(statuses, [200, 200]);
}
