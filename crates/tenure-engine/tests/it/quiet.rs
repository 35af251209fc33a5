//! Quiet by design: the baseline, what a person dismisses, and the queue.
//!
//! Over the chaos world, in virtual time. Next: `tenure-engine/src/verbs/queue.rs`.

use crate::bench::{Bench, PLANTED, actor};
use std::time::Duration;
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{
    Actor, Belief, CharterChange, Deployment, Dismissal, Engine, FindingRow, FindingsMeant, NewPerson, Queue,
};
use tenure_model::{Environment, Instant, PrincipalKey, Role, Standing};

const DAY: Duration = Duration::from_hours(24);

/// Two roles with one value: a finding of each.
async fn twins(bench: &mut Bench) -> Deployment {
    bench.world.add(ChaosPrincipal::account("twin", PLANTED));
    bench.surveyed().await
}

async fn survey(engine: &Engine) {
    engine.survey(Some(actor(engine).await), "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    engine.judge_touched().await.unwrap();
}

async fn queue(engine: &Engine) -> Queue {
    engine.queue(FindingsMeant::Counted, 5).await.unwrap()
}

async fn finding(engine: &Engine, name: &str) -> FindingRow {
    let findings = engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    findings.into_iter().find(|one| one.identity_name == name).unwrap()
}

pub(crate) fn until(end: Instant) -> Dismissal {
    Dismissal { reason: String::from("a copy for a rehearsal"), until: end, rests_on_digest: None }
}

#[tokio::test]
async fn the_first_day_is_no_news_and_the_next_is() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    let first = engine.baseline("main").await.unwrap();
    assert!(first.baseline.is_some());
    assert_eq!((first.findings, first.new), (2, 0));
    bench.world.clock().advance(DAY);
    bench.world.create(ChaosPrincipal::account("third", PLANTED));
    survey(engine).await;
    let second = engine.baseline("main").await.unwrap();
    assert_eq!((second.findings, second.new, second.baseline), (3, 1, first.baseline));
    assert_eq!(engine.queue(FindingsMeant::New, 5).await.unwrap().items[0].names, ["main/third"]);
    let (dossier, _) = engine.explain("main/third").await.unwrap();
    assert!(dossier.new_since_baseline);
    assert!(!engine.explain("main/twin").await.unwrap().0.new_since_baseline);
    bench.world.clock().advance(DAY);
    let anew = engine.set_baseline(actor(engine).await, "main").await.unwrap();
    assert_eq!((anew.findings, anew.new), (3, 0));
    assert!(!engine.explain("main/third").await.unwrap().0.new_since_baseline);
    assert!(engine.set_baseline(actor(engine).await, "nowhere").await.is_err());
    assert_eq!(engine.log_page(None, 1).await.unwrap()[0].1.kind, "source.baseline_set");
}

#[tokio::test]
async fn a_dismissed_finding_does_not_count_and_returns_by_itself() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    engine.own(actor(engine).await, "main/twin", CharterChange::default()).await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(engine.show("main/twin").await.unwrap().identity.standing, Standing::Due);
    let (twin, end) = (finding(engine, "main/twin").await, bench.world.now().plus(3 * DAY));
    let dismissed = engine.dismiss(actor(engine).await, &twin, until(end)).await.unwrap();
    assert_eq!(dismissed.dismissed_until, Some(end));
    engine.judge_touched().await.unwrap();
    let identity = engine.show("main/twin").await.unwrap().identity;
    assert_eq!((identity.standing, identity.due), (Standing::Sound, Some(end)));
    let counts = |queue: Queue| (queue.findings, queue.dismissed, queue.items.len());
    assert_eq!(counts(queue(engine).await), (1, 1, 1));
    bench.world.clock().advance(4 * DAY);
    engine.judge_touched().await.unwrap();
    assert_eq!(engine.show("main/twin").await.unwrap().identity.standing, Standing::Due);
    assert_eq!(counts(queue(engine).await), (2, 0, 2));
}

/// The grace of what is dismissed runs on, and nothing that is said of the identity changes when it ends.
#[tokio::test]
async fn the_grace_of_a_dismissed_finding_is_not_said_to_change_anything() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    engine.own(actor(engine).await, "main/twin", CharterChange::default()).await.unwrap();
    engine.judge_touched().await.unwrap();
    let grace = engine.show("main/twin").await.unwrap().identity.due.unwrap();
    let end = grace.plus(30 * DAY);
    engine.dismiss(actor(engine).await, &finding(engine, "main/twin").await, until(end)).await.unwrap();
    engine.judge_touched().await.unwrap();
    let shown = engine.show("main/twin").await.unwrap().identity;
    let stored = engine.store().read("identity", move |tx| tx.identity(shown.id)).await.unwrap();
    assert!(stored.due.is_some_and(|due| due < end), "it is judged again before: {:?}", stored.due);
    assert_eq!((shown.standing, shown.due), (Standing::Sound, Some(end)));
    let (_, explained) = engine.explain("main/twin").await.unwrap();
    assert_eq!(explained.judgement.changes_at, Some(end));
}

