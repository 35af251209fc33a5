//! Plans to close a file to others, and to give it back: the fault table, and seeded storms with somebody meddling.
//!
//! The chaos world knows what mode the file really has. After each: nothing is called closed that others can read, no mode is
//! looser than it was before anybody planned, nothing is done twice, and nobody else's file is touched.

use crate::bench::{Bench, actor, summary};
use tenure_connect::chaos::{Call, Dice, Ended, Fault, FaultKind, FaultRates, Journal};
use tenure_engine::{Deployment, PlanRequest, PlanShown};
use tenure_model::{PlanId, PlanKind, PlanState, ProofLevel, StepKind, StepState};

const PLACE: &str = "/srv/reporting/.env";
const LAID: u32 = 0o644;
const TIGHT: u32 = 0o600;
/// How long a call that hangs is waited for.
const HANGING: std::time::Duration = std::time::Duration::from_millis(100);

fn with_files(bench: Bench) -> Bench {
    bench.world.put_file(&bench.victim, PLACE, LAID).unwrap();
    bench.world.put_file(&bench.bystander, "/srv/billing/.env", LAID).unwrap();
    bench.with_patience(HANGING)
}

fn wish() -> PlanRequest {
    PlanRequest {
        kind: PlanKind::Tighten,
        identity: PLACE.to_owned(),
        reason: String::from("others can read it"),
        heir: None,
        file: None,
        readers: None,
    }
}

/// Drafts and approves, again and again until it goes through.
async fn applied(bench: &mut Bench, mut deployment: Deployment) -> (Deployment, PlanId) {
    for _ in 0..50 {
        let drafted = tokio::select! {
            biased;
            () = bench.world.crashed() => None,
            drafted = async {
                let who = actor(&deployment.engine).await;
                deployment.engine.draft_plan(who, wish()).await
            } => Some(drafted),
        };
        match drafted {
            None => {
                drop(deployment);
                deployment = bench.open().await.unwrap();
            }
            Some(Ok(shown)) => {
                let who = actor(&deployment.engine).await;
                let digest = Some(shown.plan.digest.as_str());
                let plan = deployment.engine.apply(who, &shown.plan.handle, digest).await.unwrap().plan.id;
                return (deployment, plan);
            }
            Some(Err(_)) => {
                bench.clock.advance(std::time::Duration::from_secs(10));
            }
        }
    }
    panic!("no plan could be drafted");
}

async fn taken_back(bench: &mut Bench, deployment: Deployment, plan: PlanId) -> Deployment {
    deployment.engine.undo(actor(&deployment.engine).await, &plan.to_string()).await.unwrap();
    bench.carry_through(deployment, plan).await
}

async fn shown(deployment: &Deployment, plan: PlanId) -> PlanShown {
    deployment.engine.show_plan(&plan.to_string()).await.unwrap()
}

/// What must hold whatever happened on the way.
fn check_everywhere(bench: &Bench, plan: &PlanShown, what: &str) {
    let bystander = bench.world.file(&bench.bystander).unwrap();
    assert_eq!(bystander.mode, LAID, "{what}: the bystander's file was touched");
    assert!(bench.world.truth(&bench.victim).unwrap().accepts_at("primary", 0), "{what}: it goes on working");
    let file = bench.world.file(&bench.victim).unwrap();
    assert_eq!(file.mode & !LAID, 0, "{what}: looser than it was: {:o}", file.mode);
    assert_eq!(bench.world.strays(), [], "{what}");
    assert_eq!(bench.world.breaches(), [], "{what}");
    let settled = [StepState::Done, StepState::Skipped, StepState::Undone];
    let open = plan.steps.iter().find(|step| step.attempt > 0 && !settled.contains(&step.state));
    let failed_and_taken_back = plan.plan.state == PlanState::Undone;
    assert!(open.is_none() || failed_and_taken_back, "{what}: {}", summary(plan));
    for word in ["dead", "revoked", "retired"] {
        let sentence = plan.plan.sentence.as_deref().unwrap_or_default();
        assert!(!sentence.contains(word), "{what}: {sentence}");
    }
}

/// What must hold of a plan that came to its end. What somebody did after the last reading is not for this plan to know.
fn check_closed(bench: &Bench, plan: &PlanShown, what: &str, was_read_since: bool) {
    let level = plan.plan.level.expect("a settled plan has a level");
    assert!(matches!(plan.plan.state, PlanState::Proved | PlanState::Short), "{what}: {}", summary(plan));
    let file = bench.world.file(&bench.victim).unwrap();
    if level >= ProofLevel::P2 && was_read_since {
        assert!(!file.is_open(), "{what}: {level} although it has mode {:o}\n{}", file.mode, summary(plan));
    }
    assert!(level <= ProofLevel::P3, "{what}: there is no {level} of a file");
    let done = bench.world.effect_count(&bench.victim, StepKind::Tighten);
    assert!(done <= 1, "{what}: tightened {done} times");
    check_everywhere(bench, plan, what);
}

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

