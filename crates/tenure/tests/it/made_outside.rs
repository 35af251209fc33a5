//! What is made although it had to be asked for, on a real PostgreSQL: found with its time, asked for late by alice, decided by
//! bob, and over; and its twin that was asked for in time. Next: `requested.rs`.

use crate::excepted::{ahead, call};
use crate::live::{login, started};
use crate::program::{Background, Place};
use serde_json::{Value, json};
use tenure_testbed::{Postgres, needs};

const CLASSES: &str =
    "[[class]]\nid = \"services\"\nmatch = [\"source:pg kind:account\"]\nmade_by_request = true\n";

struct Stage {
    postgres: Postgres,
    place: Place,
    _up: Background,
    address: String,
    /// Of `alice`, who asks.
    alice: String,
    /// Of `bob`, who decides.
    bob: String,
}

impl Stage {
    fn set() -> Self {
        let postgres = started();
        login(&postgres, "reporting");
        let place = Place::new();
        place.private_file("pw", postgres.password());
        let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
        let said: Value = serde_json::from_str(&up.until("\n}\n")).unwrap();
        place.done(&["source", "add", "pg", &postgres.url("postgres"), "--password-file", "pw"]);
        place.done(&["survey", "pg"]);
        let token = |name: &str, role: &str| {
            place.done(&["people", "add", name, "--role", role]);
            place.done(&["people", "token", name, "--quiet"]).out.trim().to_owned()
        };
        let (alice, bob) = (token("alice", "owner"), token("bob", "operator"));
        let address = said["address"].as_str().unwrap().to_owned();
        let stage = Self { address, alice, bob, place, _up: up, postgres };
        applied(&stage.place, CLASSES);
        assert!(stage.place.done(&["programme", "show"]).out.contains("asked for before it is made"));
        stage.place.done(&["survey", "pg"]);
        stage
    }

    fn ask(&self, name: &str) -> Value {
        let wish = json!({
            "source": "pg", "principal": name, "business_owner": "alice", "technical_owner": "alice",
            "purpose": "the nightly load", "boundary": "one host", "allowed_scope": ["SELECT on orders"],
            "environment": "production", "expires_at": ahead(86_400 * 90), "retirement_trigger": "unused:90",
            "store": "federation", "reason": "the report needs it",
        });
        let (status, made) = call(&self.address, &self.alice, "POST", "/api/v1/requests", &wish);
        assert_eq!(status, 201, "{made}");
        made
    }

    fn approve(&self, asked: &Value) -> Value {
        let path = format!("/api/v1/requests/{}/decision", asked["handle"].as_str().unwrap());
        let yes = json!({ "answer": "approve", "reason": "agreed", "digest": asked["digest"] });
        let (status, denied) = call(&self.address, &self.alice, "PUT", &path, &yes);
        assert_eq!(status, 403, "whoever asked decides nothing: {denied}");
        let (status, decided) = call(&self.address, &self.bob, "PUT", &path, &yes);
        assert_eq!(status, 200, "{decided}");
        decided
    }

    /// The sentence of the finding, where there is one.
    fn found(&self, name: &str) -> Option<String> {
        let shown = self.place.done(&["show", &format!("pg/{name}"), "--json"]).json();
        let findings = shown["findings"].as_array().unwrap();
        let of = findings.iter().find(|one| one["policy"] == "made_outside");
        of.map(|one| one["reason"].as_str().unwrap().to_owned())
    }
}

/// Puts a programme with these classes in force.
pub(crate) fn applied(place: &Place, classes: &str) {
    let directory = place.path("programme");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("programme.toml"), "version = 1\n").unwrap();
    std::fs::write(directory.join("classes.toml"), classes).unwrap();
    let shown = place.done(&["programme", "plan", "programme", "--json"]).json();
    let foreseen = &shown["foreseen"];
    let word = foreseen["word"].as_str().unwrap_or_else(|| panic!("{shown}"));
    let worse = foreseen["worse"].to_string();
    let apply =
        ["programme", "apply", "programme", "--reason", "ask first", "--yes", word, "--worse", &worse];
    let held = if foreseen["held"].is_null() { &apply[..7] } else { &apply[..] };
    place.done(held);
}

#[test]
fn what_was_made_outside_is_found_asked_for_late_and_over_on_a_real_database() {
    needs!(postgres);
    let stage = Stage::set();
    let place = &stage.place;
    let asked = stage.ask("etl");
    stage.approve(&asked);
    let handle = asked["handle"].as_str().unwrap();
    place.done(&["request", "wait", handle, "--seconds", "120"]);
    login(&stage.postgres, "etl");
    login(&stage.postgres, "sneaked");
    place.done(&["survey", "pg"]);
    assert_eq!(stage.found("etl"), None, "the twin that was asked for in time");
    assert_eq!(stage.found("reporting"), None, "it was there when the rule came into force");
    let reason = stage.found("sneaked").expect("nobody asked for it");
    assert!(reason.contains("was not there at the complete survey that ended 20"), "{reason}");
    assert!(reason.contains("the system does not say who made it"), "{reason}");
    // Claiming it is not deciding.
    place.done(&["own", "pg/sneaked", "--owner", "alice"]);
    assert!(stage.found("sneaked").is_some());
    let late = stage.ask("sneaked");
    assert!(!late["creation"]["late_for"].is_null(), "{late}");
    let shown = place.done(&["request", "show", late["handle"].as_str().unwrap()]);
    assert!(shown.out.contains("made before it was asked for"), "{shown:?}");
    let over = stage.approve(&late);
    assert_eq!(over["state"], json!("fulfilled"), "{over}");
    place.done(&["survey", "pg"]);
    assert_eq!(stage.found("sneaked"), None);
    let shown = place.done(&["show", "pg/sneaked"]).out;
    assert!(shown.contains("It was made before it was asked for, and approved late"), "{shown}");
    assert!(place.done(&["show", "pg/etl"]).out.contains("It was asked for before it was made"));
}
