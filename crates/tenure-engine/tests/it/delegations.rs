//! Delegations from the offer to the end: what is decided in whose place, and all that is not.
//!
//! Over the chaos world, in virtual time. Each refusal has a twin that is let through. Must never wait for real time.

use crate::approvals::{Scene, away_and_back, dana, directory};
use crate::consequences::{apply as put_in_force, person};
use std::time::Duration;
use tenure_engine::{
    Actor, DelegationShown, DelegationWish, DelegationsFollowed, EngineFailure, ExceptionAnswer, FactValue,
    PlanShown, Provisioned,
};
use tenure_model::{
    DelegatedKind, DelegationState, PlanKind, PlanState, RequestState, ReviewAnswer, Role, WaitingKind,
};

const DAY: Duration = Duration::from_hours(24);
const STEPS: &str = "[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"owner\", \"operator\"]\n";

/// Lets others decide: whoever has an engine and a clock.
pub(crate) struct Letting<'scene> {
    pub(crate) engine: &'scene tenure_engine::Engine,
}

impl Letting<'_> {
    fn wish(&self, to: &str, days: u32) -> DelegationWish {
        DelegationWish {
            to: to.to_owned(),
            begins: None,
            ends: self.engine.now().plus(DAY * days),
            kinds: Vec::new(),
            reason: String::from("on leave"),
        }
    }

    pub(crate) async fn offer(&self, from: Actor, to: &str) -> Result<DelegationShown, EngineFailure> {
        self.engine.offer_delegation(from, self.wish(to, 7)).await
    }

    pub(crate) async fn accept(
        &self,
        by: Actor,
        one: &DelegationShown,
    ) -> Result<DelegationShown, EngineFailure> {
        self.engine.accept_delegation(by, &one.line.row).await
    }

    /// One that is accepted at once.
    pub(crate) async fn given(&self, from: Actor, to: (&str, Actor)) -> DelegationShown {
        let offered = self.offer(from, to.0).await.unwrap();
        self.accept(to.1, &offered).await.unwrap()
    }

    async fn end(&self, by: Actor, one: &DelegationShown) -> Result<DelegationShown, EngineFailure> {
        self.engine.withdraw_delegation(by, &one.line.row, "back earlier").await
    }

    async fn inbox(&self, of: &str) -> Vec<(WaitingKind, String)> {
        let person = self.engine.person_called(of).await.unwrap();
        let waiting = self.engine.inbox(&person).await.unwrap().waiting;
        waiting.into_iter().map(|one| (one.waiting.kind, one.waiting.why)).collect()
    }
}

fn said(result: Result<PlanShown, EngineFailure>, plan: &PlanShown) -> String {
    result.unwrap_err().to_string().replace(&plan.plan.handle, "[plan]")
}

#[tokio::test]
async fn what_is_asked_of_an_owner_is_decided_in_their_place_once_that_is_accepted() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    let denied = async || said(scene.apply(dee, &plan).await, &plan);
    assert!(denied().await.contains("step 1 of it is decided by an owner"));
    let offered = letting.offer(scene.ravi, "dee").await.unwrap();
    assert_eq!(offered.line.row.state, DelegationState::Offered);
    assert!(
        denied().await.contains("step 1 of it is decided by an owner"),
        "nothing counts before it is accepted"
    );
    let waits = letting.inbox("dee").await;
    assert_eq!(
        waits,
        [(WaitingKind::Delegation, String::from("ravi asks you to decide for them: on leave"))]
    );
    let theirs = letting.accept(dee, &offered).await.unwrap();
    assert!(theirs.line.counts && theirs.decided.is_empty());
    let why = String::from("for ravi: step 1 of 2 is decided by an owner of the identity");
    assert_eq!(letting.inbox("dee").await, [(WaitingKind::Plan, why)]);
    let shown = scene.engine().show_plan(&plan.plan.handle).await.unwrap();
    assert_eq!(shown.decisions[0].people, ["ravi", "dee (for ravi)"]);
    let first = scene.apply(dee, &plan).await.unwrap();
    let decision = &first.decisions[0];
    assert_eq!((decision.person, decision.in_place_of), (Some(dee.person), Some(scene.ravi.person)));
    assert_eq!(scene.apply(scene.ola, &plan).await.unwrap().plan.state, PlanState::Approved);
    let entries = scene.engine().entries_about(&scene.ravi.person.to_string(), 20).await.unwrap();
    let approved = entries.iter().find(|(_, entry)| entry.kind == "plan.approved").unwrap();
    let in_place = FactValue::Text(scene.ravi.person.to_string());
    assert_eq!(approved.1.facts.get("in_place_of"), Some(&in_place), "found under whose place it was");
    let after = scene.engine().delegation_shown(&theirs.line.row).await.unwrap();
    let decided: Vec<_> = after.decided.iter().map(|one| (one.kind, one.handle.clone())).collect();
    assert_eq!(decided, [(DelegatedKind::Plan, plan.plan.handle.clone())]);
}

