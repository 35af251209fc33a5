//! Plans that need several decisions: each of somebody else, never of whoever asked, and asked for again when the plan begins.
//!
//! Over the chaos world, in virtual time. Each refusal has a twin that is let through. Must never wait for real time.

use crate::bench::{Bench, actor, start};
use crate::consequences::{apply as put_in_force, person};
use std::{sync::Arc, time::Duration};
use tenure_engine::{
    Actor, CharterChange, DirectoryGiven, Engine, EngineFailure, PlanRequest, PlanShown, Provisioned,
    Provisioner,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{DataClass, Environment, PersonId, PlanKind, PlanState, RiskTier, Role, TokenId};

const HOUR: Duration = Duration::from_hours(1);
const STEPS: &str = "[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"owner\", \"operator\"]\n";

pub(crate) fn programme(approvals: &str) -> ProgrammeFiles {
    let text = format!("version = 1\n{approvals}");
    ProgrammeFiles(std::iter::once((String::from("programme.toml"), text)).collect())
}

/// A deployment with these rules, in which `ravi` answers for `reporting`.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    deployment: tenure_engine::Deployment,
    pub(crate) asha: Actor,
    pub(crate) ravi: Actor,
    pub(crate) ola: Actor,
}

impl Scene {
    pub(crate) async fn set(approvals: &str) -> Self {
        let mut bench = Bench::new();
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        let asha = actor(engine).await;
        let ravi = person(engine, "ravi", Role::Owner).await;
        let ola = person(engine, "ola", Role::Operator).await;
        let change = CharterChange { environment: Some(Environment::Production), ..CharterChange::default() };
        engine.own(ravi, "reporting", change).await.unwrap();
        put_in_force(engine, programme(approvals)).await;
        Self { bench, deployment, asha, ravi, ola }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.deployment.engine
    }

    pub(crate) async fn draft(&self, by: Actor, kind: PlanKind) -> PlanShown {
        let request = PlanRequest {
            kind,
            identity: String::from("reporting"),
            reason: String::from("contract ended"),
            heir: None,
            file: None,
            readers: None,
        };
        self.engine().draft_plan(by, request).await.unwrap()
    }

    pub(crate) async fn apply(&self, by: Actor, plan: &PlanShown) -> Result<PlanShown, EngineFailure> {
        self.engine().apply(by, &plan.plan.handle, Some(&plan.plan.digest)).await
    }

    async fn begins(&self, plan: &PlanShown) -> Result<(), String> {
        self.engine().drive(plan.plan.id).await.map(drop).map_err(|error| error.to_string())
    }
}

fn refused(result: Result<PlanShown, EngineFailure>, plan: &PlanShown) -> String {
    let error = result.unwrap_err();
    let how = if matches!(error, EngineFailure::Denied { .. }) { "denied: " } else { "" };
    format!("{how}{error}").replace(&plan.plan.handle, "[plan]")
}

#[tokio::test]
async fn a_plan_begins_when_each_step_was_decided_by_somebody_else_than_whoever_asked() {
    let scene = Scene::set(STEPS).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    let whose: Vec<&str> = plan.decisions.iter().map(|one| one.who.as_str()).collect();
    assert_eq!(whose, ["an owner of the identity", "an operator"]);
    let people = |plan: &PlanShown| plan.decisions.iter().map(|one| one.people.clone()).collect::<Vec<_>>();
    assert_eq!(people(&plan), [["ravi"], ["ola"]], "not whoever asked");
    insta::assert_snapshot!(refused(scene.apply(scene.asha, &plan).await, &plan), @"denied: plan [plan] was not approved: whoever asked for a plan decides no step of it; step 1 is decided by an owner of the identity; in an emergency: tenure apply [plan] --emergency WHY");
    insta::assert_snapshot!(refused(scene.apply(scene.ola, &plan).await, &plan), @"denied: plan [plan] was not approved: step 1 of it is decided by an owner of the identity; in an emergency: tenure apply [plan] --emergency WHY");
    let first = scene.apply(scene.ravi, &plan).await.unwrap();
    assert_eq!(first.plan.state, PlanState::Proposed, "one of two");
    assert_eq!(first.decisions[0].person, Some(scene.ravi.person));
    assert_eq!(people(&first), [vec![], vec!["ola"]]);
    insta::assert_snapshot!(refused(scene.apply(scene.ravi, &plan).await, &plan), @"denied: plan [plan] was not approved: step 1 of it was decided by you, or in your place; step 2 is decided by somebody else: an operator; in an emergency: tenure apply [plan] --emergency WHY");
    let second = scene.apply(scene.ola, &plan).await.unwrap();
    assert_eq!((second.plan.state, second.approvals.len()), (PlanState::Approved, 2));
    assert!(second.approvals.iter().all(|one| !one.alone));
    scene.begins(&plan).await.unwrap();
    assert_eq!(scene.engine().show_plan(&plan.plan.handle).await.unwrap().plan.state, PlanState::Running);
    // What no rule means is decided by one, and recorded as alone.
    let other = scene.draft(scene.ola, PlanKind::Revoke).await;
    assert!(other.decisions.is_empty());
}

