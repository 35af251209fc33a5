//! Reasons are shown and kept: one that holds what looks like a secret is refused, wherever it is given, and nothing of it is written.
//!
//! Each refusal has its twin that is taken. Next: `verbs/reason.rs`, their one home.

use crate::bench::{Bench, PLANTED};
use crate::requests::{Scene, programme};
use std::time::Duration;
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{
    CharterChange, Dismissal, EngineFailure, ExceptionWish, FindingRow, NotMine, PlanRequest,
    ProgrammeApplied, RequestAnswer, RequestDecision, RequestWish, ReviewStart,
};
use tenure_model::{ExceptionKind, PlanKind};

const DAY: Duration = Duration::from_hours(24);

fn said<T: std::fmt::Debug>(outcome: Result<T, EngineFailure>) -> Result<(), String> {
    match outcome {
        Err(EngineFailure::Refused { why }) if why.contains("looks like a secret") => {
            assert!(!why.contains("MC4CAQAw"), "{why}");
            Err(why)
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn finding(scene: &Scene) -> FindingRow {
    scene.engine().judge_touched().await.unwrap();
    scene.engine().show("reporting").await.unwrap().findings.remove(0)
}

/// Everything that takes a reason, with this one: how many refused it as holding a secret.
async fn given_everywhere(scene: &Scene, reason: &str) -> usize {
    let (engine, reason) = (scene.engine(), || reason.to_owned());
    let row = finding(scene).await;
    let until = engine.now().plus(DAY * 30);
    let asked = scene.ask(&format!("etl{}", reason().len())).await;
    let request = engine.request_row(&asked.handle).await.unwrap();
    let wish = RequestWish { reason: Some(reason()), ..scene.wish("other") };
    let decision =
        RequestDecision { answer: RequestAnswer::Refuse, reason: reason(), digest: asked.digest.clone() };
    let plan = PlanRequest {
        kind: PlanKind::Disable,
        identity: String::from("reporting"),
        reason: reason(),
        heir: None,
        file: None,
        readers: None,
    };
    let exception = ExceptionWish {
        kind: ExceptionKind::Exception,
        reason: reason(),
        compensation: String::from("one host only"),
        instead: Vec::new(),
        until,
        replace_by: None,
        rests_on_digest: None,
    };
    let compensation =
        ExceptionWish { reason: String::from("a month"), compensation: reason(), ..exception.clone() };
    let files = programme("", "");
    let applied = ProgrammeApplied { files, reason: reason(), word: String::from("none"), worse: None };
    let review = ReviewStart { rule: String::from("name:*"), until: None, reason: reason() };
    let dismissal = Dismissal { reason: reason(), until, rests_on_digest: None };
    let outcomes = [
        said(engine.create_request(scene.ravi, wish).await),
        said(engine.withdraw_request(scene.ravi, &request, &reason()).await),
        said(engine.decide_request(scene.ola, &request, decision).await),
        said(engine.draft_plan(scene.asha, plan).await),
        said(engine.request_exception(scene.ola, &row, exception).await),
        said(engine.request_exception(scene.ola, &row, compensation).await),
        said(engine.apply_programme(scene.asha, applied).await),
        said(engine.start_review(scene.asha, review).await),
        said(engine.dismiss(scene.asha, &row, dismissal).await),
        said(engine.pass_on(scene.ravi, "billing", NotMine { ask: None, reason: reason() }).await),
    ];
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(refused == 0 || refused == outcomes.len(), "{outcomes:?}");
    refused
}

#[tokio::test]
async fn a_reason_that_holds_a_secret_is_refused_wherever_it_is_given() {
    let bench = Bench::new();
    // Two accounts with one value: there is something to dismiss.
    bench.world.add(ChaosPrincipal::account("twin", PLANTED));
    let scene = Scene::over(bench).await;
    scene.engine().own(scene.ravi, "reporting", CharterChange::default()).await.unwrap();
    let key = "MC4CAQAwBQYDK2VwBCIEIA".repeat(3);
    let secret = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----");
    assert_eq!(given_everywhere(&scene, &secret).await, 10);
    assert_eq!(given_everywhere(&scene, "the vendor's contract ended").await, 0);
    // An emergency waits for nobody, but says why without the secret as well.
    let plan = crate::bench::plan(scene.engine(), PlanKind::Disable, "billing").await.unwrap().plan;
    let emergency =
        scene.engine().apply_in_emergency(scene.asha, &plan.handle, Some(&plan.digest), &secret).await;
    assert!(said(emergency).is_err());
    let mut files = vec![scene.bench.directory.path().to_path_buf()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let content = std::fs::read(&path).unwrap_or_default();
            assert!(!content.windows(key.len()).any(|part| part == key.as_bytes()), "{}", path.display());
        }
    }
}
