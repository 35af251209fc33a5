//! Further rights on a real PostgreSQL: asked for by alice, decided by bob, granted by hand and matched; their end comes while
//! they are there; another that nobody asked for, and one that is wider than what was asked for, are found.
//!
//! Must never give a right through Tenure, which gives none. Next: `requested.rs`.

use crate::excepted::{ahead, call};
use crate::kill::wait_for;
use crate::made_outside::applied;
use crate::program::{Background, Place};
use crate::served::{Served, audited};
use serde_json::{Value, json};
use tenure_testbed::{Postgres, needs};

const CLASSES: &str =
    "[[class]]\nid = \"services\"\nmatch = [\"source:pg kind:account\"]\nrights_by_request = true\n";
const SHOP: &str = "CREATE TABLE orders (); CREATE TABLE invoices (); CREATE TABLE parts ();";
const ORDERS: &str = "postgres/table/public.orders";

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
        let Served { postgres, place, up, address, token: alice } = Served::with(&["etl"], "alice");
        postgres.sql("postgres", SHOP).unwrap();
        place.done(&["people", "add", "bob", "--role", "operator"]);
        let bob = place.done(&["people", "token", "bob", "--quiet"]).out.trim().to_owned();
        applied(&place, CLASSES);
        assert!(place.done(&["programme", "show"]).out.contains("its rights asked for before it is given"));
        place.done(&["survey", "pg"]);
        Self { postgres, place, _up: up, address, alice, bob }
    }

    fn sql(&self, sql: &str) {
        self.postgres.sql("postgres", sql).unwrap();
        self.place.done(&["survey", "pg"]);
    }

    fn ask(&self, resource: &str, until: &str) -> Value {
        let wish = json!({
            "kind": "privilege", "identity": "pg/etl", "rights": [{ "right": "SELECT", "resource": resource }],
            "until": until, "reason": "the report reads it",
        });
        let (status, made) = call(&self.address, &self.alice, "POST", "/api/v1/requests", &wish);
        assert_eq!(status, 201, "{made}");
        made
    }

    /// Bob approves it; alice, who asked, may not.
    fn approve(&self, asked: &Value) -> Value {
        let path = format!("/api/v1/requests/{}/decision", asked["handle"].as_str().unwrap());
        let yes = json!({ "answer": "approve", "reason": "agreed", "digest": asked["digest"] });
        let (status, denied) = call(&self.address, &self.alice, "PUT", &path, &yes);
        assert_eq!(status, 403, "whoever asked decides nothing: {denied}");
        let (status, decided) = call(&self.address, &self.bob, "PUT", &path, &yes);
        assert_eq!(status, 200, "{decided}");
        decided
    }

    /// Approved, and seen by a complete survey not to be there.
    fn usable(&self, resource: &str, until: &str) -> Value {
        let asked = self.ask(resource, until);
        self.approve(&asked);
        self.place.done(&["request", "wait", asked["handle"].as_str().unwrap(), "--seconds", "60"]);
        asked
    }

    fn state(&self, asked: &Value) -> Value {
        self.place.done(&["request", "show", asked["handle"].as_str().unwrap(), "--json"]).json()
    }

    /// The sentence of the finding, where there is one.
    fn found(&self, policy: &str) -> Option<String> {
        let shown = self.place.done(&["show", "pg/etl", "--json"]).json();
        let findings = shown["findings"].as_array().unwrap();
        let of = findings.iter().find(|one| one["policy"] == policy);
        of.map(|one| one["reason"].as_str().unwrap().to_owned())
    }
}

#[test]
fn a_right_that_was_asked_for_is_matched_ends_and_its_twins_are_found() {
    needs!(postgres);
    let stage = Stage::set();
    let place = &stage.place;
    let asked = stage.usable(ORDERS, &ahead(90));
    stage.sql("GRANT SELECT ON orders TO etl");
    let used = stage.state(&asked);
    assert_eq!(used["state"], json!("fulfilled"), "{used}");
    assert!(!used["rights"][0]["seen"].is_null(), "{used}");
    assert_eq!(stage.found("gained_outside"), None);
    let shown = place.done(&["show", "pg/etl"]).out;
    assert!(shown.contains("Rights it gained") && shown.contains("asked for until"), "{shown}");
    // Its twin, which nobody asked for.
    stage.sql("GRANT SELECT ON invoices TO etl");
    let reason = stage.found("gained_outside").expect("nobody asked for it");
    assert!(reason.contains("SELECT on postgres/table/public.invoices"), "{reason}");
    assert!(!reason.contains("public.orders"), "{reason}");
    // Wider than what was asked for: it may be passed on.
    let plain = stage.usable("postgres/table/public.parts", &ahead(86_400));
    stage.sql("GRANT SELECT ON parts TO etl WITH GRANT OPTION");
    assert_eq!(stage.state(&plain)["state"], json!("approved"));
    assert!(stage.found("gained_outside").unwrap().contains("public.parts, to be passed on"));
    stage.sql("REVOKE ALL ON parts, invoices FROM etl");
    assert_eq!(stage.found("gained_outside"), None);
    stage.sql("GRANT SELECT ON parts TO etl");
    assert_eq!(stage.state(&plain)["state"], json!("fulfilled"));
    // Its end comes while it is there: nobody has to look.
    let past = || stage.found("right_past_its_end");
    wait_for("the end of the right", || past().is_some());
    let reason = past().unwrap();
    assert!(reason.contains("public.orders") && reason.contains("and still there"), "{reason}");
    assert!(!reason.contains("public.parts"), "{reason}");
    stage.sql("REVOKE SELECT ON orders FROM etl");
    assert_eq!(past(), None);
    audited(place, &["request.asked", "request.decided", "request.fulfilled", "identity.gained_outside"]);
}

#[test]
fn what_was_given_without_asking_is_asked_for_late_and_its_cli_says_so() {
    needs!(postgres);
    let stage = Stage::set();
    let place = &stage.place;
    stage.sql("GRANT SELECT ON orders TO etl");
    assert!(stage.found("gained_outside").is_some());
    let right = format!("SELECT on {ORDERS}");
    let ask =
        ["request", "privilege", "pg/etl", "--right", &right, "--until", "2099-01-01", "--reason", "report"];
    let refused = place.run(&ask).ended(1);
    assert!(refused.err.contains("at the latest (365 days)"), "{refused:?}");
    let late = stage.ask(ORDERS, &ahead(86_400));
    let shown = place.done(&["request", "show", late["handle"].as_str().unwrap()]);
    assert!(shown.out.contains("rights it gained before they were asked for"), "{shown:?}");
    assert_eq!(stage.approve(&late)["state"], json!("fulfilled"));
    place.done(&["survey", "pg"]);
    assert_eq!(stage.found("gained_outside"), None);
    // At the machine, and in its words.
    let until = ahead(86_400);
    let more =
        ["request", "privilege", "pg/etl", "--right", "SELECT on postgres/table/public.parts", "--until"];
    let asked = place.done(&[&more[..], &[&*until, "--reason", "the parts too"]].concat());
    assert!(asked.out.contains("pg/etl may hold SELECT on postgres/table/public.parts until"), "{asked:?}");
    assert!(asked.out.contains("Nothing may be given before it is approved"), "{asked:?}");
    let anew = ["request", "privilege", "pg/etl", "--right", &right, "--until", &until, "--reason", "longer"];
    let anew = place.done(&anew);
    assert!(anew.out.contains("may go on holding"), "{anew:?}");
    let listed = place.done(&["request", "list"]);
    assert!(listed.out.contains("pg/etl"), "{listed:?}");
}