#[tokio::test]
async fn what_was_decided_counts_only_while_whoever_decided_would_still_be_let() {
    let scene = Scene::set(STEPS).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    scene.apply(scene.ravi, &plan).await.unwrap();
    scene.apply(scene.ola, &plan).await.unwrap();
    scene.engine().set_role(scene.asha, "ola", Role::Auditor).await.unwrap();
    let why = scene.begins(&plan).await.unwrap_err().replace(&plan.plan.handle, "[plan]");
    insta::assert_snapshot!(why, @"step 2 of plan [plan] is not decided any more, or is asked for since: an operator decides it; withdraw it (tenure undo [plan]) and make a new plan");
    // An owner who hands it on decides no step as its owner any more.
    let other = Scene::set(STEPS).await;
    let plan = other.draft(other.asha, PlanKind::Disable).await;
    other.apply(other.ravi, &plan).await.unwrap();
    let handed = CharterChange { technical_owner: Some(String::from("ola")), ..CharterChange::default() };
    other.engine().own(other.asha, "reporting", handed).await.unwrap();
    let waits = other.engine().show_plan(&plan.plan.handle).await.unwrap().decisions;
    assert_eq!(waits[0].person, None, "{waits:?}");
}

/// A scene in which `dana`, whom a directory named, answers for `reporting` and decided the first step.
async fn decided_by_a_provisioned_person() -> (Scene, Actor, PlanShown) {
    let scene = Scene::set(STEPS).await;
    let joined = scene.engine().provision_person(directory(), dana(), true).await.unwrap();
    let Provisioned::Done(row) = joined else { panic!("{joined:?}") };
    let dana = Actor { person: row.person, role: Role::Owner, local: false };
    let handed = CharterChange { technical_owner: Some(String::from("dana")), ..CharterChange::default() };
    scene.engine().own(scene.asha, "reporting", handed).await.unwrap();
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    let first = scene.apply(dana, &plan).await.unwrap();
    assert_eq!(first.decisions[0].person, Some(dana.person));
    (scene, dana, plan)
}

pub(crate) fn directory() -> Provisioner {
    Provisioner { token: TokenId::new(start(), [7; 10]) }
}

pub(crate) fn dana() -> DirectoryGiven {
    DirectoryGiven { name: String::from("dana"), external_id: None, resource: String::from("{}") }
}

/// A directory takes `dana` away, and brings them back.
pub(crate) async fn away_and_back(engine: &Engine, person: PersonId) {
    for active in [false, true] {
        let version = engine.provisioned(person).await.unwrap().version;
        let changed =
            engine.change_provisioned(directory(), (person, version), dana(), active).await.unwrap();
        assert!(matches!(changed, Provisioned::Done(_)), "{changed:?}");
    }
}

impl Scene {
    async fn active(&self, person: Actor, active: bool) {
        let version = self.engine().provisioned(person.person).await.unwrap().version;
        let asked = self.engine().change_provisioned(directory(), (person.person, version), dana(), active);
        let changed = asked.await.unwrap();
        assert!(matches!(changed, Provisioned::Done(_)), "{changed:?}");
    }
}

#[tokio::test]
async fn what_somebody_decided_who_left_does_not_count_and_not_again_when_they_are_back() {
    let (scene, dana, plan) = decided_by_a_provisioned_person().await;
    scene.apply(scene.ola, &plan).await.unwrap();
    for active in [false, true] {
        scene.active(dana, active).await;
        let why = scene.begins(&plan).await.unwrap_err();
        assert!(why.contains("is not decided any more"), "{active}: {why}");
    }
    // So it is of a plan that waits for another decision.
    let (scene, dana, plan) = decided_by_a_provisioned_person().await;
    for active in [false, true] {
        scene.active(dana, active).await;
        let waits = scene.engine().show_plan(&plan.plan.handle).await.unwrap().decisions;
        assert_eq!(waits[0].person, None, "{active}: {waits:?}");
    }
    assert!(scene.apply(scene.ola, &plan).await.is_err(), "step 1 waits");
    // Leaving took the identity from them, and coming back gave it back: it has been written since, so they decide the next.
    let why = refused(scene.apply(dana, &plan).await, &plan);
    assert!(why.contains("the charter was written since"), "{why}");
    scene.bench.clock.advance(HOUR);
    let next = scene.draft(scene.asha, PlanKind::Disable).await;
    scene.apply(dana, &next).await.unwrap();
    scene.apply(scene.ola, &next).await.unwrap();
    scene.begins(&next).await.unwrap();
}

