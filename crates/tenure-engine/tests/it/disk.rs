//! A disk that fails: writes are refused, nothing is half done, and it says so.

use crate::bench::{Bench, actor, plan};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tenure_engine::{CharterChange, Drive};
use tenure_model::{PlanKind, StepKind};

#[tokio::test]
async fn a_sync_that_fails_stops_everything_before_anything_is_done_outside() {
    let mut bench = Bench::new();
    let failing = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&failing);
    bench.commit_fault = Some(Arc::new(move || {
        switch.load(Ordering::SeqCst).then(|| String::from("fsync: input/output error"))
    }));
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let drafted = plan(engine, PlanKind::Revoke, "reporting").await.unwrap();
    engine.apply(actor(engine).await, &drafted.plan.handle, None).await.unwrap();
    failing.store(true, Ordering::SeqCst);
    let refused = engine.drive(drafted.plan.id).await.unwrap_err().to_string();
    assert!(refused.contains("did not confirm a write"), "{refused}");
    assert_eq!(bench.world.effects().len(), 0, "no write, no act");
    failing.store(false, Ordering::SeqCst);
    let refused =
        engine.own(actor(engine).await, "reporting", CharterChange::default()).await.unwrap_err().to_string();
    assert!(refused.contains("start again"), "an unsure disk is not trusted again by itself: {refused}");

    drop(deployment);
    bench.commit_fault = None;
    let deployment = bench.open().await.unwrap();
    let deployment = bench.carry_through(deployment, drafted.plan.id).await;
    assert_eq!(deployment.engine.drive(drafted.plan.id).await.unwrap(), Drive::Settled);
    assert_eq!(bench.world.effect_count(&bench.victim, StepKind::Delete), 1);
}

/// Keys cannot be written any more, but the database can: the revocation goes on without a value of
/// ours, ends the identity, and claims no more than it knows.
#[tokio::test]
async fn a_revocation_goes_on_when_no_value_can_be_kept() {
    use tenure_keys::{
        RealDisk,
        faults::{Fault, FaultyDisk},
    };
    let mut bench = Bench::new();
    let disk = Arc::new(FaultyDisk::over(Arc::new(RealDisk)));
    bench.disk = disk.clone();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let drafted = plan(engine, PlanKind::Revoke, "reporting").await.unwrap();
    engine.apply(actor(engine).await, &drafted.plan.handle, None).await.unwrap();
    disk.fail_after(0, Fault::Full);
    let id = drafted.plan.id;
    let deployment = bench.carry_through(deployment, id).await;
    let shown = deployment.engine.show_plan(&id.to_string()).await.unwrap();
    let here = bench.directory.path().display().to_string();
    let text = crate::bench::summary(&shown).replace(&here, "DIRECTORY");
    // Which id was drawn says nothing about the disk.
    let (_, after) = text.split_once("the data key of ").unwrap();
    let drawn = after.split(' ').next().unwrap().to_owned();
    insta::assert_snapshot!(text.replace(&drawn, "KEY"));
    assert!(!bench.world.truth(&bench.victim).unwrap().present);
}
