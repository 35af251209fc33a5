//! An identity handed on, on a real PostgreSQL: offered at the machine, accepted over HTTP, handed back, accepted by its word.
//!
//! Whoever receives over HTTP does so with a token of their own. Next: `requested.rs`.

use crate::excepted::call;
use crate::program::Place;
use crate::served::Served;
use serde_json::{Value, json};

const WISH: [&str; 6] =
    ["--stage", "in_use", "--runbook", "https://wiki.example/reporting", "--reason", "asha goes"];

fn handle(place: &Place) -> String {
    let listed = place.done(&["handoff", "list", "--json"]).json();
    listed["items"][0]["handle"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned()
}

fn technical_owner(place: &Place) -> Value {
    place.done(&["show", "pg/reporting", "--json"]).json()["identity"]["charter"]["technical_owner"].clone()
}

#[test]
fn an_identity_is_handed_on_and_back_and_stays_until_it_is_accepted() {
    let Served { postgres: _postgres, place, up: _up, address, token } = Served::with(&["reporting"], "ravi");
    let people = place.done(&["people", "list", "--json"]).json();
    let person = |role: &str| {
        let items = people["items"].as_array().unwrap();
        items.iter().find(|one| one["role"] == role).unwrap_or_else(|| panic!("{people}")).clone()
    };
    let (me, ravi) = (person("administrator"), person("owner"));
    // Nobody owns it: whoever operates offers it. By a rule it is shown first, with its word.
    let by_rule = [&["handoff", "offer", "--rule", "name:reporting", "--to", "ravi"], &WISH[..]].concat();
    let shown = place.run(&by_rule).ended(4);
    assert!(shown.out.contains("would be offered"), "{shown:?}");
    let (_, word) = shown.err.split_once("--yes ").unwrap_or_else(|| panic!("{shown:?}"));
    let word = word.split_whitespace().next().unwrap();
    let made = place.done(&[&by_rule[..], &["--yes", word]].concat());
    assert!(made.out.contains("Offered 1 identity to ravi."), "{made:?}");
    assert_eq!(technical_owner(&place), Value::Null, "nothing moved");
    assert!(
        place
            .done(&["show", "pg/reporting"])
            .out
            .contains("Offered to ravi as technical owner, until ravi accepts")
    );
    let its = format!("/api/v1/handoffs/{}", handle(&place));
    let (_, one) = call(&address, &token, "GET", &its, &Value::Null);
    let accept = |digest: &Value| json!({ "answer": "accept", "digest": digest });
    let (status, _) = call(&address, &token, "PUT", &format!("{its}/answer"), &accept(&json!("0f0f")));
    assert_eq!(status, 409);
    let (status, one) = call(&address, &token, "PUT", &format!("{its}/answer"), &accept(&one["digest"]));
    assert_eq!((status, &one["state"]), (200, &json!("accepted")), "{one}");
    assert_eq!(technical_owner(&place), ravi["id"]);
    // And back: at the machine nobody but ravi offers it, and it is accepted by its word.
    let offer = [
        &["handoff", "offer", "pg/reporting", "--to", me["name"].as_str().unwrap(), "--role", "technical"],
        &WISH[..],
    ]
    .concat();
    let refused = place.run(&offer).ended(1);
    assert!(refused.err.contains("ravi is its technical owner and hands that on"), "{refused:?}");
    let wish = json!({
        "identity": "pg/reporting", "to": me["name"], "role": "technical", "stage": "changing",
        "runbook": "turn it off and on", "reason": "not the data team\u{2019}s",
    });
    let (status, made) = call(&address, &token, "POST", "/api/v1/handoffs", &wish);
    assert_eq!(status, 201, "{made}");
    let who = place.done(&["who", "pg/reporting"]);
    assert!(who.out.contains("until"), "{who:?}");
    assert!(place.done(&["inbox"]).out.contains("offers you to be its technical owner"));
    let handle = handle(&place);
    let shown = place.run(&["handoff", "accept", &handle]).ended(4);
    assert!(shown.out.contains("turn it off and on") && shown.out.contains("ravi"), "{shown:?}");
    let (_, word) = shown.err.split_once("--yes ").unwrap_or_else(|| panic!("{shown:?}"));
    let word = word.split_whitespace().next().unwrap();
    assert!(
        place.run(&["handoff", "accept", &handle, "--yes", "0f0f"]).ended(1).err.contains("another word")
    );
    assert!(
        place
            .done(&["handoff", "accept", &handle, "--yes", word])
            .out
            .contains("Accepted: you are technical owner")
    );
    assert_eq!(technical_owner(&place), me["id"]);
    let decline = ["handoff", "decline", &handle, "--reason", "no"];
    assert!(place.run(&decline).ended(1).err.contains("does not wait any more; it is accepted"));
    assert!(place.done(&["handoff", "list", "over"]).out.contains("accepted"));
}
