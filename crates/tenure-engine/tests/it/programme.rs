//! A programme from what it would change to what it changed: foreseen, agreed to, in force, judged by.
//!
//! Over the chaos world, in virtual time. Must never wait for real time.

use crate::bench::{Bench, actor};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{
    Actor, Engine, EngineFailure, FactValue, Foreseen, ProgrammeApplied, ProgrammeForeseen, StandingMoved,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{Role, Standing};

const VERSION: &str = "version = 1\n";
const APPS: &str =
    "[[class]]\nid = \"apps\"\nmatch = [\"name:reporting\", \"name:billing\"]\nrequired = [\"purpose\"]\n";

fn files(main: &str, classes: &str) -> ProgrammeFiles {
    let all = [("programme.toml", main), ("classes.toml", classes)];
    ProgrammeFiles(all.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
}

async fn foreseen(engine: &Arc<Engine>, files: &ProgrammeFiles) -> Arc<ProgrammeForeseen> {
    match engine.foresee_programme(files, Duration::from_mins(5)).await.unwrap() {
        Foreseen::Made(foreseen) => foreseen,
        Foreseen::UnderWay { judged, of } => panic!("{judged} of {of}"),
    }
}

fn applied(files: &ProgrammeFiles, word: &str) -> ProgrammeApplied {
    ProgrammeApplied {
        files: files.clone(),
        reason: String::from("first operating model"),
        word: word.to_owned(),
        worse: None,
    }
}

async fn standings(engine: &Engine) -> BTreeMap<String, (Standing, Option<String>)> {
    let mut all = BTreeMap::new();
    for name in ["reporting", "billing", "root", "tenure"] {
        let identity = engine.show(name).await.unwrap().identity;
        all.insert(name.to_owned(), (identity.standing, identity.class));
    }
    all
}

#[tokio::test]
async fn what_a_programme_changes_is_known_before_it_is_in_force_and_so_it_comes() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let before = standings(engine).await;
    assert_eq!(before["reporting"], (Standing::Unclaimed, None));
    let wanted = files(VERSION, APPS);
    let seen = foreseen(engine, &wanted).await;
    assert_eq!((seen.identities, seen.changed, seen.worse, seen.lapses, seen.not_judged), (4, 2, 2, 0, 0));
    let moved = StandingMoved { from: Standing::Unclaimed, to: Standing::Due, count: 2 };
    assert_eq!(seen.standings, [moved]);
    let named: Vec<_> =
        seen.named.iter().map(|one| (one.name.as_str(), one.to, one.begins.join(" "))).collect();
    let begins = String::from("charter_incomplete no_owner");
    assert_eq!(
        named,
        [("main/billing", Standing::Due, begins.clone()), ("main/reporting", Standing::Due, begins)]
    );
    assert_eq!(
        (seen.classes[0].class.as_str(), seen.classes[0].before, seen.classes[0].after),
        ("apps", 0, 2)
    );
    assert_eq!(standings(engine).await, before, "looking changes nothing");
    assert!(engine.programme_shown().await.unwrap().applied.is_none());

    let who = actor(engine).await;
    engine.apply_programme(who, applied(&wanted, &seen.word)).await.unwrap();
    engine.judge_touched().await.unwrap();
    let after = standings(engine).await;
    assert_eq!(after["reporting"], (Standing::Due, Some(String::from("apps"))));
    assert_eq!(
        (after["root"].clone(), after["tenure"].clone()),
        (before["root"].clone(), before["tenure"].clone())
    );
    let shown = engine.programme_shown().await.unwrap();
    let row = shown.applied.unwrap();
    assert_eq!((row.version, row.applied_by.as_deref(), &row.digest), (1, Some("asha"), &seen.digest));
    assert_eq!((shown.classes[0].identities, shown.waiting), (2, 0));
}

#[tokio::test]
async fn decisions_name_the_programme_they_were_made_under_and_a_restart_keeps_it_in_force() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let wanted = files(VERSION, APPS);
    let word = foreseen(engine, &wanted).await.word.clone();
    engine.apply_programme(actor(engine).await, applied(&wanted, &word)).await.unwrap();
    deployment.close().await;
    let deployment = bench.open().await.unwrap();
    let engine = &deployment.engine;
    engine.judge_touched().await.unwrap();
    assert_eq!(standings(engine).await["billing"].1.as_deref(), Some("apps"));
    let entries = engine.log_page(None, 100).await.unwrap();
    let of = |kind: &str| entries.iter().map(|(_, entry)| entry).find(|entry| entry.kind == kind).unwrap();
    assert_eq!(of("programme.applied").facts["version"], FactValue::Integer(1));
    assert!(!of("programme.applied").facts.contains_key("programme"), "none was in force");
    assert_eq!(of("standing.changed").facts["programme"], FactValue::Integer(1));
    assert!(!of("source.added").facts.contains_key("programme"));
}

