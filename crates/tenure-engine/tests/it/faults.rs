//! The fault table, and seeded storms of faults. After each: nothing lost, doubled or falsely proved.
//!
//! Over the chaos world, which knows the truth: nothing lost, doubled or falsely proved. Must never take
//! a crash for a failure: what was begun goes on in the next life.

use crate::bench::{Bench, applied, summary};
use tenure_connect::chaos::{Call, Fault, FaultKind, FaultRates};
use tenure_model::{PlanKind, PlanState, ProofLevel, StepKind, StepState};

/// What must hold after any revocation, whatever happened on the way.
async fn check_outcome(
    bench: &mut Bench,
    deployment: &tenure_engine::Deployment,
    plan: tenure_model::PlanId,
    what: &str,
) {
    let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
    let truth = bench.world.truth(&bench.victim).unwrap();
    let level = shown.plan.level.expect("a settled plan has a level");
    assert!(matches!(shown.plan.state, PlanState::Proved | PlanState::Short), "{what}: {}", summary(&shown));
    // Nothing falsely proved.
    if level >= ProofLevel::P3 {
        assert!(
            !truth.is_accepted(),
            "{what}: proved {level} although it is accepted: {truth:?}\n{}",
            summary(&shown)
        );
    }
    if level >= ProofLevel::P4 {
        assert!(!truth.lives(), "{what}: proved {level} although it lives: {truth:?}");
    }
    if level >= ProofLevel::P2 {
        assert!(!truth.present || !truth.can_login, "{what}: {level} although it may log in: {truth:?}");
    }
    // Nothing lost: a settled revocation has really removed it.
    assert!(!truth.present, "{what}: settled although it is there\n{}", summary(&shown));
    // Nothing doubled: whatever was asked twice had one effect, unless the plan did it again on purpose.
    let repeats = bench.world.effect_count(&bench.victim, StepKind::Delete);
    assert!(repeats <= 1, "{what}: deleted {repeats} times");
    // Nobody else was touched, no rule of the port was broken.
    assert!(
        bench.world.truth(&bench.bystander).unwrap().accepts_at("primary", 0),
        "{what}: the bystander was touched"
    );
    assert_eq!(bench.world.strays(), [], "{what}");
    assert_eq!(bench.world.breaches(), [], "{what}");
    // Every intent has an outcome, and every step is settled.
    for step in &shown.steps {
        assert!(matches!(step.state, StepState::Done | StepState::Skipped), "{what}: {}", summary(&shown));
    }
    let status = deployment.engine.log_status().await.unwrap();
    assert!(status.size > 0);
}

async fn run(bench: &mut Bench, what: &str) -> ProofLevel {
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    check_outcome(bench, &deployment, plan, what).await;
    deployment.engine.show_plan(&plan.to_string()).await.unwrap().plan.level.unwrap()
}

/// How long a call that hangs is waited for.
const HANGING: std::time::Duration = std::time::Duration::from_millis(100);

const KINDS: [FaultKind; 10] = [
    FaultKind::Error,
    FaultKind::Throttle,
    FaultKind::Unreachable,
    FaultKind::Puzzle,
    FaultKind::TimeoutBefore,
    FaultKind::LostResponse,
    FaultKind::HangAfter,
    FaultKind::Lie,
    FaultKind::CrashBefore,
    FaultKind::CrashAfter,
];

/// Every step × every fault, struck once and twice.
#[tokio::test]
async fn the_fault_table() {
    use std::fmt::Write as _;
    let calls = [
        Call::Keepsake,
        Call::Act(StepKind::Deny),
        Call::Effect(StepKind::Deny),
        Call::Probe,
        Call::Act(StepKind::Disable),
        Call::Effect(StepKind::Disable),
        Call::Act(StepKind::EndSessions),
        Call::Effect(StepKind::EndSessions),
        Call::Act(StepKind::Delete),
        Call::Effect(StepKind::Delete),
        Call::Derived,
        Call::ControlPlane,
    ];
    let mut table = String::new();
    for call in calls {
        let mut row = String::new();
        for what in KINDS {
            let mut bench = Bench::new().with_patience(HANGING);
            if let Call::Effect(step) = call {
                // An observation happens only when the answer to the act was lost.
                bench.world.script(Fault { on: Call::Act(step), nth: 1, what: FaultKind::LostResponse });
            }
            let effect_lies = matches!(call, Call::Effect(_)) && what == FaultKind::Lie;
            bench.world.script(Fault { on: call, nth: 1, what });
            let level = run(&mut bench, &format!("{call} × {what:?}")).await;
            let _ = write!(row, " {what:?}={level}{}", if effect_lies { "*" } else { "" });
        }
        let _ = writeln!(table, "{call}:{row}");
    }
    insta::assert_snapshot!(table);
}

/// Storms at the same time: most of a storm is waiting for calls that hang.
const STORMS_AT_ONCE: u64 = 8;

/// What some storms led to: how often each level was reached, and crashes.
#[derive(Default)]
struct Storms {
    levels: std::collections::BTreeMap<&'static str, u64>,
    crashes: u64,
}

/// Storms: many faults at once, drawn from a seed that is printed when something is wrong.
#[test]
fn seeded_storms_lose_double_and_falsely_prove_nothing() {
    let seeds: u64 = std::env::var("TENURE_STORMS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let storms = std::thread::scope(|scope| {
        let run = |first: u64| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut storms = Storms::default();
            for seed in (first..seeds).step_by(usize::try_from(STORMS_AT_ONCE).unwrap()) {
                runtime.block_on(storm(seed, &mut storms));
            }
            storms
        };
        let workers: Vec<_> = (0..STORMS_AT_ONCE).map(|first| scope.spawn(move || run(first))).collect();
        let mut all = Storms::default();
        for worker in workers {
            let some = worker.join().unwrap();
            all.crashes += some.crashes;
            for (level, times) in some.levels {
                *all.levels.entry(level).or_default() += times;
            }
        }
        all
    });
    let Storms { levels, crashes } = storms;
    println!("FIGURE engine storms: seeds, crashes, levels | {seeds}, {crashes}, {levels:?}");
    assert!(crashes > 0, "the storm was too mild to crash anything");
    assert!(levels.contains_key("P4"), "some storms leave a whole proof: {levels:?}");
}

async fn storm(seed: u64, storms: &mut Storms) {
    let rates = FaultRates { survey_per_mille: 0, read_lie_per_mille: 0, ..FaultRates::ROUGH };
    let mut bench = Bench::seeded(seed, rates).with_patience(HANGING);
    let deployment = bench.surveyed_in_a_storm().await;
    let (deployment, plan) = bench.applied_in_a_storm(deployment).await;
    let deployment = bench.carry_through(deployment, plan).await;
    check_outcome(&mut bench, &deployment, plan, &format!("seed {seed}")).await;
    let level = deployment.engine.show_plan(&plan.to_string()).await.unwrap().plan.level.unwrap();
    *storms.levels.entry(level.as_str()).or_default() += 1;
    storms.crashes += bench.world.crashes();
}
