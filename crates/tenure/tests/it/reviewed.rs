//! A review on a real PostgreSQL: one identity is kept, one retired and proved dead, one missed and passed on; it closes only
//! after the proof, and an auditor reads all of it offline.
//!
//! Whoever answers for them decides over HTTP with a token of their own; whoever operates sits at the machine. The end is
//! seconds away and is waited for by asking. Next: `requested.rs`.

use crate::excepted::{ahead, call};
use crate::kill::wait_for;
use crate::program::Place;
use crate::served::{Served, audited};
use serde_json::{Value, json};
use tenure_testbed::needs;

/// Three identities for which `ravi` answers.
fn set() -> Served {
    let served = Served::with(&["kept", "ended", "missed"], "ravi");
    for name in ["kept", "ended", "missed"] {
        served.place.done(&["own", &format!("pg/{name}"), "--owner", "ravi", "--purpose", "nightly report"]);
    }
    served
}

fn item(place: &Place, review: &str, name: &str) -> Value {
    let shown = place.done(&["review", "show", review, "--json"]).json();
    let items = shown["listed"]["items"].as_array().unwrap().clone();
    items.into_iter().find(|one| one["identity_name"] == format!("pg/{name}")).unwrap()
}

fn state(place: &Place, review: &str) -> Value {
    place.done(&["review", "show", review, "--json"]).json()["state"].clone()
}

/// Decides over HTTP, as it is shown now.
fn decide(served: &Served, item: &Value, answer: &str) -> (u16, Value) {
    let path = format!("/api/v1/review-items/{}", item["handle"].as_str().unwrap());
    let (status, seen) = call(&served.address, &served.token, "GET", &path, &json!({}));
    assert_eq!(status, 200, "{seen}");
    let wish = json!({ "answer": answer, "reason": "as was agreed on Monday", "digest": seen["digest"] });
    call(&served.address, &served.token, "PUT", &format!("{path}/decision"), &wish)
}

#[test]
fn a_review_closes_only_once_what_was_decided_is_proved_on_a_real_database() {
    needs!(postgres);
    let served = set();
    let place = &served.place;
    let start = ["review", "start", "--rule", "source:pg", "--reason", "yearly"];
    let preview = place.done(&[&start[..], &["--preview"]].concat());
    assert!(
        preview.out.contains("It would have 3 identities") && preview.out.contains("ravi"),
        "{preview:?}"
    );
    let begun = place.done(&[&start[..], &["--until", &ahead(20), "--json"]].concat()).json();
    let review = begun["handle"].as_str().unwrap();
    let again = place.run(&start).ended(1);
    assert!(again.err.contains("wait in another review already"), "{again:?}");
    let (status, kept) = decide(&served, &item(place, review, "kept"), "keep");
    assert_eq!((status, &kept["item"]["item"]["state"]), (200, &json!("done")), "{kept}");
    let (status, ended) = decide(&served, &item(place, review, "ended"), "retire");
    assert_eq!(status, 200, "{ended}");
    let plan = ended["plan"].as_str().unwrap_or_else(|| panic!("{ended}")).to_owned();
    // The machine's account operates, and it is not its turn.
    let missed = item(place, review, "missed");
    let missed = missed["handle"].as_str().unwrap();
    let word = |place: &Place| {
        let shown = place.run(&["review", "decide", missed, "keep", "--reason", "it is used daily"]).ended(4);
        shown.err.split_once("--yes ").unwrap().1.split_whitespace().next().unwrap().to_owned()
    };
    let keep = ["review", "decide", missed, "keep", "--reason", "it is used daily", "--yes"];
    let early = place.run(&[&keep[..], &[&word(place)]].concat()).ended(1);
    assert!(early.err.contains("it is the turn of its business owner"), "{early:?}");
    wait_for("it is missed and passes on", || item(place, review, "missed")["stage"] == 1);
    let shown = place.done(&["review", "item", missed]);
    assert!(shown.out.contains("an operator") && shown.out.contains("; missed "), "{shown:?}");
    place.done(&[&keep[..], &[&word(place)]].concat());
    // Everything is decided, and it is open: what is to be retired lives.
    assert_eq!(state(place, review), "open");
    assert_eq!(item(place, review, "ended")["state"], "decided");
    place.done(&["apply", &plan, "--yes", "ended"]);
    wait_for("it closes", || state(place, review) == "closed");
    let done = item(place, review, "ended");
    assert_eq!((&done["state"], &done["outcome"]), (&json!("done"), &json!("its death is proved")));
    let over = place.done(&["review", "list", "over"]);
    assert!(over.out.contains("3/3") && over.out.contains("3 done"), "{over:?}");
    audited(
        place,
        &["review.started", "review.decided", "review.missed", "review.executed", "review.closed"],
    );
}