#[tokio::test]
async fn a_programme_is_applied_as_it_was_shown_or_not_at_all() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let (first, second) = (files(VERSION, APPS), files(VERSION, ""));
    let word = foreseen(engine, &first).await.word.clone();
    let other = foreseen(engine, &second).await.word.clone();
    let apply = async |actor: Actor, given: ProgrammeApplied| {
        engine.apply_programme(actor, given).await.map(|row| row.version)
    };
    let refused = |answer: Result<i64, EngineFailure>| answer.unwrap_err().to_string();
    let changed = "what it changes is other than what was shown; look at it again";
    assert_eq!(refused(apply(who, applied(&first, &other)).await), changed);
    assert_eq!(refused(apply(who, applied(&first, "")).await), changed);
    let silent = ProgrammeApplied { reason: String::from("  "), ..applied(&first, &word) };
    assert_eq!(refused(apply(who, silent).await), "a programme is applied for a reason; it is empty");
    let faulty = refused(apply(who, applied(&files("version = 1\n[treshold]\n", ""), &word)).await);
    assert!(faulty.starts_with("programme.toml:2:2: unknown field `treshold`"), "{faulty}");
    let left = refused(apply(Actor { role: Role::Operator, ..who }, applied(&first, &word)).await);
    assert_eq!(left, "whoever asked this was removed or given another role meanwhile");
    assert!(engine.programmes().await.unwrap().is_empty(), "nothing of it was written");

    assert_eq!(apply(who, applied(&first, &word)).await.unwrap(), 1);
    // How far looking is by then is up to the machine; what was shown is of another programme in any case.
    let early = refused(apply(who, applied(&second, &other)).await);
    assert!(early == changed || early.starts_with("what it changes is still being looked at"), "{early}");
    let again = foreseen(engine, &first).await;
    assert_eq!((again.changed, again.base_version), (0, 1));
    let same = refused(apply(who, applied(&first, &again.word)).await);
    assert_eq!(same, "this programme is in force already");
    foreseen(engine, &second).await;
    assert_eq!(
        refused(apply(who, applied(&second, &other)).await),
        changed,
        "compared with what is in force now"
    );
}

#[tokio::test]
async fn what_would_make_many_stand_worse_is_held_until_somebody_types_how_many() {
    let mut bench = Bench::new();
    for number in 0..12 {
        bench.world.add(ChaosPrincipal::account(
            &format!("app-{number:02}"),
            &format!("AppValue0000000{number:02}"),
        ));
    }
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let all = "[[class]]\nid = \"apps\"\nmatch = [\"name:app-*\"]\n";
    let strict = files("version = 1\n[thresholds.grace_days]\nmedium = 0\n", all);
    let seen = foreseen(engine, &strict).await;
    assert_eq!((seen.worse, seen.lapses), (12, 12));
    assert_eq!(
        seen.held.as_deref(),
        Some("of 16 identities 12 come to stand worse, 12 lapse at once and 0 within seven days (75 %)")
    );
    let with = |worse| ProgrammeApplied { worse, ..applied(&strict, &seen.word) };
    let held = engine.apply_programme(who, with(None)).await.unwrap_err().to_string();
    assert!(held.starts_with("held: of 16 identities 12 come"), "{held}");
    let other = engine.apply_programme(who, with(Some(11))).await.unwrap_err().to_string();
    assert_eq!(other, "12 identities come to stand worse, not 11");
    assert!(engine.programmes().await.unwrap().is_empty());
    engine.apply_programme(who, with(Some(12))).await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(engine.show("app-07").await.unwrap().identity.standing, Standing::Lapsed);
    let few = foreseen(engine, &files(VERSION, APPS)).await;
    assert_eq!(few.held, None, "{few:?}");
}

