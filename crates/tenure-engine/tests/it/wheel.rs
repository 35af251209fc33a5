//! One whole turn of the wheel, and what keeps it from turning.
//!
//! Every proof has its twin here: the same plan in a world where the credential still lives, or
//! where refusals prove nothing. The twin must fail to prove, and say why.

use crate::bench::{Bench, actor, applied, plan, summary};
use std::time::Duration;
use tenure_connect::chaos::Behaviour;
use tenure_engine::{CharterChange, Drive};
use tenure_evidence::{Level, Trust, verify_export};
use tenure_model::{PlanKind, Presence, ProofLevel, Standing, StepKind};

#[tokio::test]
async fn a_role_goes_from_found_to_proved_dead_with_evidence() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let found = deployment.engine.show("reporting").await.unwrap();
    assert_eq!(found.identity.standing, Standing::Unclaimed);
    let owned = deployment
        .engine
        .own(actor(&deployment.engine).await, "reporting", CharterChange::default())
        .await
        .unwrap();
    assert!(owned.enrolled && owned.charter.technical_owner.is_some());

    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    insta::assert_snapshot!(summary(&shown));
    assert!(!bench.world.truth(&bench.victim).unwrap().lives());
    assert_eq!(bench.world.breaches(), []);
    assert_eq!(bench.world.strays(), []);

    deployment.engine.judge_touched().await.unwrap();
    let after = deployment.engine.show("reporting").await.unwrap();
    assert_eq!(after.identity.standing, Standing::Retired);
    assert_eq!(after.principals[0].presence, Presence::Retired);
    insta::assert_debug_snapshot!(after.questions);

    let export = deployment.engine.export_plan(plan).await.unwrap();
    let trust =
        Trust { log_keys: vec![deployment.engine.log_keys()[0].parse().unwrap()], ..Trust::default() };
    let verdict = verify_export(&export.bytes, &trust);
    assert!(matches!(verdict.level, Level::Verified), "{:?}", verdict.level);
    assert_eq!(bench.leaked(), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_done_before_it_is_approved_and_only_what_was_looked_at_is_approved() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let drafted = plan(&deployment.engine, PlanKind::Revoke, "reporting").await.unwrap();
    assert_eq!(deployment.engine.drive(drafted.plan.id).await.unwrap(), Drive::Settled);
    assert_eq!(bench.world.effect_count(&bench.victim, StepKind::Deny), 0);
    let other =
        deployment.engine.apply(actor(&deployment.engine).await, &drafted.plan.handle, Some("other")).await;
    assert!(other.unwrap_err().to_string().contains("is not the one that was looked at"));
}

#[tokio::test]
async fn an_approval_that_has_run_out_begins_nothing() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan;
    bench.clock.advance(Duration::from_hours(25));
    let refused = deployment.engine.drive(plan.id).await.unwrap_err().to_string();
    assert!(refused.contains("has run out"), "{refused}");
    assert_eq!(bench.world.effects().len(), 0);
}

#[tokio::test]
async fn we_never_plan_against_ourselves_or_what_is_built_in() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let refused = plan(&deployment.engine, PlanKind::Revoke, "tenure").await.unwrap_err();
    assert!(refused.to_string().starts_with("this plan would be dangerous"), "{refused}");
    let missing = plan(&deployment.engine, PlanKind::Revoke, "nobody").await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no identity `nobody`");
}

#[tokio::test]
async fn a_disabled_principal_comes_back_whole() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Disable, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    insta::assert_snapshot!(summary(&shown));
    bench.clock.advance(Duration::from_mins(1));
    assert!(!bench.world.truth(&bench.victim).unwrap().is_accepted());

    deployment.engine.undo(actor(&deployment.engine).await, &plan.to_string()).await.unwrap();
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    insta::assert_snapshot!(summary(&shown));
    bench.clock.advance(Duration::from_mins(1));
    assert!(
        bench.world.truth(&bench.victim).unwrap().accepts_at("primary", 0),
        "the former value works again"
    );
}

#[tokio::test]
async fn a_revocation_can_be_taken_back_until_the_removal() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    // The pooler does not accept our value for a while, so the plan waits before it disables.
    bench.world.behave("pooler", Behaviour::AlwaysRefuses);
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    assert!(matches!(deployment.engine.drive(plan).await.unwrap(), Drive::Waiting(_)));
    assert_eq!(bench.world.effect_count(&bench.victim, StepKind::Deny), 1);
    deployment.engine.undo(actor(&deployment.engine).await, &plan.to_string()).await.unwrap();
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    insta::assert_snapshot!(summary(&shown));
    bench.clock.advance(Duration::from_mins(1));
    assert!(bench.world.truth(&bench.victim).unwrap().accepts_at("primary", 0));

    let done = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, done).await;
    let refused =
        deployment.engine.undo(actor(&deployment.engine).await, &done.to_string()).await.unwrap_err();
    assert!(refused.to_string().contains("its removal has begun"), "{refused}");
}

/// A point where refusals prove nothing keeps the proof at P2, and the sentence says which and why.
#[tokio::test]
async fn a_proof_without_control_is_no_proof() {
    for (behaviour, words) in [
        (Behaviour::AlwaysRefuses, "not accepted there even before the act"),
        (Behaviour::WrongHost, "not accepted there even before the act"),
        (Behaviour::StaticCopy { as_of: crate::bench::start() }, "not accepted there even before the act"),
        (Behaviour::Unreachable { until: None }, "could not be reached before the act"),
    ] {
        let mut bench = Bench::new();
        let deployment = bench.surveyed().await;
        let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
        bench.world.behave("pooler", behaviour);
        let deployment = bench.carry_through(deployment, plan).await;
        let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
        assert_eq!(shown.plan.level, Some(ProofLevel::P2), "{behaviour:?}: {}", summary(&shown));
        let sentence = shown.plan.sentence.unwrap();
        assert!(sentence.contains(words) && sentence.contains("pooler"), "{behaviour:?}: {sentence}");
        deployment.engine.judge_touched().await.unwrap();
        let standing = deployment.engine.show("reporting").await.unwrap().identity.standing;
        assert_eq!(standing, Standing::Unproven, "{behaviour:?}");
    }
}