#[tokio::test]
async fn an_approval_ends_and_is_given_anew_and_hours_say_when() {
    let scene = Scene::set(&format!("[approvals]\nhours = 2\n{STEPS}")).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    scene.apply(scene.ravi, &plan).await.unwrap();
    scene.bench.clock.advance(HOUR * 3);
    insta::assert_snapshot!(refused(scene.apply(scene.ola, &plan).await, &plan), @"denied: plan [plan] was not approved: step 1 of it is decided by an owner of the identity; in an emergency: tenure apply [plan] --emergency WHY");
    scene.apply(scene.ravi, &plan).await.unwrap();
    assert_eq!(scene.apply(scene.ola, &plan).await.unwrap().plan.state, PlanState::Approved);
    scene.bench.clock.advance(HOUR * 3);
    let why = scene.begins(&plan).await.unwrap_err();
    assert!(why.contains("has run out; make a new plan"), "{why}");
}

#[tokio::test]
async fn rules_that_come_in_force_meanwhile_count_when_the_plan_begins() {
    let scene = Scene::set("").await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    let alone = scene.apply(scene.asha, &plan).await.unwrap();
    assert_eq!((alone.plan.state, alone.approvals[0].alone), (PlanState::Approved, true));
    put_in_force(scene.engine(), programme(STEPS)).await;
    let why = scene.begins(&plan).await.unwrap_err();
    assert!(why.contains("step 1 of plan") && why.contains("is asked for since"), "{why}");
}

/// Whoever asked answers for it, too, and says that it is of another environment while they decide.
#[tokio::test]
async fn nobody_steps_out_of_a_rule_around_a_plan() {
    let rule = "[[approvals.rule]]\nenvironments = [\"production\"]\nsteps = [\"owner\", \"operator\"]\n";
    let scene = Scene::set(rule).await;
    scene.bench.clock.advance(HOUR * 25);
    let says = async |environment: Environment| {
        let change = CharterChange { environment: Some(environment), ..CharterChange::default() };
        scene.engine().own(scene.ravi, "reporting", change).await.unwrap();
    };
    let plan = scene.draft(scene.ravi, PlanKind::Disable).await;
    says(Environment::Test).await;
    assert!(refused(scene.apply(scene.ravi, &plan).await, &plan).contains("decides no step of it"));
    // Nor before it is drafted: what was said lately is not settled.
    let second = scene.draft(scene.ravi, PlanKind::Disable).await;
    assert_eq!(second.decisions.len(), 2);
    assert!(scene.apply(scene.ravi, &second).await.is_err());
    // A day later it is of that environment, and no rule means it.
    scene.bench.clock.advance(HOUR * 25);
    let third = scene.draft(scene.ravi, PlanKind::Disable).await;
    assert!(third.decisions.is_empty());
    assert_eq!(scene.apply(scene.ravi, &third).await.unwrap().plan.state, PlanState::Approved);
}

/// What it could cost is judged, and what its owner said of it lately is no way to a lower tier around a plan.
#[tokio::test]
async fn the_risk_tier_of_an_identity_says_which_rule_means_it() {
    let rule = "[[approvals.rule]]\ntiers = [\"high\", \"critical\"]\nsteps = [\"owner\", \"operator\"]\n";
    let scene = Scene::set(rule).await;
    let says = async |data: DataClass| {
        let change = CharterChange { data_class: Some(data), ..CharterChange::default() };
        scene.engine().own(scene.ravi, "reporting", change).await.unwrap();
        scene.engine().judge_touched().await.unwrap();
        scene.engine().show("reporting").await.unwrap().identity.tier
    };
    let steps = async || {
        let plan = scene.draft(scene.ola, PlanKind::Disable).await;
        scene.engine().withdraw(scene.ola, &plan.plan.handle).await.unwrap();
        plan.decisions.len()
    };
    assert_eq!(says(DataClass::Public).await, Some(RiskTier::Moderate));
    assert_eq!(steps().await, 2, "it was said lately");
    scene.bench.clock.advance(HOUR * 25);
    assert_eq!(steps().await, 0);
    assert_eq!(says(DataClass::Restricted).await, Some(RiskTier::High));
    scene.bench.clock.advance(HOUR * 25);
    assert_eq!(steps().await, 2);
}