#[tokio::test]
async fn what_another_node_put_in_force_is_followed_and_nothing_is_judged_by_what_was_before() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let wanted = files(VERSION, APPS);
    let word = foreseen(engine, &wanted).await.word.clone();
    let row = {
        let other = tenure_engine::ProgrammeRow {
            version: 1,
            digest: tenure_engine::digest_of(&wanted),
            files: wanted.0.clone(),
            reason: String::from("elsewhere"),
            applied_by: actor(engine).await.person,
            applied: engine.now(),
        };
        let (written, now) = (other.clone(), engine.now());
        let write = move |tx: &mut tenure_engine::Tx<'_>| {
            tx.apply_programme(&written)?;
            tx.touch_all(now)
        };
        assert_eq!(engine.store().write("elsewhere", write).await.unwrap(), 4);
        other
    };
    engine.judge_touched().await.unwrap();
    engine.judge_touched().await.unwrap();
    assert_eq!(standings(engine).await["billing"], (Standing::Due, Some(String::from("apps"))));
    let again = engine.apply_programme(actor(engine).await, applied(&wanted, &word)).await;
    assert!(again.is_err(), "what was shown was compared with another programme");
    assert_eq!(engine.programme_of_version(1).await.unwrap(), row);
    assert!(engine.programme_of_version(2).await.is_err());
}

#[tokio::test]
async fn what_came_since_it_was_looked_at_is_looked_at_before_it_is_applied() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let all = files(VERSION, "[[class]]\nid = \"apps\"\nmatch = [\"name:app-*\"]\n");
    let early = foreseen(engine, &all).await;
    assert_eq!((early.changed, early.word.len()), (0, 32), "nobody finds another programme with that word");
    for number in 0..12 {
        let value = format!("AppValue0000000{number:02}");
        bench.world.add(ChaosPrincipal::account(&format!("app-{number:02}"), &value));
    }
    let who = actor(engine).await;
    engine.survey(Some(who), "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    let answer = engine.apply_programme(who, applied(&all, &early.word)).await.unwrap_err().to_string();
    assert!(
        answer.contains("still being looked at") || answer.contains("other than what was shown"),
        "{answer}"
    );
    let now = foreseen(engine, &all).await;
    assert_eq!((now.changed, now.held.is_some()), (12, true));
    let answer = engine.apply_programme(who, applied(&all, &early.word)).await.unwrap_err().to_string();
    assert_eq!(answer, "what it changes is other than what was shown; look at it again");
    assert!(engine.programmes().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_lapses_within_days_is_said_and_held_as_what_lapses_at_once() {
    let mut bench = Bench::new();
    for number in 0..12 {
        let value = format!("AppValue0000000{number:02}");
        bench.world.add(ChaosPrincipal::account(&format!("app-{number:02}"), &value));
    }
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let all = "[[class]]\nid = \"apps\"\nmatch = [\"name:app-*\"]\n";
    let long = files(VERSION, all);
    let seen = foreseen(engine, &long).await;
    assert_eq!((seen.worse, seen.lapses_soon), (12, 0), "thirty days are not soon");
    let given = ProgrammeApplied { worse: Some(12), ..applied(&long, &seen.word) };
    engine.apply_programme(who, given).await.unwrap();
    engine.judge_touched().await.unwrap();
    let short = files("version = 1\n[thresholds.grace_days]\nmedium = 3\n", all);
    let seen = foreseen(engine, &short).await;
    assert_eq!((seen.changed, seen.worse, seen.lapses, seen.lapses_soon), (12, 0, 0, 12));
    assert!(seen.held.is_some(), "all of them lapse in three days");
    let given = ProgrammeApplied { worse: Some(0), ..applied(&short, &seen.word) };
    let off = files("version = 1\n[policies.no_owner]\nenabled = false\n", all);
    let weaker = foreseen(engine, &off).await;
    assert_eq!((weaker.worse, weaker.better), (0, 12), "what gets better is said, too");
    assert!(engine.apply_programme(who, ProgrammeApplied { worse: None, ..given.clone() }).await.is_err());
    engine.apply_programme(who, given).await.unwrap();
}

#[test]
fn a_programme_that_would_show_a_secret_is_refused_by_its_file() {
    let classes = format!("# the key is AKIA{}\n", "QYLPMN5HHHFPZAM2");
    let faults = tenure_engine::check_programme(&files("version = 1\n", &classes));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].file == "classes.toml" && faults[0].why.contains("looks like a secret"), "{faults:?}");
    assert!(!format!("{faults:?}").contains("QYLPMN5HHHFPZAM2"));
    assert!(tenure_engine::check_programme(&files("version = 1\n", "# no key\n")).is_empty(), "its twin");
}
