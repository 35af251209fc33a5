//! An exception from the wish to its end: who decides what, what ends it, and that none lives for ever.
//!
//! Over the chaos world, in virtual time. Each end has a twin in which it stands on. Must never wait for real time.

use crate::bench::{Bench, PLANTED, actor};
use std::time::Duration;
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{
    Actor, CharterChange, DirectoryGiven, Engine, EngineFailure, ExceptionAnswer, ExceptionCase,
    ExceptionDecision, ExceptionShown, ExceptionWish, FindingRow, FindingsMeant, NewPerson, Provisioned,
    Provisioner, TeamGiven,
};
use tenure_model::{ExceptionKind, ExceptionState, Role, Standing, TokenId};

const DAY: Duration = Duration::from_hours(24);
const POLICY: &str = "weak_or_reused_password";

/// Somebody of this role.
async fn person(engine: &Engine, name: &str, role: Role) -> Actor {
    let new = NewPerson { name: name.to_owned(), role, local_uid: None };
    let person = engine.add_person(actor(engine).await, new).await.unwrap();
    Actor { person: person.id, role: person.role, local: false }
}

/// A deployment in which `ravi` answers for `reporting`, whose value another account has, too.
pub(crate) struct Scene {
    bench: Bench,
    deployment: tenure_engine::Deployment,
    pub(crate) ravi: Actor,
    pub(crate) ola: Actor,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let mut bench = Bench::new();
        bench.world.add(ChaosPrincipal::account("twin", PLANTED));
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        let ravi = person(engine, "ravi", Role::Owner).await;
        let ola = person(engine, "ola", Role::Operator).await;
        engine.own(ravi, "reporting", CharterChange::default()).await.unwrap();
        engine.judge_touched().await.unwrap();
        Self { bench, deployment, ravi, ola }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.deployment.engine
    }

    async fn finding(&self) -> FindingRow {
        let open = self.engine().show("reporting").await.unwrap().findings;
        open.into_iter().find(|one| one.policy == POLICY).unwrap()
    }

    pub(crate) fn wish(&self, days: u32, reason: &str) -> ExceptionWish {
        ExceptionWish {
            kind: ExceptionKind::Exception,
            reason: reason.to_owned(),
            compensation: String::from("reached from one host only"),
            instead: Vec::new(),
            until: self.bench.world.now().plus(DAY * days),
            replace_by: None,
            rests_on_digest: None,
        }
    }

    pub(crate) async fn ask(&self, by: Actor, wish: ExceptionWish) -> Result<ExceptionShown, EngineFailure> {
        self.engine().request_exception(by, &self.finding().await, wish).await
    }

    async fn case(&self, handle: &str) -> ExceptionCase {
        let row = self.engine().exception_row(handle).await.unwrap();
        self.engine().exception_case(row).await.unwrap()
    }

    /// Decides it as it is shown now.
    pub(crate) async fn decide(
        &self,
        by: Actor,
        handle: &str,
        answer: ExceptionAnswer,
    ) -> Result<ExceptionShown, EngineFailure> {
        let case = self.case(handle).await;
        let decision =
            ExceptionDecision { answer, reason: String::from("as discussed"), digest: case.shown.digest };
        self.engine().decide_exception(by, &case.shown.row, decision).await
    }

    async fn granted(&self, days: u32) -> String {
        let asked = self.ask(self.ravi, self.wish(days, "the vendor rotates in May")).await.unwrap();
        self.decide(self.ola, &asked.handle, ExceptionAnswer::Grant).await.unwrap();
        asked.handle
    }

    /// The standing after everything was judged, the state of an exception, and why it ended.
    pub(crate) async fn judged(&self, handle: &str) -> (Standing, ExceptionState, String) {
        self.engine().judge_touched().await.unwrap();
        let row = self.engine().exception_row(handle).await.unwrap();
        let standing = self.engine().show("reporting").await.unwrap().identity.standing;
        (standing, row.state, row.ended_why.unwrap_or_default())
    }

    async fn counted(&self) -> i64 {
        self.engine().store().read("count", |tx| tx.count_findings(FindingsMeant::Counted)).await.unwrap()
    }

    pub(crate) async fn put_in_force(&self, rules: &str) {
        crate::consequences::apply(&self.deployment.engine, crate::approvals::programme(rules)).await;
    }

    pub(crate) async fn leave(&self, name: &str) {
        let asha = actor(self.engine()).await;
        self.engine().remove_person(asha, name).await.unwrap();
    }

    fn wait(&self, days: u32) {
        self.bench.world.clock().advance(DAY * days);
    }
}