/// Two roles with one value, of which ravi said that the one is no finding; then what `change` does.
async fn dismissed_then(change: impl AsyncFnOnce(&Bench, &Engine, &PrincipalKey)) -> (i64, Option<String>) {
    let mut bench = Bench::new();
    let key = bench.world.add(ChaosPrincipal::account("twin", PLANTED));
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let new = NewPerson { name: String::from("ravi"), role: Role::Operator, local_uid: None };
    let ravi = engine.add_person(actor(engine).await, new).await.unwrap();
    let ravi = Actor { person: ravi.id, role: Role::Operator, local: false };
    let (twin, end) = (finding(engine, "main/twin").await, bench.world.now().plus(30 * DAY));
    let dismissed = engine.dismiss(ravi, &twin, until(end)).await.unwrap();
    assert_eq!(dismissed.dismissed_by.as_deref(), Some("ravi"));
    assert_eq!(dismissed.dismissed_because.as_deref(), Some("a copy for a rehearsal"));
    bench.world.clock().advance(DAY);
    change(&bench, engine, &key).await;
    engine.judge_touched().await.unwrap();
    let now = engine.open_finding(&twin.id.to_string()).await.unwrap();
    assert_eq!(now.dismissed_until.is_none(), now.dismissal_ended.is_some());
    let kinds: Vec<String> =
        engine.log_page(None, 100).await.unwrap().into_iter().map(|(_, entry)| entry.kind).collect();
    let told = kinds.iter().filter(|kind| *kind == "finding.dismissal_ended").count();
    assert_eq!(told, usize::from(now.dismissal_ended.is_some()), "{kinds:?}");
    (queue(engine).await.dismissed, now.dismissal_ended)
}

#[tokio::test]
async fn what_changed_since_somebody_looked_is_not_dismissed_unseen() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    let twin = finding(engine, "main/twin").await;
    let seen = engine.rests_on_digest(&twin).await.unwrap();
    assert_eq!(seen.len(), 64);
    survey(engine).await;
    assert_eq!(engine.rests_on_digest(&twin).await.unwrap(), seen, "seen again is no change");
    bench.world.create(ChaosPrincipal::account("third", PLANTED));
    survey(engine).await;
    let end = bench.world.now().plus(DAY);
    let old = Dismissal { rests_on_digest: Some(seen), ..until(end) };
    let refused = engine.dismiss(actor(engine).await, &twin, old).await.unwrap_err().to_string();
    assert!(refused.contains("changed since you looked: look again"), "{refused}");
    assert_eq!(queue(engine).await.dismissed, 0);
    let seen = engine.rests_on_digest(&twin).await.unwrap();
    let fresh = Dismissal { rests_on_digest: Some(seen), ..until(end) };
    assert_eq!(engine.dismiss(actor(engine).await, &twin, fresh).await.unwrap().dismissed_until, Some(end));
}

#[tokio::test]
async fn a_dismissal_ends_when_what_it_was_about_changes_or_whoever_said_so_leaves() {
    let unchanged = dismissed_then(async |_, engine, _| survey(engine).await).await;
    assert_eq!(unchanged, (1, None));
    let third = async |bench: &Bench, engine: &Engine, _: &PrincipalKey| {
        bench.world.create(ChaosPrincipal::account("third", PLANTED));
        survey(engine).await;
    };
    let (dismissed, why) = dismissed_then(third).await;
    assert_eq!(dismissed, 0);
    let why = why.unwrap();
    assert!(why.starts_with("`same_value_elsewhere` rests on ") && why.contains("main/third"), "{why}");
    let left = async |_: &Bench, engine: &Engine, _: &PrincipalKey| {
        engine.remove_person(actor(engine).await, "ravi").await.unwrap();
    };
    assert_eq!(dismissed_then(left).await, (0, Some(String::from("whoever dismissed it has left"))));
    let lowered = async |_: &Bench, engine: &Engine, _: &PrincipalKey| {
        engine.set_role(actor(engine).await, "ravi", Role::Auditor).await.unwrap();
    };
    let may_not = String::from("whoever dismissed it may not do so any more");
    assert_eq!(dismissed_then(lowered).await, (0, Some(may_not)));
    let raised = async |_: &Bench, engine: &Engine, _: &PrincipalKey| {
        engine.set_role(actor(engine).await, "ravi", Role::Administrator).await.unwrap();
    };
    assert_eq!(dismissed_then(raised).await, (1, None));
}

