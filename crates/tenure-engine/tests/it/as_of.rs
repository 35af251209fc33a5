//! As of a day, through the whole wheel: what is asked for is as it was, days are closed in the log, and what the programme
//! no longer has kept is taken out and not answered for.
//!
//! Over the chaos world, in virtual time. Must never wait for real time.

use crate::bench::{Bench, actor};
use crate::consequences::apply as put_in_force;
use std::time::Duration;
use tenure_engine::{Belief, CharterChange, Deployment, Engine, ThenQuery};
use tenure_judge::ProgrammeFiles;
use tenure_model::{Instant, Presence, Standing};

const DAY: Duration = Duration::from_hours(24);

fn programme(text: &str) -> ProgrammeFiles {
    ProgrammeFiles([(String::from("programme.toml"), format!("version = 1\n{text}"))].into())
}

async fn own(engine: &Engine, name: &str, purpose: &str) {
    let change = CharterChange { purpose: Some(purpose.to_owned()), ..CharterChange::default() };
    engine.own(actor(engine).await, name, change).await.unwrap();
    engine.judge_touched().await.unwrap();
}

/// The day of the instant of now, as people write it.
fn day(engine: &Engine) -> String {
    engine.now().to_string()[..10].to_owned()
}

async fn lines(engine: &Engine, at: Instant) -> Vec<String> {
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        let page = engine.population_page(at, after, 2).await.unwrap();
        let Some((last, _)) = page.last() else { return lines };
        after = Some(*last);
        lines.extend(page.into_iter().map(|(_, line)| line));
    }
}

/// A deployment with one day behind it, in which `billing` was for one thing and is for another since.
async fn a_day_later(bench: &mut Bench) -> (Deployment, Instant) {
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    own(engine, "billing", "bills the customers").await;
    let then = engine.now();
    bench.clock.advance(DAY);
    own(engine, "billing", "nothing any more").await;
    let victim = bench.victim.clone();
    bench.world.remove(&victim).unwrap();
    engine.survey(None, "main", Belief::Believe).await.unwrap();
    engine.judge_touched().await.unwrap();
    (deployment, then)
}

#[tokio::test]
async fn an_identity_is_shown_as_it_was_whatever_happened_since() {
    let mut bench = Bench::new();
    let (deployment, then) = a_day_later(&mut bench).await;
    let engine = &deployment.engine;
    let was = engine.identity_as_of("main/billing", then).await.unwrap();
    assert_eq!(was.identity.charter.purpose.as_deref(), Some("bills the customers"));
    assert!(was.entries.iter().all(|entry| entry.time <= then) && !was.entries.is_empty(), "{was:?}");
    let is = engine.identity_as_of("main/billing", engine.now()).await.unwrap();
    assert_eq!(is.identity.charter.purpose.as_deref(), Some("nothing any more"));
    assert!(is.entries.len() > was.entries.len());
    let present = |shown: &tenure_engine::IdentityAsOf| {
        shown.principals.iter().filter(|one| one.presence == Presence::Present).count()
    };
    let gone = engine.identities_as_of(engine.now(), gone_ones(), None, 10).await.unwrap().rows;
    assert_eq!(gone.len(), 1, "what was dropped is gone now, and was not then");
    let of_then = engine.identity_as_of(&gone[0].handle, then).await.unwrap();
    let of_now = engine.identity_as_of(&gone[0].handle, engine.now()).await.unwrap();
    assert_eq!((present(&of_then), present(&of_now)), (1, 0));
    assert!(engine.identities_as_of(then, gone_ones(), None, 10).await.unwrap().rows.is_empty());
}

fn gone_ones() -> ThenQuery {
    ThenQuery { standing: Some(Standing::Gone), ..ThenQuery::default() }
}

#[tokio::test]
async fn a_time_of_which_nothing_is_kept_and_one_to_come_are_refused() {
    let mut bench = Bench::new();
    let (deployment, _) = a_day_later(&mut bench).await;
    let engine = &deployment.engine;
    let refused = async |given: &str| engine.past_instant(given).await.unwrap_err().to_string();
    assert!(refused("1999-01-01").await.contains("is not kept here; the first day that can be asked for is"));
    assert!(refused("2999-01-01").await.contains("is to come: ask for a day that is past, or for today"));
    assert!(refused("yesterday").await.contains("`yesterday` is neither a day (2026-11-01) nor"));
    let before = engine.now();
    let today = engine.past_instant(&day(engine)).await.unwrap();
    assert!(before < today && today < engine.now(), "today is now");
    let yesterday = engine.now().minus(DAY).to_string()[..10].to_owned();
    let end = engine.past_instant(&yesterday).await.unwrap().to_string();
    assert_eq!(end, format!("{yesterday}T23:59:59.999999Z"));
}