/// What was refused, and whether it was because of who asked.
fn refused(result: Result<ExceptionShown, EngineFailure>) -> String {
    match result.unwrap_err() {
        EngineFailure::Denied { why } => format!("denied: {why}"),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn what_is_granted_does_not_count_until_its_end_and_then_by_itself() {
    let scene = Scene::set().await;
    let before = scene.counted().await;
    let asked = scene.ask(scene.ravi, scene.wish(30, "the vendor rotates in May")).await.unwrap();
    let waits = scene.judged(&asked.handle).await;
    assert_eq!((waits.0, waits.1), (Standing::Due, ExceptionState::Requested), "asking changes nothing");
    let case = scene.case(&asked.handle).await;
    assert_eq!((case.granted_by.as_deref(), case.used_days), (Some("an operator"), 0));
    scene.decide(scene.ola, &asked.handle, ExceptionAnswer::Grant).await.unwrap();
    assert_eq!(scene.counted().await, before - 1, "it does not count as soon as it is granted");
    scene.wait(29);
    assert_eq!(scene.judged(&asked.handle).await.0, Standing::Excepted);
    let figures = scene.engine().exception_figures().await.unwrap();
    assert_eq!((figures.numbers.standing, figures.numbers.ending, figures.identities_excepted), (1, 1, 1));
    scene.wait(1);
    let over = scene.judged(&asked.handle).await;
    assert_eq!(over, (Standing::Lapsed, ExceptionState::Ended, String::from("its end came")));
    assert_eq!(scene.counted().await, before);
    let kinds: Vec<String> = {
        let about = scene.engine().entries_about(&asked.row.id.to_string(), 50).await.unwrap();
        about.into_iter().map(|(_, entry)| entry.kind).collect()
    };
    for kind in ["exception.granted", "exception.ended"] {
        assert_eq!(kinds.iter().filter(|one| *one == kind).count(), 1, "{kinds:?}");
    }
}

#[tokio::test]
async fn an_exception_that_tries_to_live_for_ever_does_not() {
    let scene = Scene::set().await;
    let first = scene.granted(60).await;
    scene.wait(59);
    assert_eq!(scene.judged(&first).await.0, Standing::Excepted);
    insta::assert_snapshot!(refused(scene.ask(scene.ravi, scene.wish(60, "The vendor rotates in May.")).await), @"a renewal has a new reason, and this one was given before");
    insta::assert_snapshot!(refused(scene.ask(scene.ravi, scene.wish(91, "one more quarter")).await).split_once(": ").unwrap().1, @"one term is 90 days at most");
    let second = scene.ask(scene.ravi, scene.wish(90, "one more quarter")).await.unwrap();
    assert_eq!(second.row.renewal, 1);
    insta::assert_snapshot!(refused(scene.decide(scene.ola, &second.handle, ExceptionAnswer::Grant).await), @"denied: whoever granted it before does not renew it; somebody higher decides");
    let oda = person(scene.engine(), "oda", Role::Operator).await;
    insta::assert_snapshot!(refused(scene.decide(oda, &second.handle, ExceptionAnswer::Grant).await), @"denied: this renewal is granted by an administrator or somebody higher");
    let asha = actor(scene.engine()).await;
    scene.decide(asha, &second.handle, ExceptionAnswer::Grant).await.unwrap();
    let renewed = scene.judged(&first).await;
    assert_eq!(renewed.1, ExceptionState::Ended, "one stands at a time");
    assert_eq!(renewed.2, format!("renewed by `{}`", second.handle));
    let former = scene.engine().exception_row(&first).await.unwrap().id.to_string();
    let said = scene.engine().entries_about(&former, 20).await.unwrap();
    let over = said.iter().filter(|(_, entry)| entry.kind == "exception.ended" && entry.subject == former);
    assert_eq!(over.count(), 1);
    assert_eq!(scene.engine().exception_figures().await.unwrap().numbers.renewed, 1);
    scene.wait(80);
    insta::assert_snapshot!(refused(scene.ask(scene.ravi, scene.wish(9, "only a week")).await), @"it was granted 2 times, and may be renewed 1 times: it is mended now, or counts");
    scene.wait(10);
    assert_eq!(scene.judged(&second.handle).await.0, Standing::Lapsed);
    // Taking one back and asking anew is no way around it, nor is another person who asks.
    insta::assert_snapshot!(refused(scene.ask(asha, scene.wish(9, "a new face")).await), @"it was granted 2 times, and may be renewed 1 times: it is mended now, or counts");
}

#[tokio::test]
async fn nobody_grants_what_they_asked_for_nor_what_was_not_shown() {
    let scene = Scene::set().await;
    let asha = actor(scene.engine()).await;
    let own = scene.ask(asha, scene.wish(30, "we need a month")).await.unwrap();
    insta::assert_snapshot!(refused(scene.decide(asha, &own.handle, ExceptionAnswer::Grant).await), @"denied: whoever asks for an exception does not grant it; somebody else decides");
    insta::assert_snapshot!(refused(scene.ask(scene.ravi, scene.wish(9, "me too")).await).replace(&own.handle, "[handle]"), @"exception `[handle]` is asked for already and waits for a decision");
    let row = scene.engine().exception_row(&own.handle).await.unwrap();
    let unseen = ExceptionDecision {
        answer: ExceptionAnswer::Grant,
        reason: String::from("yes"),
        digest: String::from("0f"),
    };
    insta::assert_snapshot!(refused(scene.engine().decide_exception(scene.ola, &row, unseen).await), @"what is asked is other than what was shown; look at it again");
    let no = scene.decide(scene.ola, &own.handle, ExceptionAnswer::Refuse).await.unwrap();
    assert_eq!((no.row.state, no.row.rung), (ExceptionState::Refused, None));
    insta::assert_snapshot!(refused(scene.decide(scene.ola, &own.handle, ExceptionAnswer::Grant).await).replace(&own.handle, "[handle]"), @"exception `[handle]` does not wait for a decision; it is refused");
    assert_eq!(scene.judged(&own.handle).await.0, Standing::Due);
}

#[tokio::test]
async fn two_who_decide_at_once_decide_it_once() {
    let scene = Scene::set().await;
    let oda = person(scene.engine(), "oda", Role::Operator).await;
    let asked = scene.ask(scene.ravi, scene.wish(30, "we need a month")).await.unwrap();
    let (one, other) = tokio::join!(
        scene.decide(scene.ola, &asked.handle, ExceptionAnswer::Grant),
        scene.decide(oda, &asked.handle, ExceptionAnswer::Refuse)
    );
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn what_nobody_decides_in_time_is_over() {
    let scene = Scene::set().await;
    let asked = scene.ask(scene.ravi, scene.wish(60, "we need time")).await.unwrap();
    scene.wait(13);
    assert_eq!(scene.judged(&asked.handle).await.1, ExceptionState::Requested);
    scene.wait(1);
    insta::assert_snapshot!(refused(scene.decide(scene.ola, &asked.handle, ExceptionAnswer::Grant).await), @"nobody decided in time; it has to be asked for anew");
    let over = scene.judged(&asked.handle).await;
    assert_eq!((over.1, over.2.as_str()), (ExceptionState::Withdrawn, "nobody decided in time"));
    assert!(scene.ask(scene.ravi, scene.wish(60, "we need time")).await.is_ok(), "it may be asked for anew");
}

#[tokio::test]
async fn what_gets_worse_ends_it_and_what_was_asked_for_before_it_got_worse_is_not_granted() {
    let scene = Scene::set().await;
    let stands = scene.granted(60).await;
    scene.engine().survey(None, "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!(scene.judged(&stands).await.1, ExceptionState::Granted, "nothing changed");
    scene.bench.world.add(ChaosPrincipal::account("triplet", PLANTED));
    scene.engine().survey(None, "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    let (standing, state, why) = scene.judged(&stands).await;
    assert_eq!((standing, state), (Standing::Due, ExceptionState::Ended), "{why}");
    assert!(why.contains("main/triplet"), "{why}");
    let asked = scene.ask(scene.ravi, scene.wish(30, "three of them now")).await.unwrap();
    scene.bench.world.add(ChaosPrincipal::account("fourth", PLANTED));
    scene.engine().survey(None, "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    let asha = actor(scene.engine()).await;
    let late = refused(scene.decide(asha, &asked.handle, ExceptionAnswer::Grant).await);
    assert!(late.starts_with("it would end at once: ") && late.contains("main/fourth"), "{late}");
}

#[tokio::test]
async fn whoever_granted_it_takes_it_along_and_whoever_asked_does_not() {
    let scene = Scene::set().await;
    let stands = scene.granted(60).await;
    let asha = actor(scene.engine()).await;
    scene.engine().remove_person(asha, "ravi").await.unwrap();
    assert_eq!(scene.judged(&stands).await.1, ExceptionState::Granted);
    let leaving = scene.engine().leaving(asha.person, "ola").await.unwrap();
    assert_eq!(leaving.excepted_count, 1);
    scene.engine().remove_person(asha, "ola").await.unwrap();
    let over = scene.judged(&stands).await;
    assert_eq!((over.1, over.2.as_str()), (ExceptionState::Ended, "whoever granted it has left"));
    // What somebody asked for who has left is not granted any more.
    let other = person(scene.engine(), "oda", Role::Operator).await;
    let asked = scene.ask(other, scene.wish(30, "another month")).await.unwrap();
    scene.engine().remove_person(asha, "oda").await.unwrap();
    insta::assert_snapshot!(refused(scene.decide(asha, &asked.handle, ExceptionAnswer::Grant).await), @"whoever asked for it has left; it has to be asked for anew");
}

/// An operator whom a directory named, by a team.
async fn provisioned_operator(scene: &Scene) -> (Actor, Provisioner) {
    let by = Provisioner { token: TokenId::new(scene.bench.world.now(), [7; 10]) };
    let joined = scene.engine().provision_person(by, dana(), true).await.unwrap();
    let Provisioned::Done(row) = joined else { panic!("{joined:?}") };
    let members = [row.person].into();
    let team = TeamGiven { name: String::from("platform"), external_id: None, members };
    scene.engine().provision_team(by, team).await.unwrap();
    let asha = actor(scene.engine()).await;
    scene.engine().map_team(asha, "platform", Some(Role::Operator)).await.unwrap();
    (Actor { person: row.person, role: Role::Operator, local: false }, by)
}

fn dana() -> DirectoryGiven {
    DirectoryGiven { name: String::from("dana"), external_id: None, resource: String::from("{}") }
}

#[tokio::test]
async fn what_somebody_granted_ends_with_their_leaving_even_when_they_are_back_before_anything_was_judged() {
    for leaves in [false, true] {
        let scene = Scene::set().await;
        let (granter, by) = provisioned_operator(&scene).await;
        let asked = scene.ask(scene.ravi, scene.wish(60, "the vendor rotates in May")).await.unwrap();
        scene.decide(granter, &asked.handle, ExceptionAnswer::Grant).await.unwrap();
        assert_eq!(scene.judged(&asked.handle).await.1, ExceptionState::Granted);
        for active in [!leaves, true] {
            let version = scene.engine().provisioned(granter.person).await.unwrap().version;
            let at = (granter.person, version);
            scene.engine().change_provisioned(by, at, dana(), active).await.unwrap();
        }
        let (_, state, why) = scene.judged(&asked.handle).await;
        if leaves {
            assert_eq!((state, why.as_str()), (ExceptionState::Ended, "whoever granted it has left"));
        } else {
            assert_eq!(state, ExceptionState::Granted, "{why}");
        }
    }
}

/// Where a service level asks for it, what is asked for has a clock until somebody decides.
#[tokio::test]
async fn what_is_asked_for_passes_on_when_nobody_decides_it_in_time() {
    let scene = Scene::set().await;
    let level = "version = 1\n[[service_level]]\nid = 'e'\nfor = 'exception'\nwithin_hours = 5\nescalation = ['administrator']\n";
    let files = tenure_judge::ProgrammeFiles([(String::from("programme.toml"), level.to_owned())].into());
    crate::consequences::apply(&scene.deployment.engine, files).await;
    let followed = async || scene.engine().follow_clocks().await.unwrap();
    assert_eq!(followed().await, tenure_engine::ClocksFollowed::default(), "nothing waits yet");
    let asked = scene.ask(scene.ravi, scene.wish(30, "the vendor rotates in May")).await.unwrap();
    assert_eq!(followed().await.begun, 1);
    scene.bench.clock.advance(Duration::from_hours(5));
    assert_eq!(followed().await.passed_on, 1);
    let clock = scene.engine().due_of(&asked.row.id.to_string()).await.unwrap().unwrap();
    assert_eq!((clock.kind, clock.late.is_some()), (tenure_model::ClockKind::Exception, true));
    // Whoever asked does not grant it by that, and whoever may from the beginning still does.
    assert!(scene.decide(scene.ravi, &asked.handle, ExceptionAnswer::Grant).await.is_err());
    scene.decide(scene.ola, &asked.handle, ExceptionAnswer::Grant).await.unwrap();
    assert_eq!(followed().await.ended, 1);
}

#[tokio::test]
async fn a_wish_that_cannot_be_is_refused_with_what_to_do() {
    let scene = Scene::set().await;
    let ask = async |wish: ExceptionWish| refused(scene.ask(scene.ravi, wish).await);
    let plain = scene.wish(30, "we need a month");
    insta::assert_snapshot!(ask(ExceptionWish { reason: String::from(" "), ..plain.clone() }).await, @"an exception says why; the reason is empty");
    insta::assert_snapshot!(ask(ExceptionWish { compensation: String::new(), ..plain.clone() }).await, @"an exception says what makes up for it meanwhile; the compensation is empty");
    let instead = |policy: &str| ExceptionWish { instead: vec![policy.to_owned()], ..plain.clone() };
    insta::assert_snapshot!(ask(instead("no_such")).await, @"`no_such` is no policy; `tenure programme show` lists them");
    insta::assert_snapshot!(ask(instead(POLICY)).await, @"`weak_or_reused_password` fails here; something else has to hold instead");
    let constraint = ExceptionWish { kind: ExceptionKind::Constraint, ..instead("shared_use") };
    insta::assert_snapshot!(ask(constraint).await, @"a constraint is for what cannot be mended where it is (weak_key, unencrypted_private_key, static_cloud_key, rotation_overdue, long_lived_token, shared_use); ask for an exception");
    insta::assert_snapshot!(ask(ExceptionWish { rests_on_digest: Some(String::from("00")), ..plain.clone() }).await, @"what this finding rests on changed since you looked: look again");
    // What is dismissed is no finding; what is excepted is not dismissed besides.
    let finding = scene.finding().await;
    let end = scene.bench.world.now().plus(DAY);
    scene.engine().dismiss(scene.ola, &finding, crate::quiet::until(end)).await.unwrap();
    insta::assert_snapshot!(ask(plain.clone()).await, @"this finding is dismissed: it does not count; withdraw that first");
    scene.engine().withdraw_dismissal(scene.ola, &finding).await.unwrap();
    let stands = scene.granted(30).await;
    let both = scene.engine().dismiss(scene.ola, &finding, crate::quiet::until(end)).await.unwrap_err();
    insta::assert_snapshot!(both.to_string(), @"this finding is excepted: it does not count; take the exception back first");
    let row = scene.engine().exception_row(&stands).await.unwrap();
    scene.engine().withdraw_exception(scene.ravi, &row, "mended soon").await.unwrap();
    let back = scene.judged(&stands).await;
    assert_eq!(back, (Standing::Due, ExceptionState::Ended, String::from("taken back: mended soon")));
}

/// Much that is excepted of one control says that the control does not fit.
#[tokio::test]
async fn a_control_of_which_much_is_excepted_is_flagged() {
    let scene = Scene::set().await;
    scene.bench.world.add(ChaosPrincipal::account("triplet", PLANTED));
    scene.engine().survey(None, "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    scene.engine().judge_touched().await.unwrap();
    let flagged = async || -> Vec<(i64, i64, bool)> {
        let controls = scene.engine().exception_figures().await.unwrap().controls;
        controls.into_iter().map(|one| (one.counted.excepted, one.counted.failing, one.flagged)).collect()
    };
    let open = scene.engine().store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    let reused: Vec<&FindingRow> = open.iter().filter(|one| one.policy == POLICY).collect();
    assert_eq!(reused.len(), 3);
    let asha = actor(scene.engine()).await;
    for (number, finding) in reused.iter().enumerate() {
        let wish = scene.wish(30, "we need a month");
        let asked = scene.engine().request_exception(asha, finding, wish).await.unwrap();
        scene.decide(scene.ola, &asked.handle, ExceptionAnswer::Grant).await.unwrap();
        let all = i64::try_from(number).unwrap() + 1;
        assert_eq!(flagged().await, [(all, flagged().await[0].1, all >= 3)]);
    }
}