/// The twins: the credential still lives somewhere, so the plan does not call it dead.
#[tokio::test]
async fn what_still_lives_is_never_called_dead() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    // The replica stops following after it has heard of our value and before it hears of the removal.
    let mut stopped = false;
    for _ in 0..200 {
        match deployment.engine.drive(plan).await.unwrap() {
            Drive::Settled => {
                let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
                panic!(
                    "settled although the replica still accepts it\n{}{:#?}",
                    summary(&shown),
                    shown.probes
                );
            }
            Drive::Waiting(until) => {
                bench.clock.advance(until.since(bench.clock.now()).max(Duration::from_millis(1)));
            }
            Drive::Elsewhere => unreachable!("nobody else drives here"),
        }
        let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
        let control = shown.probes.iter().find(|probe| {
            probe.kind == "control" && probe.point == "replica-1" && probe.answer["answer"] == "accepted"
        });
        if let Some(control) = control
            && !stopped
        {
            bench.world.behave("replica-1", Behaviour::Stale { as_of: control.at });
            stopped = true;
        }
        assert!(shown.plan.level.is_none_or(|level| level < ProofLevel::P3), "{}", summary(&shown));
    }
    assert!(stopped);
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    assert!(shown.plan.sentence.unwrap().contains("replica-1 still accepts it"));
    bench.world.behave("replica-1", Behaviour::Honest);
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    assert_eq!(shown.plan.level, Some(ProofLevel::P4), "{}", summary(&shown));
}

#[tokio::test]
async fn a_session_that_comes_back_keeps_the_proof_open() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let minted = bench.world.mint(&bench.victim, "primary", "prepared transaction").unwrap();
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    for _ in 0..50 {
        match deployment.engine.drive(plan).await.unwrap() {
            Drive::Settled => panic!("settled although something derived lives"),
            Drive::Waiting(until) => {
                bench.clock.advance(until.since(bench.clock.now()).max(Duration::from_millis(1)));
            }
            Drive::Elsewhere => unreachable!("nobody else drives here"),
        }
    }
    let key = bench.victim.clone();
    bench.world.end(&key, &minted).unwrap();
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    assert_eq!(shown.plan.level, Some(ProofLevel::P4), "{}", summary(&shown));
}

#[tokio::test]
async fn a_plan_that_waits_blocks_no_other() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let first = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let second = applied(&deployment.engine, PlanKind::Disable, "billing").await.plan.id;
    assert!(matches!(deployment.engine.drive(first).await.unwrap(), Drive::Waiting(_)));
    let deployment = bench.carry_through(deployment, second).await;
    let shown = deployment.engine.show_plan(&second.to_string()).await.unwrap();
    assert_eq!(shown.plan.level, Some(ProofLevel::P2));
    bench.carry_through(deployment, first).await;
    assert!(bench.world.truth(&bench.bystander).unwrap().present);
}

#[tokio::test]
async fn one_plan_at_a_time_works_on_a_principal() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let first = applied(engine, PlanKind::Disable, "reporting").await.plan;
    let second = plan(engine, PlanKind::Revoke, "reporting").await.unwrap().plan;
    let refused = engine.apply(actor(engine).await, &second.handle, None).await.unwrap_err().to_string();
    assert!(refused.starts_with(&format!("plan {} is at work on it already", first.handle)), "{refused}");
}

/// A crash between the end of a plan and the destruction of what was held for it: the next start
/// destroys it and says so.
#[tokio::test]
async fn what_was_held_is_destroyed_even_after_a_crash_at_the_very_end() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let held = bench.directory.path().join("data/escrow");
    let is_key = |path: &std::path::Path| path.extension().is_some_and(|extension| extension == "key");
    let keys =
        || std::fs::read_dir(&held).unwrap().filter(|entry| is_key(&entry.as_ref().unwrap().path())).count();
    let plan = applied(&deployment.engine, PlanKind::Revoke, "billing").await.plan.id;
    assert!(matches!(deployment.engine.drive(plan).await.unwrap(), Drive::Waiting(_)));
    assert!(keys() > 0);
    // What `finish` commits, without what follows it.
    let settled_alone = move |tx: &mut tenure_store::Tx<'_>| {
        tx.move_plan(plan, tenure_model::PlanEvent::FallShort)?;
        tx.set_level(plan, ProofLevel::P2, "cut off", None)
    };
    deployment.engine.store().write("settled_alone", settled_alone).await.unwrap();
    drop(deployment);
    let deployment = bench.open().await.unwrap();
    assert_eq!(keys(), 0);
    let newest = deployment.engine.log_page(None, 1).await.unwrap().remove(0).1;
    assert_eq!(newest.kind, "escrow.destroyed");
}

/// A lost data key costs the proof, never the revocation.
#[tokio::test]
async fn a_plan_goes_on_when_a_data_key_is_lost() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    assert!(matches!(deployment.engine.drive(plan).await.unwrap(), Drive::Waiting(_)));
    for entry in std::fs::read_dir(bench.directory.path().join("data/escrow")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "key") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let deployment = bench.carry_through(deployment, plan).await;
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    assert_eq!(shown.plan.level, Some(ProofLevel::P2), "{}", summary(&shown));
    assert!(!bench.world.truth(&bench.victim).unwrap().present);
}