/// Every decision of a plan to close a file × every fault.
#[tokio::test]
async fn the_fault_table_of_closing_a_file() {
    use std::fmt::Write as _;
    let calls = [
        Call::BlastRadius,
        Call::Probe,
        Call::Act(StepKind::Tighten),
        Call::Effect(StepKind::Tighten),
        Call::ControlPlane,
        Call::Derived,
    ];
    let mut table = String::new();
    for call in calls {
        let mut row = String::new();
        for what in KINDS {
            let mut bench = with_files(Bench::new());
            let deployment = bench.surveyed().await;
            if let Call::Effect(step) = call {
                bench.world.script(Fault { on: Call::Act(step), nth: 1, what: FaultKind::LostResponse });
            }
            bench.world.script(Fault { on: call, nth: 1, what });
            let (deployment, plan) = applied(&mut bench, deployment).await;
            let deployment = bench.carry_through(deployment, plan).await;
            let plan = shown(&deployment, plan).await;
            check_closed(&bench, &plan, &format!("{call} × {what:?}"), true);
            let _ = write!(row, " {what:?}={}", plan.plan.level.unwrap());
        }
        let _ = writeln!(table, "{call}:{row}");
    }
    insta::assert_snapshot!(table);
}

/// Every decision of taking it back × every fault: the file comes back, or the plan says why not.
#[tokio::test]
async fn the_fault_table_of_giving_a_file_back() {
    for call in [Call::Act(StepKind::Loosen), Call::Effect(StepKind::Loosen)] {
        for what in KINDS {
            let said = format!("{call} × {what:?}");
            let mut bench = with_files(Bench::new());
            let deployment = bench.surveyed().await;
            let (deployment, plan) = applied(&mut bench, deployment).await;
            let deployment = bench.carry_through(deployment, plan).await;
            assert_eq!(bench.world.file(&bench.victim).unwrap().mode, TIGHT);
            if let Call::Effect(step) = call {
                bench.world.script(Fault { on: Call::Act(step), nth: 1, what: FaultKind::LostResponse });
            }
            bench.world.script(Fault { on: call, nth: 1, what });
            let deployment = taken_back(&mut bench, deployment, plan).await;
            let plan = shown(&deployment, plan).await;
            assert_eq!(plan.plan.state, PlanState::Undone, "{said}: {}", summary(&plan));
            check_everywhere(&bench, &plan, &said);
            let mode = bench.world.file(&bench.victim).unwrap().mode;
            // A system that says it did and did not is found out by the next survey, not by an undo.
            let lied = (call, what) == (Call::Act(StepKind::Loosen), FaultKind::Lie);
            assert_eq!(mode, if lied { TIGHT } else { LAID }, "{said}");
            assert!(bench.world.effect_count(&bench.victim, StepKind::Loosen) <= 1, "{said}");
        }
    }
}

/// Credentials of two lie in one file: what one plan makes of it, the other would rely on.
#[tokio::test]
async fn two_plans_for_one_file_are_not_at_work_at_once() {
    let mut bench = with_files(Bench::new());
    bench.world.put_file(&bench.bystander, PLACE, LAID).unwrap();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let wish = |identity: &str| PlanRequest {
        identity: identity.to_owned(),
        file: Some(PLACE.to_owned()),
        ..wish()
    };
    let one = engine.draft_plan(who, wish("reporting")).await.unwrap().plan;
    let other = engine.draft_plan(who, wish("billing")).await.unwrap().plan;
    assert_ne!(one.principal, other.principal);
    let (first, second) = tokio::join!(
        engine.apply(who, &one.handle, Some(&one.digest)),
        engine.apply(who, &other.handle, Some(&other.digest)),
    );
    let refused = match (first, second) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        both => panic!("one of them goes on: {both:?}"),
    };
    assert!(refused.to_string().contains("is at work on it already"), "{refused}");
}

