//! People leave: what hangs on them goes with them, and nothing is done any more on their word.
//!
//! Over the chaos world, in virtual time. What each refusal says in HTTP is tested in `tenure-server`.

use crate::bench::{Bench, actor, plan};
use tenure_engine::{Actor, CharterChange, CheckState, Engine, EngineFailure, NewPerson};
use tenure_model::{PlanKind, PlanState, Role, StepState};
use tenure_store::StoreFailure;

async fn person(engine: &Engine, name: &str, role: Role) -> Actor {
    let new = NewPerson { name: name.to_owned(), role, local_uid: None };
    let person = engine.add_person(actor(engine).await, new).await.unwrap();
    Actor { person: person.id, role, local: false }
}

fn owned_by(name: &str) -> CharterChange {
    CharterChange { business_owner: Some(name.to_owned()), ..CharterChange::default() }
}

async fn unowned(engine: &Engine) -> Vec<String> {
    engine.judge_touched().await.unwrap();
    let open = engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
    let unowned = open.into_iter().filter(|finding| finding.policy == "no_owner");
    unowned.map(|finding| finding.identity_name).collect()
}

#[tokio::test]
async fn what_a_removed_person_alone_answered_for_is_found_to_have_no_owner() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let ravi = person(engine, "ravi", Role::Owner).await;
    engine.own(ravi, "billing", CharterChange::default()).await.unwrap();
    engine.own(ravi, "reporting", CharterChange::default()).await.unwrap();
    engine.own(asha, "reporting", owned_by("asha")).await.unwrap();
    assert_eq!(unowned(engine).await, Vec::<String>::new());

    let told = engine.leaving(asha.person, "ravi").await.unwrap();
    let size = engine.log_page(None, 1_000).await.unwrap().len();
    let left = engine.remove_person(asha, "ravi").await.unwrap();
    assert_eq!(left, told, "what was told before is what happened");
    let owned: Vec<_> = left.owned.iter().map(|owned| (owned.name.as_str(), owned.unowned)).collect();
    assert_eq!(owned, [("main/billing", true), ("main/reporting", false)]);
    assert_eq!((left.owned_count, left.unowned_count), (2, 1));
    assert_eq!(unowned(engine).await, ["main/billing"]);
    assert_eq!(engine.show("billing").await.unwrap().owners, Vec::<String>::new());
    assert_eq!(engine.show("reporting").await.unwrap().owners, ["asha"]);

    let entries = engine.log_page(None, 1_000).await.unwrap();
    let removed = entries.iter().find(|(_, entry)| entry.kind == "person.removed").unwrap();
    assert_eq!(removed.1.facts["unowned"], tenure_evidence::FactValue::Integer(1));
    assert!(entries.len() > size, "every former entry is there");
    let billing = engine.show("billing").await.unwrap().identity.id.to_string();
    let about = engine.store().read("about", move |tx| tx.leaves_about(&billing, 100)).await.unwrap();
    assert!(about.contains(&removed.0), "and the identity tells it");
}

#[tokio::test]
async fn the_name_of_a_removed_person_is_nowhere_and_the_log_is_whole() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    person(engine, "zebulon", Role::Owner).await;
    engine.own(actor(engine).await, "billing", owned_by("zebulon")).await.unwrap();
    let naming = || {
        let entries = engine.log_page(None, 1_000);
        async move {
            let entries = entries.await.unwrap();
            let bodies = engine.store().read("bodies", move |tx| {
                entries.iter().map(|(_, entry)| tx.body_of(&entry.id)).collect::<Result<Vec<_>, _>>()
            });
            let bodies = bodies.await.unwrap().into_iter().flatten();
            bodies.filter(|(_, body)| String::from_utf8_lossy(body).contains("zebulon")).count()
        }
    };
    assert_eq!(naming().await, 1, "that they were added");
    engine.remove_person(actor(engine).await, "zebulon").await.unwrap();
    assert_eq!(naming().await, 0);
    let checks = engine.doctor().await.unwrap();
    assert_eq!(checks[0].state, CheckState::Well, "{:?}", checks[0]);
    let bodies = checks.iter().find(|check| check.what == "bodies of the entries").unwrap();
    let told = bodies.found.ends_with("as recorded; 1 went with people who were removed");
    assert!(bodies.state == CheckState::Well && told, "{bodies:?}");
    let path = bench.directory.path().join("data/tenure.sqlite");
    let other = "DELETE FROM bodies WHERE entry_id = (SELECT entry_id FROM entries WHERE leaf_index = 2)";
    deployment.close().await;
    rusqlite::Connection::open(path).unwrap().execute_batch(other).unwrap();
    let checks = bench.open().await.unwrap().engine.doctor().await.unwrap();
    let bodies = checks.iter().find(|check| check.what == "bodies of the entries").unwrap();
    assert!(bodies.found.ends_with("1 are missing"), "another one that is gone is not theirs: {bodies:?}");
}

