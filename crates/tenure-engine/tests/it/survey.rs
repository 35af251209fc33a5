//! Surveys: what a connector does wrong, and what must never follow from it.
//!
//! A bad page, a lost extent or an empty answer must never make anything disappear; and whatever
//! went wrong, the next good survey heals it.

use crate::bench::{Bench, actor};
use tenure_connect::chaos::{Call, ChaosPrincipal, Fault, FaultKind, SurveyFault};
use tenure_engine::Belief;
use tenure_model::{Presence, SurveyState};
use tenure_store::tables::list_identities::IdentityQuery;

async fn present(engine: &tenure_engine::Engine) -> Vec<String> {
    engine
        .store()
        .read("present", |tx| {
            let page = tx.principals_page(None, 500)?;
            Ok(page.into_iter().filter(|row| row.presence == Presence::Present).map(|row| row.name).collect())
        })
        .await
        .unwrap()
}

/// No way in which a survey can go wrong makes anything disappear, and the next good one heals all.
#[tokio::test]
async fn a_survey_that_goes_wrong_makes_nothing_disappear() {
    use std::fmt::Write as _;
    let mut table = String::new();
    for fault in SurveyFault::ALL {
        let mut bench = Bench::new();
        for number in 0..20 {
            bench
                .world
                .add(ChaosPrincipal::account(&format!("app-{number:02}"), &format!("ValueOfApp{number:08}")));
        }
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        let before = present(engine).await;
        bench.world.script(Fault { on: Call::Observe, nth: 1, what: FaultKind::Survey(*fault) });
        let outcome = engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await;
        let word =
            outcome.as_ref().map_or_else(|failure| failure.to_string(), |survey| survey.state.to_string());
        let after = present(engine).await;
        let lost = before.iter().filter(|name| !after.contains(name)).count();
        if *fault != SurveyFault::Drift {
            assert_eq!(lost, 0, "{fault:?}: {before:?} {after:?}");
        }
        let healed = engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
        let _ = writeln!(table, "{fault:?}: {word}; lost {lost}; then {}", healed.state);
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_survey_that_would_lose_much_is_held_and_a_person_decides() {
    let mut bench = Bench::new();
    let mut keys = Vec::new();
    for number in 0..20 {
        let name = format!("app-{number:02}");
        keys.push(bench.world.add(ChaosPrincipal::account(&name, &format!("ValueOfApp{number:08}"))));
    }
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    for key in &keys[..10] {
        bench.world.remove(key).unwrap();
    }
    let held = engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!(held.state, SurveyState::Held);
    assert_eq!(present(engine).await.len(), 24, "nothing was removed");
    insta::assert_snapshot!(held.note.unwrap(), @"10 of 24 principals would disappear; nothing was removed. Accept or discard this survey");

    let discarded = engine.decide_survey(actor(engine).await, "main", false).await.unwrap();
    assert_eq!(discarded.state, SurveyState::Discarded);
    assert_eq!(present(engine).await.len(), 24);

    engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    let believed = engine.decide_survey(actor(engine).await, "main", true).await.unwrap();
    assert_eq!((believed.state, believed.missing >= 10), (SurveyState::Complete, true));
    assert_eq!(present(engine).await.len(), 14);
}

#[tokio::test]
async fn a_few_that_vanish_are_gone_without_asking() {
    let mut bench = Bench::new();
    for number in 0..20 {
        bench
            .world
            .add(ChaosPrincipal::account(&format!("app-{number:02}"), &format!("ValueOfApp{number:08}")));
    }
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    bench.world.remove(&bench.victim).unwrap();
    let survey = engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!(survey.state, SurveyState::Complete);
    engine.judge_touched().await.unwrap();
    let standing = engine.show("reporting").await.unwrap().identity.standing;
    assert_eq!(standing, tenure_model::Standing::Gone);
}

#[tokio::test]
async fn an_unchanged_system_changes_nothing() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let again = deployment.engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    assert_eq!((again.changed, again.missing), (0, 0));
    let (swept, drifted) = deployment.engine.full_sweep().await.unwrap();
    assert!(swept >= 4 && drifted == 0, "{swept} {drifted}");
}

#[tokio::test]
async fn hostile_names_are_kept_exactly_and_found_again() {
    let mut bench = Bench::new();
    let names = [
        "a\"b'c",
        "new\nline",
        "rtl\u{202e}mark",
        "<script>alert(1)</script>",
        "'; DROP TABLE people; --",
        "%_\\",
        &"é".repeat(31),
    ];
    for name in names {
        bench.world.add(ChaosPrincipal::account(name, "SomeOtherValue001"));
    }
    let deployment = bench.surveyed().await;
    for name in names {
        let shown = deployment.engine.show(name).await.unwrap();
        assert_eq!(shown.principals[0].name, name);
    }
    let wanted =
        IdentityQuery { contains: Some(String::from("%_\\")), built_in: true, ..IdentityQuery::default() };
    let found = deployment
        .engine
        .store()
        .read("identities", move |tx| tx.list_identities(&wanted, None, 10))
        .await
        .unwrap();
    assert_eq!(found.rows.len(), 1, "a filter is text, not a pattern");
}

#[tokio::test]
async fn a_source_is_read_again_by_itself_when_its_survey_is_old() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let reconcilers = tenure_engine::Reconcilers::start(&deployment.engine);
    bench.world.add(ChaosPrincipal::account("newcomer", "NewcomerValue0001"));
    let found = || async { deployment.engine.show("newcomer").await.is_ok() };
    assert!(!found().await);
    reconcilers.stop().await;
    bench.clock.advance(std::time::Duration::from_mins(61));
    let reconcilers = tenure_engine::Reconcilers::start(&deployment.engine);
    let begun = std::time::Instant::now();
    while !found().await {
        assert!(begun.elapsed() < std::time::Duration::from_mins(1), "waited in vain for a survey");
        tokio::task::yield_now().await;
    }
    reconcilers.stop().await;
}
