//! Continued validity: who confirms an identity, until when that counts, and what ends it earlier.
//!
//! Over the chaos world, in virtual time. Must never wait for real time.

use crate::bench::{Bench, actor};
use std::{sync::Arc, time::Duration};
use tenure_engine::{
    Actor, Belief, CharterChange, Confirmation, Engine, EngineFailure, Foreseen, NewPerson, ProgrammeApplied,
    ToConfirm,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::Role;

const DAY: Duration = Duration::from_hours(24);

/// Puts in force that everything is confirmed every 90 days.
async fn asks_every_90_days(engine: &Arc<Engine>) {
    let text = String::from("version = 1\n[thresholds]\nreview_days_max = 90\n");
    let files = ProgrammeFiles([(String::from("programme.toml"), text)].into_iter().collect());
    let Foreseen::Made(seen) = engine.foresee_programme(&files, Duration::from_mins(5)).await.unwrap() else {
        panic!("it is still looked at")
    };
    let applied = ProgrammeApplied {
        files,
        reason: String::from("cadence"),
        word: seen.word.clone(),
        worse: Some(seen.worse),
    };
    engine.apply_programme(actor(engine).await, applied).await.unwrap();
    engine.judge_touched().await.unwrap();
}

async fn person(engine: &Engine, name: &str, role: Role) -> Actor {
    let new = NewPerson { name: name.to_owned(), role, local_uid: None };
    let person = engine.add_person(actor(engine).await, new).await.unwrap();
    Actor { person: person.id, role, local: false }
}

fn yes(seen: &ToConfirm) -> Confirmation {
    Confirmation {
        needed: true,
        same_scope: true,
        same_owners: true,
        digest: seen.digest.clone(),
        note: None,
    }
}

/// Why somebody has to confirm `billing` now; nothing when nobody has to.
async fn asked(engine: &Engine) -> Option<String> {
    engine.judge_touched().await.unwrap();
    let findings = engine.show("billing").await.unwrap().findings;
    let it = findings.into_iter().find(|one| one.policy == "not_confirmed");
    it.map(|one| one.reason)
}

async fn confirm(engine: &Engine, who: Actor) -> Result<(), EngineFailure> {
    let seen = engine.to_confirm("billing").await?;
    engine.confirm(who, "billing", yes(&seen)).await.map(drop)
}

async fn survey(engine: &Engine) {
    engine.survey(Some(actor(engine).await), "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
}

/// `billing`, owned by ravi, under a programme that asks every 90 days.
async fn owned(bench: &mut Bench) -> (tenure_engine::Deployment, Actor) {
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let ravi = person(engine, "ravi", Role::Owner).await;
    engine.own(ravi, "billing", CharterChange::default()).await.unwrap();
    asks_every_90_days(engine).await;
    (deployment, ravi)
}

#[tokio::test]
async fn what_is_enrolled_is_asked_about_in_cadence_and_a_word_counts_until_it_ends() {
    let mut bench = Bench::new();
    let (deployment, ravi) = owned(&mut bench).await;
    let engine = &deployment.engine;
    assert_eq!(asked(engine).await, None, "it was claimed just now");
    let claimed = bench.world.now();
    let seen = engine.to_confirm("billing").await.unwrap();
    let due = seen.due_at.unwrap();
    assert!(due <= claimed.plus(90 * DAY) && due > claimed.plus(89 * DAY), "{due}");
    bench.world.clock().advance(91 * DAY);
    let why = asked(engine).await.unwrap();
    assert!(
        why.contains("never confirmed, and enrolled since")
            && why.ends_with("an owner confirms it every 90 days"),
        "{why}"
    );
    let waits = engine.to_confirm_by(ravi.person, 10).await.unwrap();
    assert_eq!(waits.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["main/billing"]);
    assert!(
        engine.to_confirm_by(actor(engine).await.person, 10).await.unwrap().is_empty(),
        "it is not theirs"
    );

    confirm(engine, ravi).await.unwrap();
    assert_eq!(asked(engine).await, None);
    let last = engine.to_confirm("billing").await.unwrap().last.unwrap();
    assert_eq!(
        (last.by.as_deref(), last.for_owners, last.denied, last.ended),
        (Some("ravi"), false, None, None)
    );
    let entry = &engine
        .log_page(None, 3)
        .await
        .unwrap()
        .into_iter()
        .find(|(_, one)| one.kind == "identity.confirmed")
        .unwrap()
        .1;
    assert_eq!(
        (entry.actor.as_str(), entry.right.as_deref()),
        (ravi.person.to_string().as_str(), Some("own"))
    );
    bench.world.clock().advance(89 * DAY);
    assert_eq!(asked(engine).await, None);
    bench.world.clock().advance(2 * DAY);
    assert!(asked(engine).await.unwrap().contains("confirmed last"));
}

#[tokio::test]
async fn nobody_is_asked_unless_a_programme_says_so() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    engine.own(actor(engine).await, "billing", CharterChange::default()).await.unwrap();
    bench.world.clock().advance(900 * DAY);
    assert_eq!(asked(engine).await, None);
    assert_eq!(engine.to_confirm("billing").await.unwrap().due, "no: nobody has to confirm it");
}

/// Ravi confirms `billing`, then `change`; what is said then.
async fn confirmed_then(change: impl AsyncFnOnce(&Bench, &Engine, Actor)) -> Option<String> {
    let mut bench = Bench::new();
    let (deployment, ravi) = owned(&mut bench).await;
    let engine = &deployment.engine;
    confirm(engine, ravi).await.unwrap();
    assert_eq!(asked(engine).await, None);
    bench.world.clock().advance(DAY);
    change(&bench, engine, ravi).await;
    asked(engine).await
}

#[tokio::test]
async fn a_gained_right_ends_a_confirmation_and_a_lost_one_does_not() {
    let key = |bench: &Bench| bench.world.truths().into_iter().find(|one| one.name == "billing").unwrap().key;
    let gained = confirmed_then(async |bench, engine, _| {
        bench.world.grant(&key(bench), "shop/table/orders", "DELETE").unwrap();
        survey(engine).await;
    });
    let why = gained.await.unwrap();
    assert!(why.contains("since then it gained `DELETE on shop/table/orders as main/billing`"), "{why}");
    let lost = confirmed_then(async |bench, engine, ravi| {
        bench.world.grant(&key(bench), "shop/table/orders", "DELETE").unwrap();
        survey(engine).await;
        assert!(asked(engine).await.is_some());
        confirm(engine, ravi).await.unwrap();
        bench.world.revoke(&key(bench), "shop/table/orders", "DELETE").unwrap();
        survey(engine).await;
        assert_eq!(engine.to_confirm("billing").await.unwrap().rights_lost, 1);
    });
    assert_eq!(lost.await, None);
}

#[tokio::test]
async fn a_word_counts_for_nothing_once_whoever_gave_it_left_or_does_not_own_it_any_more() {
    let left = confirmed_then(async |_, engine, _| {
        let change = CharterChange { business_owner: Some(String::from("asha")), ..CharterChange::default() };
        engine.own(actor(engine).await, "billing", change).await.unwrap();
        engine.judge_touched().await.unwrap();
        engine.remove_person(actor(engine).await, "ravi").await.unwrap();
    });
    let why = left.await.unwrap();
    assert!(why.ends_with("whoever confirmed it has left; an owner confirms it every 90 days"), "{why}");
    let handed_on = confirmed_then(async |_, engine, ravi| {
        let change =
            CharterChange { technical_owner: Some(String::from("asha")), ..CharterChange::default() };
        engine.own(ravi, "billing", change).await.unwrap();
    });
    let why = handed_on.await.unwrap();
    assert!(why.contains("whoever confirmed it does not own it any more"), "{why}");
    let kept = confirmed_then(async |_, engine, ravi| {
        let change = CharterChange { business_owner: Some(String::from("asha")), ..CharterChange::default() };
        engine.own(ravi, "billing", change).await.unwrap();
    });
    assert_eq!(kept.await, None, "another owner beside them ends nothing");
}

#[tokio::test]
async fn what_was_answered_no_is_asked_about_until_somebody_says_yes() {
    let answered = |needed: bool| async move {
        confirmed_then(async |_, engine, ravi| {
            let seen = engine.to_confirm("billing").await.unwrap();
            let answer = Confirmation { needed, same_scope: !needed, ..yes(&seen) };
            engine.confirm(ravi, "billing", answer).await.unwrap();
        })
        .await
        .unwrap()
    };
    assert!(answered(false).await.contains("a person said that it is not needed any more"));
    assert!(answered(true).await.contains("a person said that its scope is not this any more"));
}

#[tokio::test]
async fn who_may_not_speak_for_it_confirms_nothing_and_who_speaks_for_others_is_written_down_as_such() {
    let mut bench = Bench::new();
    let (deployment, ravi) = owned(&mut bench).await;
    let engine = &deployment.engine;
    for role in [Role::Owner, Role::Auditor] {
        let other = person(engine, &format!("noor-{role}"), role).await;
        let refused = confirm(engine, other).await.unwrap_err();
        assert!(matches!(refused, EngineFailure::Denied { .. }), "{role}: {refused}");
    }
    confirm(engine, actor(engine).await).await.unwrap();
    let last = engine.to_confirm("billing").await.unwrap().last.unwrap();
    assert_eq!((last.by.as_deref(), last.for_owners, last.ended), (Some("asha"), true, None));

    let seen = engine.to_confirm("billing").await.unwrap();
    let purpose = CharterChange { purpose: Some(String::from("invoices")), ..CharterChange::default() };
    engine.own(ravi, "billing", purpose).await.unwrap();
    let changed = engine.confirm(ravi, "billing", yes(&seen)).await.unwrap_err().to_string();
    assert_eq!(changed, "its charter, rights or credentials changed since you looked: look again");
    let seen = engine.to_confirm("billing").await.unwrap();
    let not_theirs = Confirmation { same_owners: false, ..yes(&seen) };
    let refused = engine.confirm(ravi, "billing", not_theirs).await.unwrap_err().to_string();
    assert!(refused.starts_with("whose it is then is said by its charter"), "{refused}");
    let seen = engine.to_confirm("reporting").await.unwrap();
    let unowned = engine.confirm(actor(engine).await, "reporting", yes(&seen)).await.unwrap_err().to_string();
    assert!(unowned.starts_with("nobody owns it; say first whose it is"), "{unowned}");
    let built_in = engine.to_confirm("root").await.unwrap();
    assert!(engine.confirm(actor(engine).await, "root", yes(&built_in)).await.is_err());
}

/// Whether and why `billing` goes on although what ends it came.
async fn past_its_trigger(engine: &Engine) -> Option<String> {
    engine.judge_touched().await.unwrap();
    let findings = engine.show("billing").await.unwrap().findings;
    findings.into_iter().find(|one| one.policy == "past_retirement_trigger").map(|one| one.reason)
}

async fn retires_when(engine: &Engine, text: &str) -> Result<(), EngineFailure> {
    let change = CharterChange { retirement_trigger: Some(text.to_owned()), ..CharterChange::default() };
    engine.own(actor(engine).await, "billing", change).await.map(drop)
}

async fn said_of_its_trigger(engine: &Engine) -> String {
    let (_, explained) = engine.explain("billing").await.unwrap();
    explained.explanation.into_iter().find(|one| one.name == "retirement_triggered").unwrap().value
}

#[tokio::test]
async fn an_identity_ends_with_the_person_or_the_identity_its_charter_names() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    person(engine, "ravi", Role::Owner).await;
    retires_when(engine, "person:ravi").await.unwrap();
    assert_eq!(past_its_trigger(engine).await, None);
    assert_eq!(said_of_its_trigger(engine).await, "no: ravi is there");
    engine.remove_person(actor(engine).await, "ravi").await.unwrap();
    let why = past_its_trigger(engine).await.unwrap();
    assert!(why.ends_with("what ends it has come: the person it names left"), "{why}");
    let charter = engine.show("billing").await.unwrap().identity.charter;
    assert!(!charter.retirement_trigger.unwrap().contains("ravi"), "a name that left stays nowhere");

    retires_when(engine, "parent:reporting; until:2199-01-01").await.unwrap();
    assert_eq!(past_its_trigger(engine).await, None);
    assert!(said_of_its_trigger(engine).await.contains("main/reporting is there"));
    let key = bench.world.truths().into_iter().find(|one| one.name == "reporting").unwrap().key;
    bench.world.remove(&key).unwrap();
    survey(engine).await;
    let why = past_its_trigger(engine).await.unwrap();
    assert!(why.ends_with("what ends it has come: main/reporting is gone"), "{why}");
}