/// A plan approved by an operator, who then becomes what `change` makes of them; then it is driven.
async fn approved_then(change: Option<Role>, removed: bool) -> Result<PlanState, String> {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let ravi = person(engine, "ravi", Role::Operator).await;
    let drafted = plan(engine, PlanKind::Revoke, "reporting").await.unwrap().plan;
    engine.apply(ravi, &drafted.handle, Some(&drafted.digest)).await.unwrap();
    let asha = actor(engine).await;
    if let Some(role) = change {
        engine.set_role(asha, "ravi", role).await.unwrap();
    }
    if removed {
        let left = engine.remove_person(asha, "ravi").await.unwrap();
        assert_eq!(left.approved.iter().map(|one| &one.handle).collect::<Vec<_>>(), [&drafted.handle]);
    }
    match engine.drive(drafted.id).await {
        Ok(_) => Ok(engine.show_plan(&drafted.handle).await.unwrap().plan.state),
        Err(failure) => {
            let shown = engine.show_plan(&drafted.handle).await.unwrap();
            assert_eq!(shown.plan.state, PlanState::Approved);
            assert!(shown.steps.iter().all(|step| step.state == StepState::Waiting), "{:?}", shown.steps);
            engine.withdraw(asha, &drafted.handle).await.unwrap();
            let anew = crate::bench::applied(engine, PlanKind::Revoke, "reporting").await.plan;
            engine.drive(anew.id).await.unwrap();
            Err(failure.to_string().replace(&drafted.handle, "PLAN"))
        }
    }
}

#[tokio::test]
async fn nothing_is_done_on_the_approval_of_somebody_who_was_removed_or_may_not_decide_it_any_more() {
    let refused = "whoever approved plan PLAN was removed or may not decide it any more; \
                   withdraw it (tenure undo PLAN) and make a new plan";
    assert_eq!(approved_then(None, true).await, Err(refused.to_owned()));
    assert_eq!(approved_then(Some(Role::Auditor), false).await, Err(refused.to_owned()));
    assert_eq!(approved_then(Some(Role::Owner), false).await, Err(refused.to_owned()), "it is not theirs");
    for change in [None, Some(Role::Administrator)] {
        assert_eq!(approved_then(change, false).await, Ok(PlanState::Running), "{change:?}");
    }
}

#[tokio::test]
async fn nobody_raises_their_own_role_not_even_by_one_they_had() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let ravi = person(engine, "ravi", Role::Operator).await;
    let refused = engine.set_role(ravi, "ravi", Role::Administrator).await.unwrap_err();
    assert_eq!(refused.to_string(), "nobody changes their own role; an administrator does that");

    // Let in as an administrator; before it is written, they are one no more.
    engine.set_role(asha, "ravi", Role::Administrator).await.unwrap();
    let former = Actor { role: Role::Administrator, ..ravi };
    engine.set_role(asha, "ravi", Role::Auditor).await.unwrap();
    let size = engine.log_page(None, 1_000).await.unwrap().len();
    let new = NewPerson { name: String::from("eve"), role: Role::Administrator, local_uid: None };
    let late = [
        engine.set_role(former, "ravi", Role::Administrator).await.map(drop),
        engine.set_role(former, "asha", Role::Owner).await.map(drop),
        engine.remove_person(former, "asha").await.map(drop),
        engine.add_person(former, new).await.map(drop),
        engine.issue_token(former, "asha", None).await.map(drop),
        engine.revoke_token(former, "asha", None).await.map(drop),
    ];
    for outcome in late {
        let denied = outcome.unwrap_err();
        assert!(matches!(denied, EngineFailure::Denied { .. }), "{denied}");
        assert_eq!(denied.to_string(), "whoever asked this was removed or given another role meanwhile");
    }
    assert_eq!(engine.log_page(None, 1_000).await.unwrap().len(), size, "and nothing was written");
}

#[tokio::test]
async fn of_two_last_administrators_who_remove_each_other_at_once_one_is_refused() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    let ravi = person(engine, "ravi", Role::Administrator).await;
    let (one, other) = tokio::join!(engine.remove_person(asha, "ravi"), engine.remove_person(ravi, "asha"));
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    let refused = one.err().or(other.err()).unwrap();
    assert!(
        matches!(refused, EngineFailure::Denied { .. } | EngineFailure::Store(StoreFailure::Missing { .. })),
        "{refused}"
    );
    let left = engine.store().read("people", |tx| tx.people()).await.unwrap();
    assert_eq!(left.iter().filter(|person| person.role == Role::Administrator).count(), 1, "{left:?}");
    let entries = engine.log_page(None, 1_000).await.unwrap();
    assert_eq!(entries.iter().filter(|(_, entry)| entry.kind == "person.removed").count(), 1);
}

#[tokio::test]
async fn nobody_becomes_an_owner_while_they_are_removed() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let asha = actor(engine).await;
    for round in 0..6 {
        let name = format!("ravi-{round}");
        let ravi = person(engine, &name, Role::Owner).await.person;
        let (owned, removed) = if round % 2 == 0 {
            tokio::join!(engine.own(asha, "billing", owned_by(&name)), engine.remove_person(asha, &name))
        } else {
            let (removed, owned) =
                tokio::join!(engine.remove_person(asha, &name), engine.own(asha, "billing", owned_by(&name)));
            (owned, removed)
        };
        removed.unwrap();
        let charter = engine.show("billing").await.unwrap().identity.charter;
        assert_ne!(charter.business_owner, Some(ravi), "{owned:?}");
    }
}
