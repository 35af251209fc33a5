//! Owning, judging and the evidence of both.

use crate::bench::{Bench, actor};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::CharterChange;
use tenure_model::{Environment, Standing};

#[tokio::test]
async fn owning_enrols_and_a_wrong_owner_is_refused() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let unknown = CharterChange { business_owner: Some(String::from("nobody")), ..CharterChange::default() };
    let refused = engine.own(actor(engine).await, "reporting", unknown).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no person `nobody`");
    let past = CharterChange { expires_at: Some(crate::bench::start()), ..CharterChange::default() };
    let refused = engine.own(actor(engine).await, "reporting", past).await.unwrap_err();
    assert!(refused.to_string().starts_with("the end lies in the past"), "{refused}");

    let change = CharterChange {
        purpose: Some(String::from("nightly report")),
        environment: Some(Environment::Production),
        rotation_days: Some(30),
        ..CharterChange::default()
    };
    engine.own(actor(engine).await, "reporting", change).await.unwrap();
    engine.judge_touched().await.unwrap();
    let shown = engine.show("reporting").await.unwrap();
    assert_ne!(shown.identity.standing, Standing::Unclaimed);
    assert_eq!(shown.owners, ["asha"]);
    assert!(shown.questions[0].text.starts_with("nightly report"));
}

#[tokio::test]
async fn an_equal_value_is_a_finding_of_both_holders() {
    let mut bench = Bench::new();
    bench.world.add(ChaosPrincipal::account("twin", crate::bench::PLANTED));
    let deployment = bench.surveyed().await;
    let findings = deployment.engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    let holders: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.policy == "weak_or_reused_password")
        .map(|finding| finding.identity_name.as_str())
        .collect();
    assert_eq!(holders.len(), 2, "{findings:#?}");
    assert!(holders.contains(&"main/twin") && holders.contains(&"main/reporting"), "{holders:?}");
}

#[tokio::test]
async fn every_decision_is_in_the_log_and_no_name_is() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    engine.own(actor(engine).await, "reporting", CharterChange::default()).await.unwrap();
    let entries = engine.log_page(None, 1_000).await.unwrap();
    let kinds: Vec<&str> = entries.iter().rev().map(|(_, entry)| entry.kind.as_str()).collect();
    insta::assert_debug_snapshot!(kinds);
    for (_, entry) in &entries {
        let text = String::from_utf8(entry.encode().unwrap()).unwrap();
        for name in ["reporting", "asha", "billing"] {
            assert!(!text.contains(name), "{name} stands in clear in {text}");
        }
    }
}

#[tokio::test]
async fn a_removed_source_leaves_nothing_that_looks_alive() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    engine.remove_source(actor(engine).await, "main").await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(engine.show("reporting").await.unwrap().identity.standing, Standing::Gone);
    assert!(engine.remove_source(actor(engine).await, "main").await.is_err());
}
