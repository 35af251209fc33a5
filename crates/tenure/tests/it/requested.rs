//! An identity that is asked for before it is made, on a real PostgreSQL: refused while incomplete, approved by another, made,
//! enrolled; and its twins that were made without a request, or before theirs was approved.
//!
//! Whoever asks does so over HTTP with a token of their own; whoever decides sits at the machine. Next: `excepted.rs`.

use crate::excepted::{ahead, call};
use crate::kill::wait_for;
use crate::live::login;
use crate::program::{Background, Place};
use crate::served::{Served, audited};
use serde_json::{Value, json};
use tenure_testbed::{Postgres, needs};

struct Stage {
    postgres: Postgres,
    place: Place,
    _up: Background,
    address: String,
    /// Of `ravi`, who asks.
    token: String,
}

impl Stage {
    fn set() -> Self {
        let Served { postgres, place, up, address, token } = Served::with(&["reporting"], "ravi");
        Self { postgres, place, _up: up, address, token }
    }

    fn ask(&self, name: &str) -> Value {
        let wish = json!({
            "source": "pg", "principal": name, "business_owner": "ravi", "technical_owner": "ravi",
            "purpose": "the nightly load", "boundary": "one host", "allowed_scope": ["SELECT on orders"],
            "environment": "production", "expires_at": ahead(86_400 * 90), "retirement_trigger": "unused:90",
            "store": "federation", "reason": "the report needs it",
        });
        let (status, made) = call(&self.address, &self.token, "POST", "/api/v1/requests", &wish);
        assert_eq!(status, 201, "{made}");
        made
    }

    /// Approves it as it is shown: first without a word, which shows it, then with it.
    fn approve(&self, handle: &str) {
        let approve = ["request", "approve", handle, "--reason", "agreed"];
        let shown = self.place.run(&approve).ended(4);
        let (_, word) = shown.err.split_once("--yes ").unwrap_or_else(|| panic!("{shown:?}"));
        let word = word.split_whitespace().next().unwrap();
        assert!(shown.out.contains("the nightly load") && shown.out.contains("an operator"), "{shown:?}");
        let wrong = self.place.run(&[&approve[..], &["--yes", "0f0f"]].concat()).ended(1);
        assert!(wrong.err.contains("it is another word than the one"), "{wrong:?}");
        let done = self.place.done(&[&approve[..], &["--yes", word]].concat());
        assert!(done.out.contains("Approved: "), "{done:?}");
    }

    fn state(&self, handle: &str) -> Value {
        self.place.done(&["request", "show", handle, "--json"]).json()
    }

    fn identity(&self, name: &str) -> Value {
        self.place.done(&["show", &format!("pg/{name}"), "--json"]).json()["identity"].clone()
    }
}

#[test]
fn an_identity_is_asked_for_approved_by_another_made_and_enrolled_on_a_real_database() {
    needs!(postgres);
    let stage = Stage::set();
    let place = &stage.place;
    let refused = place.run(&["request", "create", "--source", "pg", "--principal", "etl"]).ended(1);
    for missing in
        ["business_owner", "technical_owner", "purpose", "boundary", "allowed_scope", "store", "reason"]
    {
        assert!(refused.err.contains(missing), "{missing}: {refused:?}");
    }
    assert!(refused.err.contains("business_owner (--owner: who answers for its existence)"), "{refused:?}");
    assert!(refused.err.contains("tenure request create --help"), "{refused:?}");
    let mistyped = place.run(&["request", "create", "--source", "pgg", "--principal", "etl"]).ended(1);
    assert!(mistyped.err.contains("`pgg` is no source; did you mean `pg`?"), "{mistyped:?}");
    not_offered_to_whoever_asked(place);
    let asked = stage.ask("etl");
    let handle = asked["handle"].as_str().unwrap();
    let own = json!({ "answer": "approve", "reason": "mine", "digest": asked["digest"] });
    let path = format!("/api/v1/requests/{handle}/decision");
    let (status, denied) = call(&stage.address, &stage.token, "PUT", &path, &own);
    assert_eq!(status, 403, "{denied}");
    stage.approve(handle);
    // The running server looks by itself whether it is there already, and says when it may be made.
    let ready = place.done(&["request", "wait", handle, "--seconds", "120", "--json"]).json();
    assert_eq!((&ready["state"], &ready["usable"]), (&json!("approved"), &json!(true)), "{ready}");
    login(&stage.postgres, "etl");
    login(&stage.postgres, "sneaked");
    place.done(&["survey", "pg"]);
    let used = stage.state(handle);
    assert_eq!((&used["state"], &used["identity_name"]), (&json!("fulfilled"), &json!("pg/etl")), "{used}");
    let identity = stage.identity("etl");
    assert_eq!(
        (&identity["enrolled"], &identity["charter"]["purpose"]),
        (&json!(true), &json!("the nightly load"))
    );
    // Its twin, made without a request, is nobody's.
    assert_eq!(stage.identity("sneaked")["enrolled"], json!(false));
    // And the one that was made before its request was approved fulfils nothing.
    let early = stage.ask("early");
    let early = early["handle"].as_str().unwrap();
    login(&stage.postgres, "early");
    stage.approve(early);
    wait_for("it lapses", || stage.state(early)["state"] == "lapsed");
    assert!(place.done(&["request", "show", early]).out.contains("made outside the process"));
    assert_eq!(stage.identity("early")["enrolled"], json!(false));
    audited(place, &["request.asked", "request.decided", "request.fulfilled", "request.lapsed"]);
}

/// The word that approves is not shown to whom it would be refused; to others it is.
fn not_offered_to_whoever_asked(place: &Place) {
    let words = "request create --source pg --principal own --owner ravi --technical-owner ravi --purpose load --boundary host \
                 --scope all --environment test --expires 2099-01-01 --retire-when unused:90 --store federation --reason why";
    let made = place.done(&words.split_whitespace().chain(["--json"]).collect::<Vec<_>>()).json();
    let handle = made["handle"].as_str().unwrap();
    let refused = place.run(&["request", "approve", handle, "--reason", "mine"]).ended(1);
    assert!(refused.err.contains("asked for it") && !refused.all().contains("--yes"), "{refused:?}");
    place.done(&["request", "withdraw", handle]);
}
