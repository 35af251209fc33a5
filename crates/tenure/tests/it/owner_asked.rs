//! Somebody to answer for what nobody does, on a real PostgreSQL: asked for at the machine, decided by another, accepted by
//! whom it was for; refused while an owner is there, and let through once they have left.
//!
//! Each does their part with a token of their own, over HTTP. Next: `handed_on.rs`.

use crate::excepted::call;
use crate::program::Place;
use crate::served::{Served, audited};
use serde_json::{Value, json};
use tenure_testbed::needs;

fn technical_owner(place: &Place) -> Value {
    place.done(&["show", "pg/etl", "--json"]).json()["identity"]["charter"]["technical_owner"].clone()
}

/// Asks for it at the machine; the request as it is shown then.
fn asked(place: &Place, to: &str) -> Value {
    let ask = ["request", "ownership", "pg/etl", "--to", to, "--runbook", "see the wiki"];
    let made = place.done(&[&ask[..], &["--reason", "nobody knows it any more"]].concat());
    assert!(
        made.out.contains(&format!("Asked: pg/etl is to be offered to {to}. Nothing changes")),
        "{made:?}"
    );
    let listed = place.done(&["request", "list", "--json"]).json();
    let handle = listed["items"][0]["handle"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned();
    place.done(&["request", "show", &handle, "--json"]).json()
}

#[test]
fn what_nobody_answers_for_is_asked_for_decided_by_another_and_theirs_once_they_accept() {
    needs!(postgres);
    let Served { postgres: _postgres, place, up: _up, address, token: ravi } = Served::with(&["etl"], "ravi");
    place.done(&["people", "add", "bob", "--role", "operator"]);
    place.done(&["people", "add", "tess", "--role", "owner"]);
    let token = |name: &str| place.done(&["people", "token", name, "--quiet"]).out.trim().to_owned();
    let (bob, tess) = (token("bob"), token("tess"));
    let missing = place.run(&["request", "ownership", "pg/etl", "--runbook", " ", "--reason", "x"]).ended(1);
    assert!(missing.err.contains("it does not say: runbook"), "{missing:?}");
    let one = asked(&place, "ravi");
    let decision = |one: &Value| {
        let path = format!("/api/v1/requests/{}/decision", one["handle"].as_str().unwrap());
        (path, json!({ "answer": "approve", "reason": "agreed", "digest": one["digest"] }))
    };
    let (path, yes) = decision(&one);
    let own = place.run(&["request", "approve", one["handle"].as_str().unwrap(), "--reason", "x"]).ended(1);
    assert!(own.err.contains("whoever asked for it decides no step of it"), "{own:?}");
    let (status, theirs) = call(&address, &ravi, "PUT", &path, &yes);
    assert_eq!(status, 403, "whom it is for decides nothing: {theirs}");
    let (status, decided) = call(&address, &bob, "PUT", &path, &yes);
    assert_eq!((status, &decided["state"]), (200, &json!("fulfilled")), "{decided}");
    assert_eq!(technical_owner(&place), Value::Null, "nothing moved");
    let shown = place.done(&["request", "show", one["handle"].as_str().unwrap()]);
    let handoff = decided["handoff"].as_str().unwrap();
    assert!(shown.out.contains(handoff) && shown.all().contains("tenure handoff show"), "{shown:?}");
    assert!(place.done(&["handoff", "show", handoff]).out.contains("request "), "decided by which request");
    let accepted = |token: &str, handoff: &str| {
        let its = format!("/api/v1/handoffs/{handoff}");
        let (_, now) = call(&address, token, "GET", &its, &Value::Null);
        let accept = json!({ "answer": "accept", "digest": now["digest"] });
        call(&address, token, "PUT", &format!("{its}/answer"), &accept).0
    };
    assert_eq!(accepted(&tess, handoff), 403, "it was offered to somebody else");
    assert_eq!(accepted(&ravi, handoff), 200);
    assert_ne!(technical_owner(&place), Value::Null);
    // Its owner is there: they hand it on, and nobody asks past them.
    let again = ["request", "ownership", "pg/etl", "--to", "tess", "--runbook", "x", "--reason", "x"];
    let refused = place.run(&again).ended(1);
    let can = "ravi is its technical owner and can offer it themselves: tenure handoff offer pg/etl";
    assert!(refused.err.contains(can), "{refused:?}");
    // They leave.
    place.done(&["people", "remove", "ravi", "--yes", "ravi"]);
    // Whoever runs it asks for themselves; it is decided at the machine, by its word.
    let wish = json!({
        "kind": "ownership", "identity": "pg/etl", "runbook": "see the wiki", "reason": "ravi left",
    });
    let (status, made) = call(&address, &tess, "POST", "/api/v1/requests", &wish);
    assert_eq!((status, &made["to_name"]), (201, &json!("tess")), "{made}");
    let handle = made["handle"].as_str().unwrap();
    assert!(place.done(&["inbox"]).out.contains("which nobody answers for, is offered to tess"));
    let approve = ["request", "approve", handle, "--reason", "agreed"];
    let shown = place.run(&approve).ended(4);
    assert!(shown.out.contains("see the wiki") && shown.out.contains("tess, as its technical"), "{shown:?}");
    let (_, word) = shown.err.split_once("--yes ").unwrap_or_else(|| panic!("{shown:?}"));
    let word = word.split_whitespace().next().unwrap();
    let done = place.done(&[&approve[..], &["--yes", word]].concat());
    assert!(
        done.out.contains("Approved, and offered: tess answers for pg/etl once they accept it."),
        "{done:?}"
    );
    let decided = place.done(&["request", "show", handle, "--json"]).json();
    assert_eq!(accepted(&tess, decided["handoff"].as_str().unwrap()), 200);
    audited(
        &place,
        &["request.asked", "request.decided", "request.fulfilled", "handoff.offered", "handoff.accepted"],
    );
}
