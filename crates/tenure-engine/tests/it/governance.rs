//! Owning, judging and the evidence of both; and what the doctor says of a clock that was set back.
//!
//! Over the chaos world, in virtual time. Must never wait for real time.

use crate::bench::{Bench, actor};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_engine::{CharterChange, CheckState};
use tenure_model::{Environment, Standing};

#[tokio::test]
async fn owning_enrols_and_a_wrong_owner_is_refused() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let unknown = CharterChange { business_owner: Some(String::from("nobody")), ..CharterChange::default() };
    let refused = engine.own(actor(engine).await, "reporting", unknown).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no person `nobody`");
    let past = CharterChange { expires_at: Some(crate::bench::start()), ..CharterChange::default() };
    let refused = engine.own(actor(engine).await, "reporting", past).await.unwrap_err();
    assert!(refused.to_string().starts_with("the end lies in the past"), "{refused}");

    let change = CharterChange {
        purpose: Some(String::from("nightly report")),
        environment: Some(Environment::Production),
        rotation_days: Some(30),
        ..CharterChange::default()
    };
    engine.own(actor(engine).await, "reporting", change).await.unwrap();
    engine.judge_touched().await.unwrap();
    let shown = engine.show("reporting").await.unwrap();
    assert_ne!(shown.identity.standing, Standing::Unclaimed);
    assert_eq!(shown.owners, ["asha"]);
    assert!(shown.questions[0].text.starts_with("nightly report"));
}

async fn owner(engine: &tenure_engine::Engine, name: &str) -> tenure_engine::Actor {
    let administrator = actor(engine).await;
    let new =
        tenure_engine::NewPerson { name: name.to_owned(), role: tenure_model::Role::Owner, local_uid: None };
    let person = engine.add_person(administrator, new).await.unwrap();
    tenure_engine::Actor { person: person.id, role: person.role, local: false }
}

fn named(owner: &str) -> CharterChange {
    CharterChange { business_owner: Some(owner.to_owned()), ..CharterChange::default() }
}

#[tokio::test]
async fn an_owner_takes_nothing_that_somebody_else_owns_and_nothing_that_a_system_stands_on() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let (mallory, ravi) = (owner(engine, "mallory").await, owner(engine, "ravi").await);
    engine.own(ravi, "billing", CharterChange::default()).await.unwrap();
    for (identity, change) in [
        ("billing", named("mallory")),
        ("billing", CharterChange { purpose: Some(String::from("mine")), ..CharterChange::default() }),
        ("billing", CharterChange::default()),
        ("root", CharterChange::default()),
        ("tenure", named("mallory")),
        ("reporting", named("ravi")),
    ] {
        let refused = engine.own(mallory, identity, change.clone()).await.unwrap_err();
        assert!(
            matches!(refused, tenure_engine::EngineFailure::Denied { .. }),
            "{identity} {change:?}: {refused}"
        );
    }
    // What nobody owns may be claimed; what is one's own may be handed on, and is then another's.
    engine.own(mallory, "reporting", named("mallory")).await.unwrap();
    engine.own(mallory, "reporting", named("ravi")).await.unwrap();
    assert!(engine.own(mallory, "reporting", named("mallory")).await.is_err());
    // An operator or administrator settles what owners cannot.
    engine.own(actor(engine).await, "billing", named("mallory")).await.unwrap();
    // Two own it now: each speaks for their own share.
    let technical =
        CharterChange { technical_owner: Some(String::from("mallory")), ..CharterChange::default() };
    assert!(engine.own(mallory, "billing", technical).await.is_err());
    engine
        .own(ravi, "billing", CharterChange { rotation_days: Some(9), ..CharterChange::default() })
        .await
        .unwrap();
}