#[tokio::test]
async fn what_a_later_plan_closed_is_not_opened_by_taking_an_older_one_back() {
    let mut bench = with_files(Bench::new());
    let deployment = bench.surveyed().await;
    let (deployment, older) = applied(&mut bench, deployment).await;
    let deployment = bench.carry_through(deployment, older).await;
    bench.world.set_mode(&bench.victim, LAID).unwrap();
    let (deployment, later) = applied(&mut bench, deployment).await;
    let deployment = bench.carry_through(deployment, later).await;
    let handle = |shown: PlanShown| shown.plan.handle;
    let (older, later_handle) =
        (handle(shown(&deployment, older).await), handle(shown(&deployment, later).await));
    let who = actor(&deployment.engine).await;
    let refused = deployment.engine.undo(who, &older).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("plan {later_handle} closed the same file later")), "{refused}");
    assert_ne!(bench.world.file(&bench.victim).unwrap().mode, LAID);
    let deployment = taken_back(&mut bench, deployment, later).await;
    assert_eq!(bench.world.file(&bench.victim).unwrap().mode, LAID, "the later one gives back what it found");
    assert_eq!(shown(&deployment, later).await.plan.state, tenure_model::PlanState::Undone);
}

/// What somebody else does to the file while the plan is at work.
fn meddle(bench: &Bench, dice: &mut Dice) -> &'static str {
    let file = bench.world.file(&bench.victim).unwrap();
    match dice.below(8) {
        0 => {
            bench.world.set_mode(&bench.victim, LAID).unwrap();
            "opened again"
        }
        1 => {
            bench.world.put_file(&bench.victim, PLACE, file.mode).unwrap();
            "replaced"
        }
        2 => {
            bench.world.set_mode(&bench.victim, 0o640).unwrap();
            "given another mode"
        }
        _ => "left alone",
    }
}

#[derive(Default)]
struct Storms {
    levels: std::collections::BTreeMap<&'static str, u64>,
    crashes: u64,
    meddled: std::collections::BTreeMap<&'static str, u64>,
}

/// Storms of faults and crashes around plans that close a file and are taken back.
#[test]
fn seeded_storms_around_files_falsely_close_and_loosen_nothing() {
    let seeds: u64 = std::env::var("TENURE_STORMS").ok().and_then(|text| text.parse().ok()).unwrap_or(16);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut storms = Storms::default();
    for seed in 0..seeds {
        runtime.block_on(storm(seed, &mut storms));
    }
    let Storms { levels, crashes, meddled } = storms;
    println!(
        "FIGURE engine storms around files: seeds, crashes, levels, meddling | {seeds}, {crashes}, {levels:?}, {meddled:?}"
    );
    assert!(crashes > 0, "the storm was too mild to crash anything");
    assert!(levels.contains_key("P3"), "some storms leave a whole proof: {levels:?}");
    assert!(levels.contains_key("P1"), "some meddling is found out: {levels:?}");
}

async fn storm(seed: u64, storms: &mut Storms) {
    let rates = FaultRates { survey_per_mille: 0, read_lie_per_mille: 0, ..FaultRates::ROUGH };
    let mut bench = with_files(Bench::seeded(seed, rates));
    let mut dice = Dice::new(seed);
    let deployment = bench.surveyed_in_a_storm().await;
    let (mut deployment, plan) = applied(&mut bench, deployment).await;
    // Somebody meddles between two decisions, after so many of them.
    let (mut before_meddling, mut did, mut calls_before) = (dice.below(12), "left alone", 0);
    let settled = loop {
        let (next, is_settled) = bench.one_decision(deployment, plan).await;
        deployment = next;
        if is_settled {
            break shown(&deployment, plan).await;
        }
        if before_meddling == 0 {
            did = meddle(&bench, &mut dice);
            calls_before = bench.world.journal().len();
        }
        before_meddling = before_meddling.wrapping_sub(1);
    };
    let what = format!("seed {seed}, {did}");
    let read = |call: &Journal| call.call == Call::ControlPlane && call.ended == Ended::Answered;
    let was_read = bench.world.journal().iter().skip(calls_before).any(read);
    check_closed(&bench, &settled, &what, was_read);
    *storms.levels.entry(settled.plan.level.unwrap().as_str()).or_default() += 1;
    *storms.meddled.entry(did).or_default() += 1;
    let before = bench.world.file(&bench.victim).unwrap();
    let deployment = taken_back(&mut bench, deployment, plan).await;
    let undone = shown(&deployment, plan).await;
    assert_eq!(undone.plan.state, PlanState::Undone, "{what}: {}", summary(&undone));
    check_everywhere(&bench, &undone, &what);
    let after = bench.world.file(&bench.victim).unwrap();
    if did == "replaced" || before.mode == 0o640 {
        assert_eq!(before, after, "{what}: what somebody else set was changed\n{}", summary(&undone));
    }
    assert!(bench.world.effect_count(&bench.victim, StepKind::Loosen) <= 1, "{what}");
    storms.crashes += bench.world.crashes();
}
