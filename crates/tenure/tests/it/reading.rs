//! A command that reads does not act, also when it hosts the deployment itself.
//!
//! What was approved waits for `tenure up` or for a command that changes something; looking at it
//! must not carry it on, and says that it waits.

use crate::{
    live::{login, started},
    program::Place,
};
use tenure_testbed::{Postgres, needs};

/// A deployment with a source whose changes take long to arrive, and a revocation that was approved and
/// not carried to its end; the plan's handle.
fn with_a_plan_that_waits(postgres: &Postgres) -> (Place, String) {
    let place = Place::new();
    place.private_file("pw", postgres.password());
    place.done(&["init"]);
    let url = postgres.url("postgres");
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "lag-seconds=3"]);
    place.done(&["survey"]);
    place.run(&["revoke", "pg/etl", "--reason", "test", "--yes", "etl", "--wait", "0"]).ended(4);
    let handle = place.done(&["plans", "--quiet"]).out.trim().to_owned();
    (place, handle)
}

/// How far a plan has come, and how much was ever written down.
fn so_far(place: &Place, handle: &str) -> (String, usize, serde_json::Value) {
    let shown = place.run(&["proof", handle, "--json"]).ended(4).json();
    let log = place.done(&["evidence", "checkpoint", "--json"]).json()["size"].clone();
    let steps: Vec<&str> =
        shown["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    (steps.join(" "), shown["probes"].as_array().unwrap().len(), log)
}

#[test]
fn what_was_approved_waits_while_somebody_only_looks_and_goes_on_with_the_next_apply() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "etl");
    let (place, handle) = with_a_plan_that_waits(&postgres);
    let before = so_far(&place, &handle);
    let looks: &[&[&str]] = &[
        &["doctor"],
        &["identities"],
        &["principals"],
        &["credentials"],
        &["findings"],
        &["plans"],
        &["show", "pg/etl"],
        &["explain", "pg/etl"],
        &["source", "list"],
        &["source", "check", "pg"],
        &["keys", "list"],
        &["people", "list"],
        &["witness", "list"],
        &["evidence", "log"],
        &["evidence", "checkpoint"],
        &["evidence", "export", "all.tenure"],
        &["proof", &handle, "--export", "plan.tenure"],
        &["revoke", "pg/etl", "--by-hand"],
    ];
    for look in looks {
        let ran = place.done(look);
        let said = "1 approved plan waits, because Tenure does not run here; `tenure up` carries on.\n";
        assert_eq!(ran.err, said, "{look:?}");
    }
    assert_eq!(so_far(&place, &handle), before);
    let quiet = place.done(&["plans", "--quiet"]);
    assert_eq!((quiet.out.trim(), quiet.err.as_str()), (handle.as_str(), ""));
    let ended = place.done(&["apply", &handle]);
    assert!(ended.out.contains("P4 proved in "), "{ended:?}");
    assert_eq!(place.done(&["plans"]).err, "", "nothing waits any more");
}

#[test]
fn a_command_that_changes_something_carries_on_what_was_approved() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "etl");
    let (place, handle) = with_a_plan_that_waits(&postgres);
    let before = so_far(&place, &handle);
    // Each begins the reconcilers, which look at once: the twin of the test above.
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let mut number = 0;
    while place.run(&["proof", &handle]).code == 4 {
        assert!(std::time::Instant::now() < deadline, "it stood still at {before:?}");
        number += 1;
        place.done(&["people", "add", &format!("person-{number}"), "--role", "auditor"]);
    }
    place.done(&["proof", &handle]);
}

#[test]
fn an_end_that_was_altered_in_the_database_is_shown_with_both_levels_and_fails() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "etl");
    let (place, handle) = with_a_plan_that_waits(&postgres);
    place.done(&["apply", &handle]);
    let sound = place.done(&["proof", &handle]);
    assert!(sound.out.contains("P4 proved in "), "{sound:?}");
    let database = rusqlite::Connection::open(place.data.join("tenure.sqlite")).unwrap();
    assert!(database.execute("DELETE FROM probes WHERE kind = 'after'", []).unwrap() > 0);
    drop(database);
    let altered = place.run(&["proof", &handle]).ended(1);
    let expected = "Does not hold: P4 and \"proved\" are written down, but the observations beside it bear out P2 of the required P4";
    assert!(altered.out.contains(expected), "{altered:?}");
    let document = place.run(&["proof", &handle, "--json"]).ended(1).json();
    assert_eq!((&document["plan"]["level"], &document["assessed"]["level"]), (&"P4".into(), &"P2".into()));
}