#[tokio::test]
async fn of_two_who_claim_the_same_at_once_one_is_denied() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    for (round, identity) in ["billing", "reporting"].into_iter().enumerate() {
        let one = owner(engine, &format!("one-{round}")).await;
        let other = owner(engine, &format!("other-{round}")).await;
        let claim = CharterChange::default;
        let (first, second) =
            tokio::join!(engine.own(one, identity, claim()), engine.own(other, identity, claim()));
        assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
        let (winner, loser) = if first.is_ok() { (one, second) } else { (other, first) };
        let loser = loser.unwrap_err();
        assert!(matches!(loser, tenure_engine::EngineFailure::Denied { .. }), "{loser}");
        let owned = engine.show(identity).await.unwrap().identity.charter;
        assert_eq!(owned.technical_owner, Some(winner.person));
    }
}

#[tokio::test]
async fn an_equal_value_is_a_finding_of_both_holders() {
    let mut bench = Bench::new();
    bench.world.add(ChaosPrincipal::account("twin", crate::bench::PLANTED));
    let deployment = bench.surveyed().await;
    let findings = deployment.engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    let holders: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.policy == "weak_or_reused_password")
        .map(|finding| finding.identity_name.as_str())
        .collect();
    assert_eq!(holders.len(), 2, "{findings:#?}");
    assert!(holders.contains(&"main/twin") && holders.contains(&"main/reporting"), "{holders:?}");
}

#[tokio::test]
async fn every_decision_is_in_the_log_and_no_name_is() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    engine.own(actor(engine).await, "reporting", CharterChange::default()).await.unwrap();
    let entries = engine.log_page(None, 1_000).await.unwrap();
    let kinds: Vec<&str> = entries.iter().rev().map(|(_, entry)| entry.kind.as_str()).collect();
    insta::assert_debug_snapshot!(kinds);
    for (_, entry) in &entries {
        let text = String::from_utf8(entry.encode().unwrap()).unwrap();
        for name in ["reporting", "asha", "billing"] {
            assert!(!text.contains(name), "{name} stands in clear in {text}");
        }
    }
}

#[tokio::test]
async fn a_removed_source_leaves_what_it_showed_as_no_longer_read_and_neither_alive_nor_gone() {
    let mut bench = Bench::new();
    bench.world.add(ChaosPrincipal::account("twin", crate::bench::PLANTED));
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let open = async || engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap().len();
    assert_ne!(open().await, 0);
    engine.remove_source(actor(engine).await, "main").await.unwrap();
    engine.judge_touched().await.unwrap();
    let shown = engine.show("reporting").await.unwrap();
    assert_eq!(shown.identity.standing, Standing::Unobserved);
    let removal = &shown.questions.last().unwrap().text;
    assert!(removal.starts_with("not observed any more since 2026-11-21T12:"), "{removal}");
    assert!(removal.ends_with("; it was present then"), "{removal}");
    let (_, judgement) = engine.explain("reporting").await.unwrap();
    let words: Vec<&str> = judgement
        .explanation
        .iter()
        .filter(|fact| ["present", "live"].contains(&&*fact.name))
        .map(|fact| fact.value.as_str())
        .collect();
    assert!(
        words.len() == 4
            && words.iter().all(|word| word.starts_with("unknown: not observed any more since ")),
        "{words:?}"
    );
    assert_eq!(open().await, 0, "nothing is held against what nobody looks at");
    let refused = crate::bench::plan(engine, tenure_model::PlanKind::Revoke, "reporting").await.unwrap_err();
    assert!(refused.to_string().contains("is not observed any more since"), "{refused}");
    assert!(engine.remove_source(actor(engine).await, "main").await.is_err());
}