#[tokio::test]
async fn both_count_as_one_person() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let oda = person(scene.engine(), "oda", Role::Operator).await;
    letting.given(scene.ravi, ("ola", scene.ola)).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    scene.apply(scene.ola, &plan).await.unwrap();
    for one in [scene.ola, scene.ravi] {
        assert!(said(scene.apply(one, &plan).await, &plan).contains("step 2 is decided by somebody else"));
    }
    assert_eq!(scene.apply(oda, &plan).await.unwrap().plan.state, PlanState::Approved);
    // Nor does anybody decide in the place of whoever asked.
    scene.engine().withdraw(scene.asha, &plan.plan.handle).await.unwrap();
    let own = scene.draft(scene.ravi, PlanKind::Disable).await;
    assert!(scene.apply(scene.ola, &own).await.is_err());
    // The twin: an owner of it who did not ask.
    let next = scene.draft(oda, PlanKind::Disable).await;
    assert!(scene.apply(scene.ola, &next).await.is_ok());
}

#[tokio::test]
async fn no_role_is_passed_on_and_nothing_twice() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let eve = person(scene.engine(), "eve", Role::Owner).await;
    letting.given(scene.ola, ("dee", dee)).await;
    letting.given(scene.ravi, ("dee", dee)).await;
    letting.given(dee, ("eve", eve)).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    assert!(scene.apply(eve, &plan).await.is_err(), "what dee decides for ravi is not dee's to pass on");
    scene.apply(scene.ravi, &plan).await.unwrap();
    let why = said(scene.apply(dee, &plan).await, &plan);
    assert!(why.contains("step 2 of it is decided by an operator"), "{why}");
    // Past all steps somebody goes as themselves alone.
    let past = scene.engine().apply_in_emergency(dee, &plan.plan.handle, None, "it burns").await;
    assert!(said(past, &plan).contains("nobody does in another's place"));
    // Where one decision is enough, it is recorded whose it was.
    put_in_force(scene.engine(), crate::approvals::programme("")).await;
    scene.engine().withdraw(scene.asha, &plan.plan.handle).await.unwrap();
    let own = scene.draft(scene.ravi, PlanKind::Disable).await;
    let done = scene.apply(dee, &own).await.unwrap();
    let approval = &done.approvals[0];
    assert_eq!((approval.person, approval.alone), (dee.person, true), "whoever asked decided by another");
    assert!(approval.delegation.is_some());
}

/// Of what was decided in steps no owner takes anything back who took no part; in whose place it was decided did.
#[tokio::test]
async fn what_was_decided_in_somebodys_place_they_take_back() {
    let rule = "[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"owner\"]\n";
    let scene = Scene::set(rule).await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let eve = person(scene.engine(), "eve", Role::Owner).await;
    letting.given(scene.ravi, ("dee", dee)).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    assert_eq!(scene.apply(dee, &plan).await.unwrap().plan.state, PlanState::Approved);
    scene.engine().drive(plan.plan.id).await.unwrap();
    let undo = async |who: Actor| scene.engine().undo(who, &plan.plan.handle).await;
    assert!(matches!(undo(eve).await, Err(EngineFailure::Denied { .. })));
    undo(scene.ravi).await.unwrap();
}

