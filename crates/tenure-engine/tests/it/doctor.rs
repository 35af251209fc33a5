//! doctor: the whole log, whatever its length, and the level of a plan as its observations bear it out.

use crate::bench::{Bench, actor};
use tenure_engine::{CheckState, NewPerson};
use tenure_model::Role;

/// Pages of a thousand entries are read one after the other: a fault on the second is found, and named at
/// its own index.
#[tokio::test]
async fn a_log_of_several_pages_is_checked_to_its_end() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let somebody = actor(engine).await;
    for number in 0..1_100 {
        let person = NewPerson { name: format!("person {number}"), role: Role::Auditor, local_uid: None };
        engine.add_person(somebody, person).await.unwrap();
    }
    let size = engine.log_status().await.unwrap().size;
    let log = engine.doctor().await.unwrap().swap_remove(0);
    assert_eq!(
        (log.state, log.found.as_str()),
        (
            CheckState::Well,
            format!("{size} entries, each in its place; tiles and signed head bear them out").as_str()
        )
    );
    deployment.close().await;
    let database = rusqlite::Connection::open(bench.directory.path().join("data/tenure.sqlite")).unwrap();
    let altered = "UPDATE entries SET bytes = CAST(REPLACE(CAST(bytes AS TEXT), 'auditor', 'AUDITOR') AS BLOB) WHERE leaf_index = 1050";
    assert_eq!(database.execute(altered, []).unwrap(), 1);
    drop(database);
    let deployment = bench.open().await.unwrap();
    let log = deployment.engine.doctor().await.unwrap().swap_remove(0);
    assert_eq!(log.state, CheckState::Broken);
    assert!(log.found.contains("entry 1050 was replaced"), "{}", log.found);
}

/// Bodies are rows beside the log: an altered one is found, a missing one is counted.
#[tokio::test]
async fn an_altered_body_is_found_and_a_missing_one_is_counted() {
    let mut bench = Bench::new();
    let file = bench.directory.path().join("data/tenure.sqlite");
    let changes = [
        ("SELECT 1", CheckState::Well, "as recorded"),
        (
            "DELETE FROM bodies WHERE entry_id = (SELECT entry_id FROM entries WHERE leaf_index = 2)",
            CheckState::Look,
            "1 are missing",
        ),
        (
            "UPDATE bodies SET body = CAST('{}' AS BLOB) WHERE entry_id = (SELECT entry_id FROM entries WHERE leaf_index = 3)",
            CheckState::Broken,
            "the first that of entry 3",
        ),
    ];
    bench.surveyed().await.close().await;
    for (change, state, words) in changes {
        rusqlite::Connection::open(&file).unwrap().execute_batch(change).unwrap();
        let deployment = bench.open().await.unwrap();
        let checks = deployment.engine.doctor().await.unwrap();
        let bodies = checks.iter().find(|check| check.what == "bodies of the entries").unwrap();
        assert!(bodies.state == state && bodies.found.contains(words), "{bodies:?}");
        deployment.close().await;
    }
}