#[tokio::test]
async fn an_end_comes_by_itself_and_a_use_that_could_be_missed_is_not_observable() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    retires_when(engine, "unused:1; contract").await.unwrap_err();
    retires_when(engine, &format!("unused:1; until:{}", bench.world.now().plus(5 * DAY))).await.unwrap();
    assert!(
        said_of_its_trigger(engine)
            .await
            .starts_with("unknown: whether it was unused for 1 day is not observable")
    );
    bench.world.clock().advance(4 * DAY);
    assert_eq!(past_its_trigger(engine).await, None, "nobody would have seen a use");
    bench.world.clock().advance(DAY);
    assert!(past_its_trigger(engine).await.is_some());
}

#[tokio::test]
async fn what_is_absent_is_counted_by_complete_surveys() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    retires_when(engine, "absent:3").await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(said_of_its_trigger(engine).await, "no: nothing of it is absent");
    let key = bench.world.truths().into_iter().find(|one| one.name == "billing").unwrap().key;
    bench.world.remove(&key).unwrap();
    for surveys in ["1 complete survey", "2 complete surveys"] {
        survey(engine).await;
        engine.judge_touched().await.unwrap();
        assert_eq!(said_of_its_trigger(engine).await, format!("no: main/billing was absent from {surveys}"));
    }
    survey(engine).await;
    let waiting = engine.store().read("count_touched", |tx| tx.count_touched()).await.unwrap();
    assert!(waiting > 0, "a complete survey has what counts them judged again");
    assert_eq!(
        said_of_its_trigger(engine).await,
        "yes: main/billing was absent from at least 3 complete surveys"
    );
}

#[tokio::test]
async fn what_looks_like_a_term_and_is_none_is_refused_and_a_sentence_stays() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    for (text, why) in [
        ("abscent:3", "`abscent:3` begins with `abscent:`, which is no term; a term is absent:SURVEYS"),
        ("person:nobody", "`person:nobody` names nobody who is there"),
        ("parent:nothing", "there is no identity `nothing`"),
    ] {
        let refused = retires_when(engine, text).await.unwrap_err().to_string();
        assert!(refused.starts_with(why), "{refused}");
    }
    retires_when(engine, "contract C-114 ends").await.unwrap();
    assert_eq!(past_its_trigger(engine).await, None);
    assert_eq!(
        said_of_its_trigger(engine).await,
        "unknown: a person has to say whether: contract C-114 ends"
    );
}
