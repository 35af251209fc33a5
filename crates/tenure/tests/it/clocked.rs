//! What waits under a service level, as people see it on a real deployment: due, whose it is, and who is asked in vain.
//!
//! Hours are not waited for: that it passes on is told in virtual time by the engine's tests. Next: `requested.rs`.

use crate::excepted::{ahead, call};
use crate::kill::wait_for;
use crate::program::Place;
use crate::served::Served;
use serde_json::{Value, json};
use tenure_testbed::needs;

const PROGRAMME: &str = "version = 1\n[[service_level]]\nid = \"requests\"\nfor = \"request\"\nwithin_hours = 8\npause_days_max = 2\n\
    fallback = [\"person:nell\"]\nescalation = [\"administrator\"]\n";

/// Puts the programme in force as it is shown first.
fn applied(place: &Place) {
    std::fs::create_dir(place.path("programme")).unwrap();
    std::fs::write(place.path("programme").join("programme.toml"), PROGRAMME).unwrap();
    let shown = place.done(&["programme", "plan", "programme", "--json"]).json();
    let word = shown["foreseen"]["word"].as_str().unwrap();
    place.done(&["programme", "apply", "programme", "--reason", "in eight hours", "--yes", word]);
}

/// Asks, over HTTP with a token, that this be made; its handle.
pub(crate) fn asked((address, token): (&str, &str), name: &str) -> String {
    let wish = json!({
        "source": "pg", "principal": name, "business_owner": "ravi", "technical_owner": "ravi",
        "purpose": "the nightly load", "boundary": "one host", "allowed_scope": ["SELECT on orders"],
        "environment": "production", "expires_at": ahead(86_400 * 90), "retirement_trigger": "unused:90",
        "store": "federation", "reason": "the report needs it",
    });
    let (status, made) = call(address, token, "POST", "/api/v1/requests", &wish);
    assert_eq!(status, 201, "{made}");
    made["handle"].as_str().unwrap().to_owned()
}

fn clocks(place: &Place) -> Value {
    place.done(&["clocks", "--json"]).json()["items"].clone()
}

#[test]
fn what_waits_says_by_when_and_whose_it_is_and_the_check_who_would_be_asked_in_vain() {
    needs!(postgres);
    let served = Served::with(&["reporting"], "ravi");
    let place = &served.place;
    let before = asked((&served.address, &served.token), "etl");
    assert!(place.done(&["clocks"]).out.starts_with("Nothing waits under a service level."));
    assert!(
        !place.done(&["request", "show", &before]).out.contains("service level"),
        "the twin: it has none"
    );
    applied(place);
    let check = place.run(&["programme", "check"]).ended(1);
    let vain =
        "service_level requests, fallback: `nell` is nobody of this deployment: it passes on to the others";
    assert!(check.out.contains(vain), "{check:?}");
    // The running server begins it by itself.
    wait_for("its clock begins", || clocks(place) != json!([]));
    let clock = clocks(place)[0].clone();
    assert_eq!(
        (&clock["handle"], &clock["stage"], &clock["late"]),
        (&json!(before), &json!("first"), &json!(null))
    );
    let listed = place.done(&["clocks"]).out;
    assert!(listed.contains("1 step under a service level, 0 late") && listed.contains("pg/etl"), "{listed}");
    assert!(place.done(&["clocks", "--late"]).out.starts_with("Nothing is late."));
    let shown = place.done(&["request", "show", &before]).out;
    assert!(shown.contains("service level") && shown.contains("else it passes on (7 h 59 min)"), "{shown}");
    let of = |handle: &str| {
        let path = format!("/api/v1/clocks?of={handle}");
        call(&served.address, &served.token, "GET", &path, &Value::Null).1["items"].as_array().unwrap().len()
    };
    assert_eq!((of(&before), of("7k2m4xq")), (1, 0));
    // It stands still for a day, and runs again by hand.
    let until = ahead(86_400);
    let paused = place.done(&["clocks", "pause", &before, "--until", &until, "--reason", "the vendor"]).out;
    assert!(paused.contains("Paused until") && paused.contains("unless it is decided before"), "{paused}");
    assert!(place.done(&["clocks"]).out.contains("paused until"));
    let shown = place.done(&["request", "show", &before]).out;
    assert!(shown.contains("paused by ") && shown.contains(": the vendor"), "{shown}");
    let runs = place.done(&["clocks", "resume", &before]).out;
    assert!(runs.starts_with("It runs again, and is due "), "{runs}");
    let again = place.run(&["clocks", "resume", &before]).ended(1);
    assert!(again.err.contains("is not paused"), "{again:?}");
    // Whoever is named comes: the check is clean.
    place.done(&["people", "add", "nell", "--role", "operator"]);
    assert!(!place.done(&["programme", "check"]).out.contains("nell"));
}