#[tokio::test]
async fn only_the_kinds_that_were_said_and_only_within_its_time() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    let kinds = |kinds: Vec<DelegatedKind>| DelegationWish { kinds, ..letting.wish("dee", 7) };
    let other =
        scene.engine().offer_delegation(scene.ravi, kinds(vec![DelegatedKind::Request])).await.unwrap();
    letting.accept(dee, &other).await.unwrap();
    assert!(scene.apply(dee, &plan).await.is_err(), "requests only");
    let begins = Some(scene.engine().now().plus(DAY));
    let ahead = DelegationWish { begins, ..kinds(vec![DelegatedKind::Plan]) };
    let ahead = scene.engine().offer_delegation(scene.ravi, ahead).await.unwrap();
    assert!(!letting.accept(dee, &ahead).await.unwrap().line.counts);
    assert!(scene.apply(dee, &plan).await.is_err(), "not yet");
    scene.bench.clock.advance(DAY * 7);
    let late = scene.draft(scene.asha, PlanKind::Revoke).await;
    assert!(
        scene.apply(dee, &late).await.is_err() && scene.apply(dee, &plan).await.is_err(),
        "its time is over"
    );
    assert_eq!(scene.engine().follow_delegations().await.unwrap(), DelegationsFollowed { lapsed: 2 });
    assert_eq!(scene.engine().follow_delegations().await.unwrap(), DelegationsFollowed::default());
}

/// The twin of what the last one refuses: in the middle of its time.
#[tokio::test]
async fn within_its_time_and_of_its_kind_it_counts() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let wish = DelegationWish {
        kinds: vec![DelegatedKind::Plan],
        begins: Some(scene.engine().now().plus(DAY)),
        ..letting.wish("dee", 7)
    };
    let ahead = scene.engine().offer_delegation(scene.ravi, wish).await.unwrap();
    letting.accept(dee, &ahead).await.unwrap();
    scene.bench.clock.advance(DAY * 2);
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    assert!(scene.apply(dee, &plan).await.is_ok());
    assert_eq!(scene.engine().follow_delegations().await.unwrap(), DelegationsFollowed::default());
}

#[tokio::test]
async fn what_is_taken_back_takes_what_was_decided_along_and_what_ran_out_does_not() {
    for taken_back in [true, false] {
        let scene = Scene::set(STEPS).await;
        let letting = Letting { engine: scene.engine() };
        let dee = person(scene.engine(), "dee", Role::Owner).await;
        let given = letting.given(scene.ravi, ("dee", dee)).await;
        scene.bench.clock.advance(Duration::from_hours(24 * 7 - 1));
        let plan = scene.draft(scene.asha, PlanKind::Disable).await;
        scene.apply(dee, &plan).await.unwrap();
        if taken_back {
            letting.end(scene.ravi, &given).await.unwrap();
        } else {
            scene.bench.clock.advance(Duration::from_hours(2));
            scene.engine().follow_delegations().await.unwrap();
        }
        let waits = scene.engine().show_plan(&plan.plan.handle).await.unwrap().decisions;
        assert_eq!(waits[0].person.is_none(), taken_back, "{waits:?}");
        assert_eq!(scene.apply(scene.ola, &plan).await.is_err(), taken_back);
    }
}