#[tokio::test]
async fn a_dismissal_is_withdrawn_and_both_are_in_the_log_without_the_reason() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let twin = finding(engine, "main/twin").await;
    assert!(engine.withdraw_dismissal(who, &twin).await.is_err(), "nothing stands");
    engine.dismiss(who, &twin, until(bench.world.now().plus(DAY))).await.unwrap();
    assert!(engine.dismiss(who, &twin, until(bench.world.now().plus(DAY))).await.is_err());
    let handle = twin.id.handle();
    let withdrawn =
        engine.withdraw_dismissal(who, &engine.open_finding(&handle).await.unwrap()).await.unwrap();
    assert_eq!(withdrawn.dismissed_until, None);
    assert_eq!(queue(engine).await.dismissed, 0);
    let entries = engine.log_page(None, 2).await.unwrap();
    let kinds: Vec<&str> = entries.iter().map(|(_, entry)| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["finding.dismissal_withdrawn", "finding.dismissed"]);
    for (_, entry) in entries {
        assert!(!String::from_utf8(entry.encode().unwrap()).unwrap().contains("rehearsal"));
    }
}

#[tokio::test]
async fn a_dismissal_without_a_reason_or_a_sensible_end_is_refused() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    let (twin, now) = (finding(engine, "main/twin").await, bench.world.now());
    let silent = Dismissal { reason: String::from(" \n"), ..until(now.plus(DAY)) };
    for (dismissal, why) in [
        (silent, "a dismissal says why; the reason is empty"),
        (until(now), "the end lies in the past"),
        (until(now.plus(366 * DAY)), "a finding is dismissed for 365 days at most; say it again then"),
    ] {
        let refused = engine.dismiss(actor(engine).await, &twin, dismissal).await.unwrap_err();
        assert_eq!(refused.to_string(), why);
    }
    let missing = engine.open_finding("zzzzzz").await.unwrap_err();
    assert_eq!(missing.to_string(), "there is no open finding `zzzzzz`");
}

#[tokio::test]
async fn one_value_in_two_environments_is_found_when_the_second_charter_says_so() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    let runs_in = |environment| CharterChange { environment: Some(environment), ..CharterChange::default() };
    let crossing = async || {
        engine.judge_touched().await.unwrap();
        let open = engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
        open.iter().filter(|one| one.policy == "cross_environment_use").count()
    };
    engine.own(actor(engine).await, "main/twin", runs_in(Environment::Production)).await.unwrap();
    assert_eq!(crossing().await, 0);
    engine.own(actor(engine).await, "main/reporting", runs_in(Environment::Production)).await.unwrap();
    assert_eq!(crossing().await, 0);
    engine.own(actor(engine).await, "main/reporting", runs_in(Environment::Test)).await.unwrap();
    assert_eq!(crossing().await, 2, "both hold it, and the first is judged again");
}

/// What one person says for two years is no slip of a rule any more: somebody else looks, or an exception is asked for.
#[tokio::test]
async fn nobody_dismisses_the_same_for_ever_alone() {
    let mut bench = Bench::new();
    let deployment = twins(&mut bench).await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let new = NewPerson { name: String::from("ola"), role: Role::Operator, local_uid: None };
    let ola = engine.add_person(asha, new).await.unwrap();
    let ola = Actor { person: ola.id, role: ola.role, local: false };
    let dismiss = async |by: Actor, days: u32| {
        let one = finding(engine, "main/twin").await;
        engine.dismiss(by, &one, until(bench.world.now().plus(DAY * days))).await
    };
    dismiss(asha, 300).await.unwrap();
    bench.world.clock().advance(301 * DAY);
    engine.judge_touched().await.unwrap();
    let refused = dismiss(asha, 67).await.unwrap_err().to_string();
    assert!(refused.contains("who did not dismiss it before"), "{refused}");
    dismiss(ola, 300).await.unwrap();
    bench.world.clock().advance(301 * DAY);
    engine.judge_touched().await.unwrap();
    assert!(dismiss(asha, 30).await.is_err(), "they do not take turns");
    bench.world.clock().advance(600 * DAY);
    engine.judge_touched().await.unwrap();
    dismiss(asha, 60).await.unwrap();
}
