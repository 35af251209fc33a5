//! Looking up a pasted string: who is told what, how often, and that nothing of it stays.
//!
//! Values of the chaos world stand for secrets. What is unknown must be nowhere afterwards: not in an answer, a
//! file or a log, neither itself nor its fingerprint. Next: `../../src/api/find.rs`.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER, VALUE_CANARY};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_model::PersonId;

/// A string that nobody holds, in the form of an access key; it must stay nowhere.
const UNKNOWN: &str = "UnknownCanary0003-q8Zr41Lk";

async fn find(bench: &Bench, uid: u32, string: &str) -> Value {
    let reply = bench.post(uid, "/api/v1/find", &json!({ "string": string })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.headers["cache-control"], "no-store");
    reply.json()
}

fn files_below(path: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

fn holds(content: &[u8], sought: &str) -> bool {
    content.windows(sought.len()).any(|window| window == sought.as_bytes())
}

/// Everything below the data directory.
fn kept(bench: &Bench) -> Vec<u8> {
    let mut files = Vec::new();
    files_below(bench.directory.path(), &mut files);
    files.iter().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect()
}

#[tokio::test]
async fn a_known_value_leads_to_its_identity_however_it_is_pasted() {
    let bench = Bench::surveyed().await;
    let charter = json!({ "technical_owner": "owner", "purpose": "reports" });
    bench.call(OPERATOR, "PUT", "/api/v1/identities/reporting/charter", Some(&charter)).await;
    for pasted in [
        String::from(VALUE_CANARY),
        format!("# settings\nexport PGPASSWORD='{VALUE_CANARY}'\n"),
        json!({ "a": [{ "password": VALUE_CANARY }] }).to_string(),
        format!("postgres://reporting:{VALUE_CANARY}@db/shop"),
        format!("Authorization: Bearer {VALUE_CANARY}"),
    ] {
        let found = find(&bench, OPERATOR, &pasted).await;
        assert_eq!(found["known"], true, "{found}");
        let known: Vec<&Value> = found["secrets"].as_array().unwrap().iter().collect();
        let credential = known.iter().find_map(|one| one["credentials"].get(0)).unwrap();
        assert_eq!(credential["holder"], "main/reporting");
        assert_eq!(credential["owners"], json!(["owner"]));
        assert_eq!(credential["rights"][0]["resource"], "shop/table/orders");
        assert_eq!((&credential["state"], &credential["presence"]), (&json!("live"), &json!("present")));
        assert!(!found.to_string().contains(VALUE_CANARY));
    }
}

#[tokio::test]
async fn a_value_that_nearly_is_one_is_unknown_and_it_is_said_what_would_not_be_recognised() {
    let bench = Bench::surveyed().await;
    for pasted in [format!("{VALUE_CANARY}x"), VALUE_CANARY.to_lowercase(), UNKNOWN.to_owned()] {
        let found = find(&bench, OPERATOR, &pasted).await;
        assert_eq!((&found["known"], found["secrets"].as_array().unwrap().len()), (&json!(false), 1));
        assert_eq!(found["not_recognisable"], json!(["values that were there before the last survey"]));
    }
    assert_eq!(find(&bench, OPERATOR, UNKNOWN).await["secrets"][0]["shown"], "26 characters");
}

#[tokio::test]
async fn a_value_stays_known_after_its_fingerprint_key_was_rotated_and_goes_with_the_key() {
    let bench = Bench::surveyed().await;
    let rotated = bench.post(ADMINISTRATOR, "/api/v1/keys/fingerprint/rotate", &json!({})).await;
    assert!(rotated.status < 300, "{}", rotated.text());
    assert_eq!(find(&bench, OPERATOR, VALUE_CANARY).await["known"], true);
}

#[tokio::test]
async fn a_token_of_this_deployment_is_told_as_one() {
    let bench = Bench::surveyed().await;
    let token = bench.post(ADMINISTRATOR, "/api/v1/people/auditor/token", &json!({})).await.json();
    let found = find(&bench, OPERATOR, token["token"].as_str().unwrap()).await;
    assert_eq!((&found["known"], &found["secrets"][0]["our_token_of"]), (&json!(true), &json!("auditor")));
}

#[tokio::test]
async fn of_an_unknown_string_nothing_stays_and_the_look_up_is_recorded() {
    let bench = Bench::surveyed().await;
    let before = bench.get(AUDITOR, "/api/v1/evidence").await.json()["size"].as_i64().unwrap();
    find(&bench, AUDITOR, UNKNOWN).await;
    // A key of a repeated call would keep a fingerprint of the call: this one is never kept.
    let mut request = http::Request::builder()
        .method("POST")
        .uri("/api/v1/find")
        .header("content-type", "application/json")
        .header("idempotency-key", "find-1")
        .body(axum::body::Body::from(json!({ "string": UNKNOWN }).to_string()))
        .unwrap();
    request.extensions_mut().insert(tenure_server::Peer::Local { uid: AUDITOR });
    let again = bench.send(request).await;
    assert_eq!((again.status, again.headers.get("idempotency-replayed")), (200, None));
    let status = bench.get(AUDITOR, "/api/v1/status").await.json();
    let person: PersonId = status["person"]["id"].as_str().unwrap().parse().unwrap();
    let answer = bench.engine.store().read("answer", move |tx| tx.answer(person, "find-1")).await.unwrap();
    assert_eq!(answer, None);
    let entries = bench.get(AUDITOR, "/api/v1/evidence/entries?limit=500").await.text();
    assert_eq!(entries.matches("secret.looked_up").count(), 2, "{entries}");
    let after = bench.get(AUDITOR, "/api/v1/evidence").await.json()["size"].as_i64().unwrap();
    assert_eq!(after - before, 2);
    assert!(!holds(&bench.said(), UNKNOWN) && !holds(&kept(&bench), UNKNOWN));
}

#[tokio::test]
async fn no_fingerprint_of_an_unknown_string_stays_and_that_of_a_known_one_is_where_it_was() {
    let bench = Bench::surveyed().await;
    find(&bench, OPERATOR, UNKNOWN).await;
    let (kept_then, said_then) = (kept(&bench), bench.said());
    // Only now somebody holds it, so that a survey shows what its fingerprint is.
    bench.world.add(ChaosPrincipal::account("late", UNKNOWN));
    bench.survey("main").await;
    let credentials = bench.get(AUDITOR, "/api/v1/credentials").await.json();
    let mark = |holder: &str| {
        let found = credentials["items"].as_array().unwrap().iter().find(|one| one["holder"] == holder);
        found.unwrap()["fingerprint"].as_str().unwrap().to_owned()
    };
    assert!(holds(&kept_then, &mark("main/reporting")), "the search finds what is there");
    assert!(!holds(&kept_then, &mark("main/late")) && !holds(&said_then, &mark("main/late")));
    assert_eq!(find(&bench, OPERATOR, UNKNOWN).await["known"], true);
}

#[tokio::test]
async fn an_owner_may_not_try_strings_and_nobody_may_without_end() {
    let bench = Bench::surveyed().await;
    let body = json!({ "string": UNKNOWN });
    assert_eq!(bench.post(OWNER, "/api/v1/find", &body).await.status, 403);
    let mut refused = None;
    for _ in 0..=20 {
        let reply = bench.post(OPERATOR, "/api/v1/find", &body).await;
        refused = (reply.status != 200).then_some(reply);
    }
    insta::assert_snapshot!(refused.unwrap().problem(), @"429 20 strings a minute are looked up for one person; this one was not [wait a minute; several secrets may be pasted as one text]");
    assert_eq!(bench.post(AUDITOR, "/api/v1/find", &body).await.status, 200, "another person");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let bench = Bench::surveyed().await;
    bench.break_disk();
    let reply = bench.post(OPERATOR, "/api/v1/find", &json!({ "string": VALUE_CANARY })).await;
    assert!(reply.status >= 500 && !reply.text().contains("reporting"), "{}", reply.text());
}