#[tokio::test]
async fn it_is_over_when_one_of_the_two_leaves_and_stays_over_when_they_are_back() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let joined = scene.engine().provision_person(directory(), dana(), true).await.unwrap();
    let Provisioned::Done(row) = joined else { panic!("{joined:?}") };
    let dana = Actor { person: row.person, role: Role::Owner, local: false };
    let given = letting.given(scene.ravi, ("dana", dana)).await;
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    scene.apply(dana, &plan).await.unwrap();
    away_and_back(scene.engine(), dana.person).await;
    let waits = scene.engine().show_plan(&plan.plan.handle).await.unwrap().decisions;
    assert_eq!(waits[0].person, None, "{waits:?}");
    assert!(scene.apply(dana, &plan).await.is_err());
    scene.engine().follow_delegations().await.unwrap();
    let row = scene.engine().delegation_row(&given.line.handle).await.unwrap();
    assert_eq!(row.ended_why.as_deref(), Some("whom it was offered to has left"));
    // The other way: whoever gave it gets another role.
    let again = letting.given(scene.ravi, ("dana", dana)).await;
    assert!(scene.apply(dana, &plan).await.is_ok());
    scene.engine().set_role(scene.asha, "ravi", Role::Auditor).await.unwrap();
    let waits = scene.engine().show_plan(&plan.plan.handle).await.unwrap().decisions;
    assert_eq!(waits[0].person, None, "an auditor decides nothing, and nobody does for one");
    scene.engine().follow_delegations().await.unwrap();
    let row = scene.engine().delegation_row(&again.line.handle).await.unwrap();
    assert_eq!(
        (row.state, row.ended_why.as_deref()),
        (DelegationState::Lapsed, Some("one of the two decides nothing any more"))
    );
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_what_to_do() {
    let scene = Scene::set("").await;
    let letting = Letting { engine: scene.engine() };
    person(scene.engine(), "dee", Role::Owner).await;
    person(scene.engine(), "audra", Role::Auditor).await;
    let refused = async |wish: DelegationWish| {
        scene.engine().offer_delegation(scene.ravi, wish).await.unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused(letting.wish("ravi", 7)).await, @"nobody delegates to themselves; name somebody else");
    insta::assert_snapshot!(refused(letting.wish("audra", 7)).await, @"audra is an auditor and decides nothing: name somebody else");
    insta::assert_snapshot!(refused(letting.wish("nobody", 7)).await, @"there is no person `nobody`");
    assert!(
        refused(letting.wish("dee", 40)).await.starts_with("it was not offered: it may last 31 days at most")
    );
    let silent = DelegationWish { reason: String::from(" "), ..letting.wish("dee", 7) };
    insta::assert_snapshot!(refused(silent).await, @"whoever lets another decide in their place says why; the reason is empty");
    let secret = format!("the password is AKIA{}", "QWERTYUIOPASDFGH");
    assert!(
        refused(DelegationWish { reason: secret, ..letting.wish("dee", 7) })
            .await
            .contains("looks like a secret")
    );
    let first = letting.offer(scene.ravi, "dee").await.unwrap();
    assert!(refused(letting.wish("dee", 3)).await.contains("lies over that time already; withdraw it first"));
    // Whose it is not neither answers nor ends it; an operator may end it.
    assert!(letting.accept(scene.ola, &first).await.is_err());
    let eve = person(scene.engine(), "eve", Role::Owner).await;
    assert!(matches!(letting.end(eve, &first).await, Err(EngineFailure::Denied { .. })));
    assert_eq!(letting.end(scene.ola, &first).await.unwrap().line.row.state, DelegationState::Withdrawn);
    assert!(letting.end(scene.ravi, &first).await.is_err(), "it is over");
    assert!(letting.offer(scene.ravi, "dee").await.is_ok());
}

#[tokio::test]
async fn the_programme_says_for_how_long() {
    let scene = Scene::set("[delegations]\ndays_max = 2\n").await;
    let letting = Letting { engine: scene.engine() };
    person(scene.engine(), "dee", Role::Owner).await;
    let long = scene.engine().offer_delegation(scene.ravi, letting.wish("dee", 3)).await.unwrap_err();
    assert!(long.to_string().contains("it may last 2 days at most"), "{long}");
    assert!(scene.engine().offer_delegation(scene.ravi, letting.wish("dee", 2)).await.is_ok());
}

#[tokio::test]
async fn one_that_nobody_accepted_lapses_and_one_that_is_declined_counts_for_nothing() {
    let scene = Scene::set(STEPS).await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let offered = letting.offer(scene.ravi, "dee").await.unwrap();
    let declined = scene.engine().decline_delegation(dee, &offered.line.row, "away too").await.unwrap();
    assert_eq!(declined.line.row.ended_why.as_deref(), Some("declined: away too"));
    assert!(letting.accept(dee, &offered).await.is_err());
    let plan = scene.draft(scene.asha, PlanKind::Disable).await;
    assert!(scene.apply(dee, &plan).await.is_err());
    let second = letting.offer(scene.ravi, "dee").await.unwrap();
    scene.bench.clock.advance(DAY * 8);
    let late = letting.accept(dee, &second).await.unwrap_err().to_string();
    assert!(late.contains("cannot be accepted: nobody accepted it in time"), "{late}");
    assert_eq!(scene.engine().follow_delegations().await.unwrap().lapsed, 1);
}