#[tokio::test]
async fn a_day_that_is_over_is_closed_once_with_the_digest_of_its_lines_and_a_change_since_is_seen() {
    let mut bench = Bench::new();
    let (deployment, then) = a_day_later(&mut bench).await;
    let engine = &deployment.engine;
    let end = engine.past_instant(&then.to_string()[..10]).await.unwrap();
    assert_eq!(engine.as_of(end).await.unwrap().day, None, "it was not closed yet");
    bench.clock.advance(Duration::from_hours(3));
    let kept = engine.keep_days().await.unwrap();
    assert!(kept.closed >= 1, "{kept:?}");
    assert_eq!(engine.keep_days().await.unwrap().closed, 0, "a day is closed once");
    let closed = engine.as_of(end).await.unwrap().day.expect("the log holds it");
    let mut digest = tenure_evidence::PopulationDigest::default();
    let of_day = lines(engine, end).await;
    for line in &of_day {
        digest.line(line);
    }
    assert_eq!(
        (closed.count, closed.digest.clone()),
        (i64::try_from(of_day.len()).unwrap(), digest.finish())
    );
    // Life goes on, and the day stays what it was.
    own(engine, "reporting", "reports").await;
    assert_eq!(lines(engine, end).await, of_day);
    // Whoever changes what was, past the store, is found out by the log.
    let (count, honest) = engine.population_digest(end).await.unwrap();
    assert_eq!((i64::try_from(count).unwrap(), &honest), (closed.count, &closed.digest));
    let database = rusqlite::Connection::open(bench.directory.path().join("data/tenure.sqlite")).unwrap();
    let changed = database
        .execute("UPDATE past_charters SET name = 'main/innocent' WHERE charter LIKE '%customers%'", []);
    assert_eq!(changed.unwrap(), 1);
    assert_ne!(engine.population_digest(end).await.unwrap().1, closed.digest);
    let drawn = engine.sample(end, String::from("x"), 1).await.unwrap();
    assert_ne!(drawn.day.unwrap().digest, drawn.digest, "a sample says so, too");
    // Nor is a day closed anew because a table says that it was not.
    database.execute("UPDATE past_kept SET closed_us = NULL", []).unwrap();
    engine.keep_days().await.unwrap();
    assert_eq!(engine.as_of(end).await.unwrap().day, Some(closed));
    let of_day = engine.entries_about(&format!("day:{}", &end.to_string()[..10]), 10).await.unwrap();
    assert_eq!(of_day.len(), 1, "it has one entry");
}

#[tokio::test]
async fn entries_of_a_day_are_not_pushed_out_by_those_that_came_since() {
    let mut bench = Bench::new();
    let (deployment, then) = a_day_later(&mut bench).await;
    let engine = &deployment.engine;
    let before = engine.identity_as_of("main/billing", then).await.unwrap().entries;
    for number in 0..210 {
        own(engine, "billing", &format!("purpose {number}")).await;
    }
    let after = engine.identity_as_of("main/billing", then).await.unwrap().entries;
    assert_eq!((after.is_empty(), &after), (false, &before));
}

#[tokio::test]
async fn a_sample_is_drawn_again_by_its_seed_and_holds_nothing_built_in() {
    let mut bench = Bench::new();
    let (deployment, then) = a_day_later(&mut bench).await;
    let engine = &deployment.engine;
    let drawn = engine.sample(then, String::from("audit 7"), 2).await.unwrap();
    assert_eq!(drawn, engine.sample(then, String::from("audit 7"), 2).await.unwrap());
    assert_eq!(drawn.identities.len(), 2);
    let all = engine.sample(then, String::from("audit 7"), 1_000).await.unwrap();
    assert_eq!(all.identities[..2], drawn.identities[..]);
    assert!(all.identities.iter().all(|one| !one.built_in));
    for (seed, size) in [("", 2), ("  ", 2), ("x", 0), ("x", 1_001)] {
        assert!(engine.sample(then, seed.to_owned(), size).await.is_err(), "{seed:?} {size}");
    }
}

#[tokio::test]
async fn what_was_is_kept_for_ever_unless_the_programme_says_for_how_long() {
    for (setting, forgets) in [("", false), ("[retention]\npast_days = 35\n", true)] {
        let mut bench = Bench::new();
        let (deployment, then) = a_day_later(&mut bench).await;
        let engine = &deployment.engine;
        if forgets {
            put_in_force(engine, programme(setting)).await;
        }
        bench.clock.advance(DAY * 33);
        assert_eq!(engine.keep_days().await.unwrap().rows, 0, "it is not too old yet");
        bench.clock.advance(DAY * 4);
        let kept = engine.keep_days().await.unwrap();
        assert_eq!(kept.rows > 0, forgets, "{setting}: {kept:?}");
        let answered = engine.past_instant(&then.to_string()).await;
        assert_eq!(answered.is_err(), forgets, "{answered:?}");
        let entries = engine.entries_about("inventory", 50).await.unwrap();
        assert_eq!(entries.iter().any(|(_, entry)| entry.kind == "past.forgotten"), forgets);
        // What stands now is as it was.
        let now = engine.identity_as_of("main/billing", engine.now()).await.unwrap();
        assert_eq!(now.identity.charter.purpose.as_deref(), Some("nothing any more"));
    }
}

#[tokio::test]
async fn bodies_go_after_the_days_that_the_programme_says_and_the_log_stays_whole() {
    for (setting, forgets) in [("", false), ("[retention]\nbody_days = 90\n", true)] {
        let mut bench = Bench::new();
        let (deployment, _) = a_day_later(&mut bench).await;
        let engine = &deployment.engine;
        if forgets {
            put_in_force(engine, programme(setting)).await;
        }
        bench.clock.advance(DAY * 91);
        let kept = engine.keep_days().await.unwrap();
        assert_eq!(kept.bodies > 0, forgets, "{kept:?}");
        let first = engine.entry_proved(0).await.unwrap();
        assert_eq!(first.broken, None, "the proof of an entry holds without its body");
        assert_eq!(first.body.is_none(), forgets);
        let entries = engine.entries_about("inventory", 50).await.unwrap();
        assert_eq!(entries.iter().any(|(_, entry)| entry.kind == "bodies.forgotten"), forgets);
    }
}