/// Added again at the same address it goes on: the same identities under the same handles, with their
/// charters. At another address it is another server, whose keys are others'.
#[tokio::test]
async fn a_source_that_is_added_again_goes_on_with_its_identities_and_their_charters() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    engine
        .own(
            who,
            "reporting",
            CharterChange { purpose: Some(String::from("nightly")), ..CharterChange::default() },
        )
        .await
        .unwrap();
    let before = engine.show("reporting").await.unwrap().identity;
    engine.remove_source(who, "main").await.unwrap();
    engine.judge_touched().await.unwrap();
    let elsewhere = tenure_engine::NewSource {
        name: tenure_model::ShortName::parse("main").unwrap(),
        points: vec![tenure_model::Point {
            name: tenure_model::ShortName::parse("primary").unwrap(),
            url: String::from("chaos:another"),
        }],
        ..Bench::source()
    };
    let other = engine.add_source(who, elsewhere).await.unwrap();
    engine.survey(Some(who), "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    engine.judge_touched().await.unwrap();
    let stranger = engine.show("reporting").await.unwrap().identity;
    assert_ne!(stranger.id, before.id, "a bare name means what is there and read");
    assert_eq!(stranger.charter.purpose, None);
    engine.remove_source(who, "main").await.unwrap();
    let again = engine.add_source(who, Bench::source()).await.unwrap();
    assert_ne!(again.id, other.id);
    engine.survey(Some(who), "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    engine.judge_touched().await.unwrap();
    let after = engine.show("reporting").await.unwrap().identity;
    assert_eq!((after.id, &after.handle, &after.charter), (before.id, &before.handle, &before.charter));
    assert_ne!(after.standing, Standing::Unobserved);
}

/// Added again, a source shows nothing before it was read: what it showed stays as not read, and its findings are then as
/// old as they were.
#[tokio::test]
async fn a_source_that_is_added_again_stays_not_read_until_its_first_survey() {
    let mut bench = Bench::new();
    bench.world.add(ChaosPrincipal::account("twin", crate::bench::PLANTED));
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let open = async || engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    let ages = |rows: &[tenure_store::tables::findings::FindingRow]| {
        let mut ages: Vec<_> =
            rows.iter().map(|row| (row.policy.clone(), row.subject.clone(), row.opened)).collect();
        ages.sort();
        ages
    };
    let before = ages(&open().await);
    assert!(!before.is_empty());
    let hour = std::time::Duration::from_hours(1);
    bench.world.clock().advance(hour);
    engine.remove_source(who, "main").await.unwrap();
    engine.judge_touched().await.unwrap();
    bench.world.clock().advance(hour);
    engine.add_source(who, Bench::source()).await.unwrap();
    engine.judge_touched().await.unwrap();
    let shown = engine.show("reporting").await.unwrap();
    assert_eq!(shown.identity.standing, Standing::Unobserved);
    assert!(shown.principals.iter().all(|one| one.unread_since.is_some()), "{:?}", shown.principals);
    assert_eq!(open().await.len(), 0);
    bench.world.clock().advance(hour);
    engine.survey(Some(who), "main", tenure_engine::Belief::HoldWhenMuchIsMissing).await.unwrap();
    engine.judge_touched().await.unwrap();
    let shown = engine.show("reporting").await.unwrap();
    assert_ne!(shown.identity.standing, Standing::Unobserved);
    assert!(shown.principals.iter().all(|one| one.unread_since.is_none()));
    assert_eq!(ages(&open().await), before, "nobody mended them meanwhile");
}

/// What follows when a source is removed is counted as `identities` and `findings` count it.
#[tokio::test]
async fn what_hangs_on_a_source_is_counted_without_what_is_dismissed() {
    let mut bench = Bench::new();
    bench.world.add(ChaosPrincipal::account("twin", crate::bench::PLANTED));
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let who = actor(engine).await;
    let open = engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    let count = async || engine.source_leaving("main").await.unwrap().findings_count;
    assert_eq!(count().await, i64::try_from(open.len()).unwrap());
    let one = engine.open_finding(&open[0].id.to_string()).await.unwrap();
    let end = bench.world.now().plus(std::time::Duration::from_hours(24));
    engine.dismiss(who, &one, crate::quiet::until(end)).await.unwrap();
    assert_eq!(count().await, i64::try_from(open.len()).unwrap() - 1);
}

/// An entry that somebody took out of the database is named by `doctor`, and no export is made that
/// would look complete without it.
#[tokio::test]
async fn a_removed_entry_is_found_and_nothing_is_exported_around_it() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan =
        crate::bench::applied(&deployment.engine, tenure_model::PlanKind::Disable, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let well = deployment.engine.doctor().await.unwrap();
    assert_eq!(well[0].state, tenure_engine::CheckState::Well, "{:?}", well[0]);
    let about = deployment.engine.show_plan(&plan.to_string()).await.unwrap().evidence;
    deployment.close().await;
    let database = bench.directory.path().join("data/tenure.sqlite");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let removed =
        connection.execute("DELETE FROM entries WHERE leaf_index = ?1", [i64::try_from(about[3]).unwrap()]);
    assert_eq!(removed, Ok(1));
    drop(connection);
    let deployment = bench.open().await.unwrap();
    let found = deployment.engine.doctor().await.unwrap();
    assert_eq!(found[0].state, tenure_engine::CheckState::Broken, "{:?}", found[0]);
    let refused = deployment.engine.export_plan(plan).await.unwrap_err().to_string();
    assert!(refused.contains("were removed"), "{refused}");
}

#[tokio::test]
async fn an_heir_that_is_not_there_is_refused_before_anything_is_done() {
    use tenure_model::PlanKind;
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    for (heir, words) in [("ghost", "is not known at"), ("reporting", "cannot receive what it owns itself")] {
        let request = tenure_engine::PlanRequest {
            kind: PlanKind::Revoke,
            identity: String::from("reporting"),
            reason: String::from("contract ended"),
            heir: Some(heir.to_owned()),
            file: None,
            readers: None,
        };
        let refused = engine.draft_plan(actor(engine).await, request).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

/// A removal that the system refuses has not happened: the way back stays open.
#[tokio::test]
async fn a_removal_that_was_refused_can_be_taken_back() {
    use tenure_connect::chaos::{Call, Fault, FaultKind};
    use tenure_model::{PlanKind, PlanState, StepKind};
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    bench.world.script(Fault { on: Call::Act(StepKind::Delete), nth: 1, what: FaultKind::Error });
    let plan = crate::bench::applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    loop {
        let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
        let delete = shown.steps.iter().find(|step| step.kind == StepKind::Delete).unwrap();
        if delete.state == tenure_model::StepState::Failed {
            break;
        }
        if let tenure_engine::Drive::Waiting(until) = deployment.engine.drive(plan).await.unwrap() {
            let shown = deployment.engine.show_plan(&plan.to_string()).await.unwrap();
            let delete = shown.steps.iter().find(|step| step.kind == StepKind::Delete).unwrap();
            if delete.state != tenure_model::StepState::Failed {
                bench.clock.advance(until.since(bench.clock.now()));
            }
        }
    }
    deployment.engine.undo(actor(&deployment.engine).await, &plan.to_string()).await.unwrap();
    let deployment = bench.carry_through(deployment, plan).await;
    let state = deployment.engine.show_plan(&plan.to_string()).await.unwrap().plan.state;
    assert_eq!(state, PlanState::Undone);
    bench.clock.advance(std::time::Duration::from_mins(1));
    assert!(bench.world.truth(&bench.victim).unwrap().accepts_at("primary", 0));
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_said_before_plans_stand_still() {
    let mut bench = Bench::new();
    for (behind, state, words) in
        [(2, CheckState::Well, "not behind"), (7_200, CheckState::Look, "7200 s behind")]
    {
        bench.behind = std::time::Duration::from_secs(behind);
        let deployment = bench.open().await.unwrap();
        let checks = deployment.engine.doctor().await.unwrap();
        let clock = checks.iter().find(|check| check.what == "clock").unwrap();
        assert!(clock.state == state && clock.found.contains(words), "{clock:?}");
        deployment.close().await;
    }
}
