//! Ownership over the API: each answer is held against the OpenAPI document, and roles get what is theirs.

use crate::bench::{AUDITOR, Bench, OPERATOR, OWNER};
use serde_json::{Value, json};

async fn identity(bench: &Bench, name: &str) -> Value {
    bench.get(OPERATOR, &format!("/api/v1/identities/{name}")).await.json()["identity"]["id"].clone()
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect()
}

#[tokio::test]
async fn a_rule_is_looked_at_then_claimed_and_what_is_owned_stays() {
    let bench = Bench::surveyed().await;
    let owned = json!({ "technical_owner": "operator" });
    bench.call(OPERATOR, "PUT", "/api/v1/identities/billing/charter", Some(&owned)).await;
    let meant = bench.get(OWNER, "/api/v1/claimable?rule=source:main%20kind:account").await.json();
    assert!(names(&meant).contains(&"main/billing") && names(&meant).contains(&"main/reporting"), "{meant}");
    let wish = async |name: &str| json!({ "identity": identity(&bench, name).await });
    let claims = json!({
        "rule": "kind:account",
        "claims": [wish("billing").await, wish("reporting").await, wish("root").await],
    });
    assert_eq!(bench.post(AUDITOR, "/api/v1/claims", &claims).await.status, 403);
    let made = bench.post(OWNER, "/api/v1/claims", &claims).await.json();
    let claimed: Vec<(&str, bool)> = made["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["claimed"].as_bool().unwrap()))
        .collect();
    assert_eq!(claimed, [("main/billing", false), ("main/reporting", true), ("main/root", false)], "{made}");
}

#[tokio::test]
async fn what_is_passed_on_waits_for_whoever_was_asked_and_pages_go_on() {
    let bench = Bench::surveyed().await;
    let said = json!({ "ask": "owner", "reason": "of the data team" });
    let reply = bench.post(OPERATOR, "/api/v1/identities/reporting/not-mine", &said).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let waiting = bench.get(OWNER, "/api/v1/suggestions?passed=true").await.json();
    assert_eq!(names(&waiting), ["main/reporting"]);
    assert_eq!(waiting["items"][0]["suggestions"][0]["person_name"], "owner", "{waiting}");
    assert_eq!(waiting["items"][0]["passed"][0]["by"], "operator");
    assert!(names(&bench.get(OPERATOR, "/api/v1/suggestions?passed=true").await.json()).is_empty());
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = bench.get(OWNER, &format!("/api/v1/suggestions?limit=1{after}")).await.json();
        all.extend(names(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let whole = bench.get(OWNER, "/api/v1/suggestions").await.json();
    assert_eq!(all, names(&whole));
    assert!(all.len() > 1, "{all:?}");
}

#[tokio::test]
async fn charters_are_taken_out_and_brought_back() {
    let bench = Bench::surveyed().await;
    let owned = json!({ "technical_owner": "owner", "purpose": "reports" });
    bench.call(OPERATOR, "PUT", "/api/v1/identities/reporting/charter", Some(&owned)).await;
    let taken = bench.get(AUDITOR, "/api/v1/charters").await.json();
    assert_eq!(names(&taken), ["main/reporting"]);
    let item = &taken["items"][0];
    let mut charter = item["charter"].clone();
    charter["purpose"] = json!("reports of the month");
    let given = json!({ "identity": item["identity"], "as_of": item["as_of"], "charter": charter });
    for (write, state) in [(false, "differs"), (true, "written"), (true, "same")] {
        let body = json!({ "write": write, "charters": [given] });
        let told = bench.post(OWNER, "/api/v1/charters", &body).await.json();
        assert_eq!(told["charters"][0]["state"], state, "{told}");
    }
    let body = json!({ "write": true, "charters": [given] });
    assert_eq!(bench.post(AUDITOR, "/api/v1/charters", &body).await.status, 403);
}