#[tokio::test]
async fn requests_are_decided_in_the_place_of_whom_a_step_names() {
    let scene = crate::requests::Scene::set().await;
    let letting = Letting { engine: scene.engine() };
    let rule = "[[approvals.rule]]\nrequests = [\"create\"]\nsteps = [\"person:ola\", \"operator\"]\n";
    put_in_force(scene.engine(), crate::requests::programme(rule, "")).await;
    let dee = person(scene.engine(), "dee", Role::Operator).await;
    let asked = scene.ask("loader").await;
    assert!(scene.approve(dee, &asked).await.is_err());
    letting.given(scene.ola, ("dee", dee)).await;
    let first = scene.approve(dee, &asked).await.unwrap();
    let names = (first.decisions[0].person_name.as_deref(), first.decisions[0].in_place_of_name.as_deref());
    assert_eq!(names, (Some("dee"), Some("ola")));
    assert!(scene.approve(scene.ola, &asked).await.is_err() && scene.approve(dee, &asked).await.is_err());
    assert_eq!(scene.approve(scene.asha, &asked).await.unwrap().row.state, RequestState::Approved);
}

/// Somebody who may make nothing does not approve what is made, whoever lets them.
#[tokio::test]
async fn who_may_not_decide_a_request_does_not_in_anybodys_place() {
    let scene = crate::requests::Scene::set().await;
    let letting = Letting { engine: scene.engine() };
    let rule = "[[approvals.rule]]\nrequests = [\"create\"]\nsteps = [\"person:ola\"]\n";
    put_in_force(scene.engine(), crate::requests::programme(rule, "")).await;
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    letting.given(scene.ola, ("dee", dee)).await;
    let asked = scene.ask("loader").await;
    assert!(matches!(scene.approve(dee, &asked).await, Err(EngineFailure::Denied { .. })));
}

#[tokio::test]
async fn exceptions_are_granted_in_the_place_of_whom_the_programme_names_and_end_with_either() {
    for leaver in ["ola", "oda"] {
        let scene = crate::exceptions::Scene::set().await;
        let letting = Letting { engine: scene.engine() };
        let rule = "[exceptions]\napprovers = [\"person:ola\"]\nrenewals_max = 0\n";
        scene.put_in_force(rule).await;
        let oda = person(scene.engine(), "oda", Role::Operator).await;
        let asked = scene.ask(scene.ravi, scene.wish(20, "the vendor rotates in May")).await.unwrap();
        assert!(scene.decide(oda, &asked.handle, ExceptionAnswer::Grant).await.is_err());
        letting.given(scene.ola, ("oda", oda)).await;
        let granted = scene.decide(oda, &asked.handle, ExceptionAnswer::Grant).await.unwrap();
        assert_eq!(granted.in_place_of_name.as_deref(), Some("ola"));
        scene.judged(&asked.handle).await;
        assert_eq!(scene.judged(&asked.handle).await.1, tenure_model::ExceptionState::Granted);
        scene.leave(leaver).await;
        let (_, state, why) = scene.judged(&asked.handle).await;
        assert_eq!(
            (state, why.as_str()),
            (tenure_model::ExceptionState::Ended, "whoever granted it has left"),
            "{leaver}"
        );
    }
}

#[tokio::test]
async fn a_review_is_decided_in_the_place_of_whose_turn_it_is_and_nobody_reviews_their_own_so() {
    let scene = crate::reviews::Scene::set().await;
    let letting = Letting { engine: scene.engine() };
    let dee = person(scene.engine(), "dee", Role::Owner).await;
    let tess = Actor {
        person: scene.engine().person_called("tess").await.unwrap().id,
        role: Role::Owner,
        local: false,
    };
    let review = scene.start("name:*billing").await;
    let seen = scene.looked(&review, "billing").await;
    assert!(scene.says(dee, &seen, ReviewAnswer::Keep).await.is_err());
    let to_tess = letting.given(scene.ravi, ("tess", tess)).await;
    let why = scene.says(tess, &seen, ReviewAnswer::Keep).await.unwrap_err().to_string();
    assert!(why.contains("nobody reviews their own"), "{why}");
    letting.end(tess, &to_tess).await.unwrap();
    letting.given(scene.ravi, ("dee", dee)).await;
    let mine = letting.inbox("dee").await;
    assert!(
        mine.iter().any(|(kind, why)| *kind == WaitingKind::ReviewItem && why.starts_with("for ravi: ")),
        "{mine:?}"
    );
    let seen = scene.looked(&review, "billing").await;
    let done = scene.says(dee, &seen, ReviewAnswer::Keep).await.unwrap();
    assert_eq!(
        (done.decided_by_name.as_deref(), done.in_place_of_name.as_deref()),
        (Some("dee"), Some("ravi"))
    );
}
