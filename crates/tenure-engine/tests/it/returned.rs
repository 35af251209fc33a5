//! The dead who return: under another key, by their name or by a value that was revoked.
//!
//! Over the chaos world, in virtual time. Every return that must be found has a twin beside it that must
//! not be. Next: `tenure-judge/policies/returned_*.cedar`.

use crate::bench::{Bench, PLANTED, actor, applied};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{Answer, Belief, CharterChange, Deployment, Engine};
use tenure_model::{PlanKind, Severity};

/// `reporting` revoked and proved dead, and no finding open because of it.
async fn ended(bench: &mut Bench) -> Deployment {
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    survey(&deployment.engine).await;
    assert_eq!(returns(&deployment.engine).await, []);
    deployment
}

async fn survey(engine: &Engine) {
    let who = actor(engine).await;
    engine.survey(Some(who), "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    engine.judge_touched().await.unwrap();
}

/// Open findings of a return: which, whose, how bad.
async fn returns(engine: &Engine) -> Vec<(String, String, Severity)> {
    let findings = engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    findings
        .into_iter()
        .filter(|finding| finding.policy.starts_with("returned"))
        .map(|finding| (finding.policy, finding.identity_name, finding.severity))
        .collect()
}

fn found(policy: &str, name: &str, severity: Severity) -> (String, String, Severity) {
    (policy.to_owned(), name.to_owned(), severity)
}

#[tokio::test]
async fn the_same_name_with_the_same_value_under_another_key_is_two_findings() {
    let mut bench = Bench::new();
    let deployment = ended(&mut bench).await;
    let engine = &deployment.engine;
    let old = engine.show("main/reporting").await.unwrap().identity.handle;
    bench.world.create(ChaosPrincipal::account("reporting", PLANTED));
    survey(engine).await;
    assert_eq!(
        returns(engine).await,
        [
            found("returned_value", "main/reporting", Severity::Critical),
            found("returned_name", "main/reporting", Severity::High),
        ]
    );
    let new = engine.show("main/reporting").await.unwrap().identity.handle;
    assert_ne!(new, old, "the name means the one that is there");
    let (_, explained) = engine.explain(&new).await.unwrap();
    let fact = |name: &str| {
        let fact = explained.explanation.iter().find(|fact| fact.name == name).unwrap();
        fact.value.clone()
    };
    for name in ["name_ended_before", "value_ended_before"] {
        assert_eq!(fact(name), format!("yes: `main/reporting` ({old}), retired"));
    }
    let page = engine.show(&old).await.unwrap();
    let removal = page.questions.last().unwrap();
    assert_eq!(removal.answer, Answer::Unanswered);
    assert!(removal.text.starts_with("P4: "), "{}", removal.text);
    assert!(
        removal.text.contains(&format!("seen again since, as main/reporting ({new})")),
        "{}",
        removal.text
    );
}

#[tokio::test]
async fn a_revoked_value_is_found_under_any_name_and_an_owner_does_not_silence_it() {
    let mut bench = Bench::new();
    let deployment = ended(&mut bench).await;
    let engine = &deployment.engine;
    bench.world.create(ChaosPrincipal::account("elsewhere", PLANTED));
    survey(engine).await;
    let value = found("returned_value", "main/elsewhere", Severity::Critical);
    assert_eq!(returns(engine).await, std::slice::from_ref(&value));
    engine.own(actor(engine).await, "elsewhere", CharterChange::default()).await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(returns(engine).await, [value]);
}

#[tokio::test]
async fn a_name_that_is_used_again_is_found_until_somebody_answers_for_it() {
    let mut bench = Bench::new();
    let deployment = ended(&mut bench).await;
    let engine = &deployment.engine;
    bench.world.create(ChaosPrincipal::account("reporting", "AnotherValue00001"));
    survey(engine).await;
    assert_eq!(returns(engine).await, [found("returned_name", "main/reporting", Severity::High)]);
    engine.own(actor(engine).await, "main/reporting", CharterChange::default()).await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(returns(engine).await, []);
}

/// Somebody takes the name while the plan is still proving: the end of the plan is what makes it a return.
#[tokio::test]
async fn a_name_taken_before_the_end_was_proved_is_found_when_it_is() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let twin = bench.world.create(ChaosPrincipal::account("twin", PLANTED));
    survey(engine).await;
    assert_eq!(returns(engine).await, []);
    let plan = applied(engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    deployment.engine.judge_touched().await.unwrap();
    assert_eq!(returns(&deployment.engine).await, [found("returned_value", "main/twin", Severity::Critical)]);
    bench.world.rename(&twin, "reporting").unwrap();
    survey(&deployment.engine).await;
    assert_eq!(returns(&deployment.engine).await.len(), 2);
    bench.world.remove(&twin).unwrap();
    survey(&deployment.engine).await;
    assert_eq!(returns(&deployment.engine).await, []);
}

/// What the plan itself set on the way, seen by a survey meanwhile, does not stand for the revoked value.
#[tokio::test]
async fn a_survey_in_the_middle_of_a_plan_does_not_lose_the_value_that_is_revoked() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    deployment.engine.drive(plan).await.unwrap();
    bench.world.set_value(&bench.victim, "SetOnTheWay00001").unwrap();
    survey(&deployment.engine).await;
    let deployment = bench.carry_through(deployment, plan).await;
    bench.world.create(ChaosPrincipal::account("elsewhere", PLANTED));
    survey(&deployment.engine).await;
    assert_eq!(
        returns(&deployment.engine).await,
        [found("returned_value", "main/elsewhere", Severity::Critical)]
    );
}

/// What the plan named as going on goes on: no return. A copy that nobody named, and the named one once it was gone and
/// is there again, are returns.
#[tokio::test]
async fn a_holder_that_the_plan_named_as_going_on_is_no_return_until_it_was_gone() {
    let mut bench = Bench::new();
    let shared = "SharedCanary0003value";
    let named = bench.world.create(ChaosPrincipal::account("named", shared));
    let shares = ChaosPrincipal { goes_on: vec![named.clone()], ..ChaosPrincipal::account("shares", shared) };
    bench.world.create(shares);
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "shares").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let engine = &deployment.engine;
    survey(engine).await;
    assert_eq!(returns(engine).await, []);
    let ended = engine.show("main/shares").await.unwrap();
    assert_eq!(ended.questions.last().unwrap().answer, Answer::Answered, "{:?}", ended.questions.last());

    let copy = bench.world.create(ChaosPrincipal::account("copy", shared));
    survey(engine).await;
    assert_eq!(returns(engine).await, [found("returned_value", "main/copy", Severity::Critical)]);
    bench.world.remove(&copy).unwrap();
    bench.world.remove(&named).unwrap();
    survey(engine).await;
    assert_eq!(returns(engine).await, []);
    bench.world.create(ChaosPrincipal { key: Some(named), ..ChaosPrincipal::account("named", shared) });
    survey(engine).await;
    assert_eq!(returns(engine).await, [found("returned_value", "main/named", Severity::Critical)]);
}