/// An undo brings a login back: of what was decided in steps not by an owner who took no part.
#[tokio::test]
async fn what_was_decided_in_steps_is_not_taken_back_by_an_owner_who_took_no_part() {
    let scene = Scene::set("[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"administrator\"]\n").await;
    let plan = scene.draft(scene.ola, PlanKind::Disable).await;
    scene.apply(scene.asha, &plan).await.unwrap();
    scene.begins(&plan).await.unwrap();
    let by = async |who: Actor| scene.engine().undo(who, &plan.plan.handle).await;
    assert!(matches!(by(scene.ravi).await, Err(EngineFailure::Denied { .. })));
    by(scene.ola).await.unwrap();
}

#[tokio::test]
async fn an_emergency_goes_past_the_steps_and_says_so() {
    let scene = Scene::set(STEPS).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    let emergency =
        async |why: &str| scene.engine().apply_in_emergency(scene.asha, &plan.plan.handle, None, why).await;
    insta::assert_snapshot!(refused(emergency(" ").await, &plan), @"an emergency has a reason: whoever reads the evidence later will ask why nobody was waited for");
    let decided = emergency("it is leaked").await.unwrap();
    assert_eq!(decided.plan.state, PlanState::Approved);
    let approval = &decided.approvals[0];
    assert_eq!((approval.emergency.as_deref(), approval.alone), (Some("it is leaked"), true));
    scene.begins(&plan).await.unwrap();
    let entries = scene.engine().entries_about(&plan.plan.id.to_string(), 20).await.unwrap();
    let approved = entries.iter().find(|(_, entry)| entry.kind == "plan.approved").unwrap();
    assert_eq!(approved.1.facts.get("emergency"), Some(&tenure_engine::FactValue::Flag(true)));
}

#[tokio::test]
async fn two_who_decide_one_step_at_once_decide_it_once() {
    let scene = Scene::set("[[approvals.rule]]\nsteps = [\"operator\", \"operator\"]\n").await;
    let oda = person(scene.engine(), "oda", Role::Operator).await;
    let plan = scene.draft(scene.ravi, PlanKind::Disable).await;
    let (one, other) = tokio::join!(scene.apply(scene.ola, &plan), scene.apply(oda, &plan));
    let decided = [&one, &other].into_iter().filter(|result| result.is_ok()).count();
    let shown = scene.engine().show_plan(&plan.plan.handle).await.unwrap();
    assert_eq!(shown.approvals.len(), decided);
    // Whichever way they ran, nobody decided both, and no step has two.
    let steps: Vec<Option<i64>> = shown.approvals.iter().map(|one| one.step).collect();
    assert!(steps == [Some(0)] || steps == [Some(0), Some(1)], "{steps:?}");
}

/// An operator may say whose an identity is, and might make it theirs to decide for its owner.
#[tokio::test]
async fn nobody_becomes_an_owner_to_decide_a_plan_that_waits() {
    let scene = Scene::set(STEPS).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    scene.bench.clock.advance(HOUR);
    let mine = CharterChange { technical_owner: Some(String::from("ola")), ..CharterChange::default() };
    scene.engine().own(scene.ola, "reporting", mine).await.unwrap();
    let why = refused(scene.apply(scene.ola, &plan).await, &plan);
    assert!(why.contains("decided by an owner of the identity, and the charter was written since"), "{why}");
    let carol = person(scene.engine(), "carol", Role::Owner).await;
    let hers = CharterChange { technical_owner: Some(String::from("carol")), ..CharterChange::default() };
    scene.engine().own(scene.asha, "reporting", hers.clone()).await.unwrap();
    let past = scene.engine().apply_in_emergency(carol, &plan.plan.handle, None, "it burns").await;
    assert!(refused(past, &plan).contains("who answers for it by that also did when the plan was asked for"));
    // The twin: they own it when the next is asked for.
    scene.bench.clock.advance(HOUR);
    let next = scene.draft(scene.asha, PlanKind::Disable).await;
    assert!(scene.apply(carol, &next).await.unwrap().decisions[0].person.is_some());
}
