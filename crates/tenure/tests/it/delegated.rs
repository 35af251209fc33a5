//! Somebody decides in another's place, on a real PostgreSQL: offered at the machine, accepted over HTTP, a plan begun by it.
//!
//! What the delegate may not do is refused with a twin that is let through; ended, they see the plan no more. Next:
//! `handed_on.rs`.

use crate::excepted::{ahead, call};
use crate::kill::wait_for;
use crate::served::Served;
use serde_json::{Value, json};
use std::fs;
use tenure_testbed::needs;

#[test]
fn a_plan_is_decided_in_the_place_of_an_owner_and_of_nobody_else() {
    needs!(postgres);
    let Served { postgres: _postgres, place, up: _up, address, token: ravi } =
        Served::with(&["reporting", "etl"], "ravi");
    place.done(&["people", "add", "tess", "--role", "owner"]);
    place.done(&["own", "pg/reporting", "--technical-owner", "ravi"]);
    let tess = place.done(&["people", "token", "tess", "--quiet"]).out.trim().to_owned();
    let programme = place.path("programme");
    fs::create_dir(&programme).unwrap();
    let rules = "version = 1\n[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"owner\"]\n";
    fs::write(programme.join("programme.toml"), rules).unwrap();
    let programme = programme.to_str().unwrap();
    let foreseen = place.done(&["programme", "plan", programme, "--json"]).json();
    let word = foreseen["foreseen"]["word"].as_str().unwrap();
    place.done(&["programme", "apply", programme, "--reason", "two decide", "--yes", word]);
    let at = |path: &str| format!("/api/v1/{path}");
    let request = json!({ "kind": "disable", "identity": "pg/reporting", "reason": "contract ended" });
    let drafted =
        place.run(&["disable", "pg/reporting", "--reason", "contract ended", "--yes", "reporting"]).ended(1);
    assert!(drafted.err.contains("step 1 is decided by an owner of the identity"), "{drafted:?}");
    let plans = place.done(&["plans", "--json"]).json();
    let plan = plans["items"][0]["handle"].as_str().unwrap_or_else(|| panic!("{plans}")).to_owned();
    let (status, _) = call(&address, &tess, "GET", &at(&format!("plans/{plan}")), &Value::Null);
    assert_eq!(status, 403, "it is not theirs");
    // Ravi lets tess decide plans for two days; it counts once she accepts.
    let until = ahead(48 * 3_600);
    let wish = json!({ "to": "tess", "ends": until, "kinds": ["plan"], "reason": "on leave" });
    let (status, offered) = call(&address, &ravi, "POST", &at("delegations"), &wish);
    assert_eq!(status, 201, "{offered}");
    let its = format!("delegations/{}", offered["handle"].as_str().unwrap());
    let accept = json!({ "answer": "accept" });
    let (status, accepted) = call(&address, &tess, "PUT", &at(&format!("{its}/answer")), &accept);
    assert_eq!((status, &accepted["counts"]), (200, &json!(true)), "{accepted}");
    let listed = place.done(&["delegation", "list"]);
    assert!(listed.out.contains("tess") && listed.out.contains("counts"), "{listed:?}");
    let (status, shown) = call(&address, &tess, "GET", &at(&format!("plans/{plan}")), &Value::Null);
    assert_eq!(
        (status, &shown["decisions"][0]["people"]),
        (200, &json!(["ravi", "tess (for ravi)"])),
        "{shown}"
    );
    // To plan herself is not passed on, nor is what ravi does not own.
    assert_eq!(call(&address, &tess, "POST", &at("plans"), &request).0, 403);
    let apply = json!({ "digest": shown["plan"]["digest"] });
    let (status, begun) = call(&address, &tess, "POST", &at(&format!("plans/{plan}/apply")), &apply);
    assert_eq!(status, 202, "{begun}");
    wait_for("the plan to be proved", || {
        let (_, shown) = call(&address, &ravi, "GET", &at(&format!("plans/{plan}")), &Value::Null);
        shown["plan"]["state"] == json!("proved")
    });
    let shown = place.done(&["delegation", "show", offered["handle"].as_str().unwrap()]);
    assert!(shown.out.contains(&format!("plan {plan}")), "{shown:?}");
    let ended =
        place.done(&["delegation", "end", offered["handle"].as_str().unwrap(), "--reason", "back earlier"]);
    assert!(ended.out.contains("Ended: tess does not decide for ravi any more."), "{ended:?}");
    assert_eq!(call(&address, &tess, "GET", &at(&format!("plans/{plan}")), &Value::Null).0, 403);
}

#[test]
fn what_is_offered_at_the_machine_says_what_to_do_next() {
    needs!(postgres);
    let Served { postgres: _postgres, place, up: _up, address, token: ravi } =
        Served::with(&["reporting"], "ravi");
    let none = place.done(&["delegation", "list"]);
    assert!(none.out.contains("Nobody decides in another's place"), "{none:?}");
    let until = ahead(72 * 3_600);
    let day = &until[..10];
    let offer = ["delegation", "offer", "--to", "ravi", "--until", day, "--reason", "on leave"];
    let offered = place.done(&offer);
    assert!(
        offered.out.contains("Offered: once ravi accepts, ravi decides plans, requests, exceptions, reviews"),
        "{offered:?}"
    );
    let again = place.run(&offer).ended(1);
    assert!(again.err.contains("lies over that time already; withdraw it first"), "{again:?}");
    let long = place
        .run(&["delegation", "offer", "--to", "ravi", "--until", "2099-01-01", "--reason", "x"])
        .ended(1);
    assert!(long.err.contains("it may last 31 days at most"), "{long:?}");
    let handle = place.done(&["delegation", "list", "--json"]).json()["items"][0]["handle"]
        .as_str()
        .unwrap()
        .to_owned();
    let mine = place.run(&["delegation", "accept", &handle]).ended(1);
    assert!(
        mine.err.contains("it was offered to somebody else, who alone accepts or declines it"),
        "{mine:?}"
    );
    let no = json!({ "answer": "decline", "reason": "away too" });
    let (status, _) = call(&address, &ravi, "PUT", &format!("/api/v1/delegations/{handle}/answer"), &no);
    assert_eq!(status, 200);
    let over = place.done(&["delegation", "list", "over"]);
    assert!(over.out.contains("declined"), "{over:?}");
    assert!(place.done(&["delegation", "show", &handle]).out.contains("declined: away too"));
}
