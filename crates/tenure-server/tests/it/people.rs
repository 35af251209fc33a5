//! People leave: what they had no longer counts, and somebody is always left who administers.
//!
//! What becomes of what they owned and approved is tested in `tenure-engine`.

use crate::{
    bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, from_network},
    sign_in::{cookie, sign_in},
};
use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::json;
use tenure_server::Peer;
use tower::ServiceExt as _;

async fn status_with(bench: &Bench, header: (&str, &str)) -> u16 {
    let request = from_network("GET", "/api/v1/status").header(header.0, header.1);
    bench.send(request.body(Body::empty()).unwrap()).await.status
}

async fn bearer(bench: &Bench, name: &str) -> String {
    let made = bench.post(ADMINISTRATOR, &format!("/api/v1/people/{name}/token"), &json!({})).await;
    format!("Bearer {}", made.json()["token"].as_str().unwrap())
}

async fn newest_entry(bench: &Bench) -> serde_json::Value {
    bench.get(ADMINISTRATOR, "/api/v1/evidence/entries?limit=1").await.json()["items"][0].clone()
}

#[tokio::test]
async fn of_a_person_who_is_removed_nothing_counts_any_more() {
    let bench = Bench::empty().await;
    let token = bearer(&bench, "operator").await;
    let code = async || {
        let made = bench.post(OPERATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
        made["code"].as_str().unwrap().to_owned()
    };
    let session = cookie(&sign_in(&bench, &code().await).await);
    let unused = code().await;
    assert_eq!(status_with(&bench, ("authorization", &token)).await, 200);
    assert_eq!(status_with(&bench, ("cookie", &session)).await, 200);

    let path = "/api/v1/people/operator";
    assert_eq!(bench.call(AUDITOR, "DELETE", path, None).await.status, 403);
    let told = bench.get(AUDITOR, &format!("{path}/leaving")).await.json();
    assert_eq!((&told["kept_because"], &told["owned_count"]), (&json!(null), &json!(0)));
    let removed = bench.call(ADMINISTRATOR, "DELETE", path, None).await;
    assert_eq!((removed.status, removed.json()), (200, told), "it happens as it was told");
    let entry = newest_entry(&bench).await;
    assert!(entry.to_string().contains("person.removed"), "{entry}");
    assert_eq!(status_with(&bench, ("authorization", &token)).await, 401);
    assert_eq!(status_with(&bench, ("cookie", &session)).await, 401);
    assert_eq!(sign_in(&bench, &unused).await.status, 401, "nor does a code that was not used yet");
    assert_eq!(bench.get(OPERATOR, "/api/v1/status").await.status, 403);
    let listed = bench.get(ADMINISTRATOR, "/api/v1/people").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", path, None).await.status, 404);

    let again = json!({ "name": "operator", "role": "auditor", "local_uid": OPERATOR });
    let again = bench.post(ADMINISTRATOR, "/api/v1/people", &again).await;
    assert_eq!(again.status, 201, "name and account are free again: {}", again.text());
    assert_eq!(status_with(&bench, ("authorization", &token)).await, 401, "another person of that name");
}

#[tokio::test]
async fn a_token_is_withdrawn_and_a_role_changed_at_once() {
    let bench = Bench::empty().await;
    let token = bearer(&bench, "auditor").await;
    let made = from_network("POST", "/api/v1/sign-in-codes").header("authorization", &token);
    let code = bench.send(made.body(Body::empty()).unwrap()).await.json();
    let session = cookie(&sign_in(&bench, code["code"].as_str().unwrap()).await);
    assert_eq!(status_with(&bench, ("cookie", &session)).await, 200);
    let withdraw = async || bench.call(ADMINISTRATOR, "DELETE", "/api/v1/people/auditor/token", None).await;
    assert_eq!(withdraw().await.status, 204);
    assert!(newest_entry(&bench).await.to_string().contains("person.token_revoked"));
    assert_eq!(status_with(&bench, ("authorization", &token)).await, 401);
    assert_eq!(status_with(&bench, ("cookie", &session)).await, 401, "nor what was opened with it");
    insta::assert_snapshot!(withdraw().await.problem(), @"404 there is no token for `auditor`");
    assert_eq!(bench.get(AUDITOR, "/api/v1/status").await.status, 200, "the account of this machine stays");

    let role = json!({ "role": "administrator" });
    let path = "/api/v1/people/auditor/role";
    assert_eq!(bench.call(AUDITOR, "PUT", path, Some(&role)).await.status, 403);
    let changed = bench.call(ADMINISTRATOR, "PUT", path, Some(&role)).await;
    assert_eq!((changed.status, &changed.json()["role"]), (200, &json!("administrator")));
    assert!(newest_entry(&bench).await.to_string().contains("person.role_changed"));
    let now_allowed = bench.call(AUDITOR, "DELETE", "/api/v1/people/owner", None).await;
    assert_eq!(now_allowed.status, 200);
}

#[tokio::test]
async fn somebody_is_always_left_who_administers() {
    let bench = Bench::empty().await;
    let remove = async |uid, name: &str| {
        let reply = bench.call(uid, "DELETE", &format!("/api/v1/people/{name}"), None).await;
        if reply.status == 200 { String::from("200") } else { reply.problem() }
    };
    let make = async |name: &str, role: &str| {
        let path = format!("/api/v1/people/{name}/role");
        let reply = bench.call(ADMINISTRATOR, "PUT", &path, Some(&json!({ "role": role }))).await;
        if reply.status == 200 { String::from("200") } else { reply.problem() }
    };
    insta::assert_snapshot!(remove(ADMINISTRATOR, "administrator").await, @"422 nobody removes themselves; another administrator does that");
    insta::assert_snapshot!(make("administrator", "auditor").await, @"409 this is the last administrator; make somebody else one first");
    assert_eq!(make("operator", "administrator").await, "200");
    assert_eq!(make("administrator", "auditor").await, "200", "now another one is left");
    let told = bench.get(OPERATOR, "/api/v1/people/operator/leaving").await.json();
    insta::assert_snapshot!(told["kept_because"].as_str().unwrap(), @"nobody removes themselves; another administrator does that");
    let told = bench.get(AUDITOR, "/api/v1/people/operator/leaving").await.json();
    insta::assert_snapshot!(told["kept_because"].as_str().unwrap(), @"this is the last administrator; make somebody else one first");
    assert_eq!(remove(OPERATOR, "administrator").await, "200");
    let size = bench.get(OPERATOR, "/api/v1/evidence").await.json()["size"].clone();
    assert!(make("operator", "owner").await.starts_with("403 "), "the former one is nobody now");
    assert_eq!(bench.get(OPERATOR, "/api/v1/evidence").await.json()["size"], size);
}

#[tokio::test]
async fn whoever_watches_a_plan_sees_nothing_more_of_it_once_they_are_removed() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("disable", "billing").await["plan"].clone();
    let path = format!("/api/v1/plans/{}", plan["handle"].as_str().unwrap());
    let (events, apply) = (format!("{path}/events"), format!("{path}/apply"));
    let mut request = http::Request::builder().uri(events).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer::Local { uid: AUDITOR });
    let mut stream = bench.router.clone().oneshot(request).await.unwrap().into_body();
    let first = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&first).contains(r#""state":"proposed""#), "{first:?}");

    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", "/api/v1/people/auditor", None).await.status, 200);
    let digest = json!({ "digest": plan["digest"] });
    assert_eq!(bench.post(ADMINISTRATOR, &apply, &digest).await.status, 202);
    // It ends by itself: the plan does not settle here, so nothing else would end it.
    let rest = stream.collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&rest).contains(r#""state":"approved""#), "{rest:?}");
}
