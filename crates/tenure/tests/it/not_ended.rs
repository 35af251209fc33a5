//! What a connector does not end is not offered to be ended, and refused with the true reason.

use crate::{live::started, program::Place};
use tenure_testbed::needs;

/// A deployment that reads the machine of `tenure demo`.
pub(crate) fn with_a_machine() -> Place {
    let place = Place::new().with("TENURE_HOST", "none");
    place.done(&["demo", "machine"]);
    place.done(&["init"]);
    place.done(&["source", "add", "box", &format!("host://{}", place.path("machine").display())]);
    place.done(&["survey", "box"]);
    place
}

#[test]
fn accounts_and_services_of_a_machine_are_offered_no_revocation_and_its_keys_are() {
    let place = with_a_machine();
    for (name, what) in
        [("box/deploy", "an account is locked"), ("box/shop.service", "a service or job is stopped")]
    {
        let shown = place.done(&["show", name]);
        let text = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Not ended from here") && text.contains(what), "{shown:?}");
        let next = shown.out.lines().last().unwrap();
        assert!(next.starts_with("Next: tenure own") && !next.contains("revoke"), "{next}");
        for kind in ["revoke", "disable"] {
            let bare = name.split('/').nth(1).unwrap();
            let refused = place.run(&[kind, name, "--reason", "test", "--yes", bare]).ended(1);
            assert!(
                refused.err.contains("Tenure does not end it") && refused.err.contains(what),
                "{refused:?}"
            );
            assert!(!refused.err.contains("dangerous"), "{refused:?}");
        }
    }
    let by_hand = place.done(&["revoke", "box/deploy", "--by-hand"]);
    assert!(by_hand.out.contains("usermod"), "{by_hand:?}");
    // The twin: what can be ended is offered.
    let key = place.done(&["show", "box/deploy/key:ci@build"]);
    assert!(!key.out.contains("Not ended from here"), "{key:?}");
    assert!(key.out.lines().last().unwrap().contains("or tenure revoke"), "{key:?}");
}

#[test]
fn roles_that_tenures_account_may_not_end_are_offered_no_revocation_and_a_plan_says_what_a_person_does() {
    needs!(postgres);
    let postgres = started();
    let roles = "CREATE ROLE tenure LOGIN CREATEROLE PASSWORD 'of-tenure'; CREATE ROLE root LOGIN SUPERUSER PASSWORD 'r'";
    postgres.sql("postgres", roles).unwrap();
    let place = Place::new();
    place.private_file("pw", "of-tenure");
    place.done(&["init"]);
    let url = format!("postgres://tenure@127.0.0.1:{}/postgres", postgres.port());
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "lag-seconds=0"]);
    // Made by the account itself, which on every version of the server may end it then.
    postgres.sql_as("tenure", "of-tenure", "postgres", "CREATE ROLE app LOGIN PASSWORD 'a'").unwrap();
    place.run(&["survey"]);
    for (name, what) in [("root", "have a superuser end it"), ("tenure", "give the source another account")] {
        let shown = place.done(&["show", &format!("pg/{name}")]);
        let text = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Not ended from here") && text.contains(what), "{shown:?}");
        let next = shown.out.lines().last().unwrap();
        assert!(next.starts_with("Next: tenure own") && !next.contains("revoke"), "{next}");
        let refused =
            place.run(&["disable", &format!("pg/{name}"), "--reason", "test", "--yes", name]).ended(1);
        let said = refused.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains(what) && said.contains("Mend that, then plan again, or leave it"),
            "{refused:?}"
        );
    }
    // The twin: what the account may end is offered.
    let app = place.done(&["show", "pg/app"]);
    assert!(!app.out.contains("Not ended from here"), "{app:?}");
    assert!(app.out.contains("or tenure revoke"), "{app:?}");
}

#[test]
fn a_plan_to_end_what_could_never_log_in_speaks_of_no_undo_and_of_what_was_disabled_by_its_plan() {
    needs!(postgres);
    let postgres = started();
    postgres.sql("postgres", "CREATE ROLE resting NOLOGIN PASSWORD 'r'").unwrap();
    crate::live::login(&postgres, "etl");
    let place = crate::live::surveyed(&postgres);
    let said = |name: &str| {
        let planned = place.done(&["plan", "revoke", &format!("pg/{name}"), "--reason", "test"]);
        planned.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let resting = said("resting");
    assert!(resting.contains("to P2 only") && !resting.contains("tenure undo"), "{resting}");
    assert!(resting.contains("that it is gone is read in its system"), "{resting}");
    place.done(&["disable", "pg/etl", "--reason", "test", "--yes", "etl"]);
    place.done(&["survey"]);
    let plans = place.done(&["plans", "--json"]).json();
    let handle = plans["items"][0]["handle"].as_str().unwrap().to_owned();
    let etl = said("etl");
    assert!(etl.contains(&format!("let it log in again (tenure undo {handle})")), "{etl}");
}

#[test]
fn rights_of_what_was_ended_are_said_to_be_those_read_before() {
    needs!(postgres);
    let postgres = started();
    crate::live::login(&postgres, "etl");
    postgres
        .sql(
            "postgres",
            "CREATE ROLE kept; CREATE TABLE orders (); ALTER TABLE orders OWNER TO etl; GRANT kept TO etl",
        )
        .unwrap();
    let place = crate::live::surveyed(&postgres);
    let said = "as they were read before it ended";
    let before = place.done(&["show", "pg/etl"]).out;
    assert!(before.contains("Rights (") && !before.contains(said), "{before}");
    place.done(&["revoke", "pg/etl", "--reason", "test", "--heir", "kept", "--yes", "etl"]);
    let ended = place.done(&["show", "pg/etl"]).out;
    assert!(ended.contains("Rights (") && ended.contains(said), "{ended}");
}

/// The account of the source is no superuser, so it can take the rights of `kept`, and of the heir it names not.
#[test]
fn an_heir_that_can_receive_nothing_is_refused_before_there_is_a_plan_and_only_where_it_is_needed() {
    needs!(postgres);
    let postgres = started();
    for name in ["etl", "bare"] {
        crate::live::login(&postgres, name);
    }
    let script = "CREATE ROLE boss SUPERUSER; CREATE ROLE kept; CREATE TABLE orders (); ALTER TABLE orders OWNER TO etl;
        CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'k'; GRANT pg_read_all_settings, pg_read_all_stats TO keeper;
        GRANT SELECT ON pg_authid TO keeper";
    postgres.sql("postgres", script).unwrap();
    let place = Place::new();
    place.private_file("pw", "k");
    place.done(&["init"]);
    let url = format!("postgres://keeper@127.0.0.1:{}/postgres", postgres.port());
    place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "heir=boss"]);
    place.done(&["survey"]);
    let plan = |name: &str, more: &[&str]| {
        let words = [&["plan", "revoke", name, "--reason", "test"], more].concat();
        place.run(&words)
    };
    let refused = plan("pg/etl", &[]).ended(1);
    let said = refused.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("\"boss\" is a superuser") && said.contains("another with --heir"), "{refused:?}");
    assert_eq!(place.done(&["plans", "--quiet"]).out, "", "nothing is left of it");
    let planned = plan("pg/etl", &["--heir", "kept"]).ended(0);
    assert!(planned.out.contains("What it owns goes to `kept`."), "{planned:?}");
    plan("pg/bare", &[]).ended(0);
}
