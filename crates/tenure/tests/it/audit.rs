//! An auditor on another machine, who trusts nobody: what people decided on a real PostgreSQL is read from one file, with one key
//! that was pinned before, and whatever was changed in that file is found.
//!
//! There is no deployment where the auditor is. Next: docs/evidence.md; `witnessed.rs`, where a deployment shows two faces.

use crate::excepted::{ahead, call};
use crate::kill::wait_for;
use crate::program::Place;
use crate::served::Served;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};
use tenure_testbed::needs;

/// What a programme needs for the rest of the story.
fn programme(place: &Place) {
    let directory = place.path("programme");
    let shown = directory.to_str().unwrap();
    place.done(&["programme", "init", shown]);
    let plan = place.done(&["programme", "plan", shown, "--json"]).json();
    let word = plan["foreseen"]["word"].as_str().unwrap().to_owned();
    place.done(&["programme", "apply", shown, "--reason", "first operating model", "--yes", &word]);
}

/// Whoever answers for `pg/etl` lets it fail until a day; somebody else grants that.
fn excepted(served: &Served) {
    let place = &served.place;
    place.done(&["own", "pg/etl", "--owner", "ravi", "--expires", &ahead(1)]);
    let finding = || {
        let shown = place.done(&["show", "pg/etl", "--json"]).json();
        let all = shown["findings"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["policy"] == "charter_ended")
    };
    wait_for("its charter has ended", || finding().is_some());
    let path = format!("/api/v1/findings/{}/exceptions", finding().unwrap()["id"].as_str().unwrap());
    let wish =
        json!({ "reason": "the vendor needs a week", "compensation": "one host", "until": ahead(86_400) });
    let (status, made) = call(&served.address, &served.token, "POST", &path, &wish);
    assert_eq!(status, 201, "{made}");
    let (handle, word) = (made["handle"].as_str().unwrap(), &made["digest"].as_str().unwrap()[..12]);
    place.done(&["exception", "grant", handle, "--reason", "as discussed", "--yes", word]);
}

/// Whoever answers for `pg/kept` says in a review that it stays.
fn reviewed(served: &Served) {
    let place = &served.place;
    place.done(&["own", "pg/kept", "--owner", "ravi", "--purpose", "the nightly report"]);
    place.done(&["review", "start", "--rule", "name:kept", "--reason", "yearly"]);
    let (_, mine) = call(&served.address, &served.token, "GET", "/api/v1/review-items", &json!({}));
    let path = format!("/api/v1/review-items/{}", mine["items"][0]["handle"].as_str().unwrap());
    let (_, seen) = call(&served.address, &served.token, "GET", &path, &json!({}));
    let wish = json!({ "answer": "keep", "reason": "as agreed on Monday", "digest": seen["digest"] });
    let (status, kept) = call(&served.address, &served.token, "PUT", &format!("{path}/decision"), &wish);
    assert_eq!(status, 200, "{kept}");
    wait_for("it closes", || place.done(&["review", "list", "over"]).out.contains("1/1"));
}

/// Kinds of entries, and how many there are of each.
fn kinds(verified: &Value) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for one in verified["entries"].as_array().unwrap_or_else(|| panic!("{verified}")) {
        *kinds.entry(one["kind"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    kinds
}

#[test]
fn an_auditor_elsewhere_reads_every_decision_from_one_file_and_finds_whatever_was_changed_in_it() {
    needs!(postgres);
    let served = Served::with(&["reporting", "etl", "kept"], "ravi");
    let place = &served.place;
    let pinned =
        place.done(&["evidence", "checkpoint", "--json"]).json()["keys"][0].as_str().unwrap().to_owned();
    programme(place);
    excepted(&served);
    reviewed(&served);
    place.done(&["revoke", "pg/reporting", "--reason", "the board has another report", "--yes", "reporting"]);
    wait_for("its death is proved", || {
        place.done(&["show", "pg/reporting", "--json"]).json()["identity"]["standing"] == "retired"
    });
    place.done(&["evidence", "export", "all.tenure"]);
    let export = fs::read(place.path("all.tenure")).unwrap();

    let elsewhere = Place::new();
    fs::write(elsewhere.path("all.tenure"), &export).unwrap();
    let verify =
        |file: &str, key: &str| elsewhere.run(&["evidence", "verify", file, "--log-key", key, "--json"]);
    let verified = verify("all.tenure", &pinned).ended(0).json();
    let kinds = kinds(&verified);
    for kind in [
        "programme.applied",
        "person.added",
        "identity.owned",
        "exception.requested",
        "exception.granted",
        "review.started",
        "review.decided",
        "review.closed",
        "plan.proposed",
        "plan.approved",
        "plan.settled",
    ] {
        assert!(kinds.contains_key(kind), "{kind}: {kinds:?}");
    }
    // Twins: another key, a file that is cut short, and one byte that is another, wherever it is.
    let other = Served::with(&[], "ravi");
    let foreign = other.place.done(&["evidence", "checkpoint", "--json"]).json()["keys"][0]
        .as_str()
        .unwrap()
        .to_owned();
    verify("all.tenure", &foreign).ended(1);
    fs::write(elsewhere.path("cut.tenure"), &export[..export.len() - 100]).unwrap();
    verify("cut.tenure", &pinned).ended(1);
    for at in (0..12).map(|part| export.len() * part / 12 + 7) {
        let mut changed = export.clone();
        changed[at] ^= 1;
        fs::write(elsewhere.path("changed.tenure"), &changed).unwrap();
        let refused = verify("changed.tenure", &pinned);
        assert_ne!(refused.code, 0, "byte {at}: {refused:?}");
    }
    assert!(!elsewhere.data.exists(), "there is no deployment where the auditor is");
}
