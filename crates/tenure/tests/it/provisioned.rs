//! A running server as an independent SCIM client finds it; and a list of people, as CSV.
//!
//! What the tester does not look at (tokens, holds, hostile input) is tested in `tenure-server`, `scim.rs`. Next: docs/people.md.

use crate::program::Place;
use std::net::TcpListener;
use tenure_testbed::{needs, test_scim};

/// Checks that the tester of this version makes, at least: fewer means that it stopped looking.
const CHECKS_MIN: usize = 70;

#[test]
fn every_check_of_an_independent_scim_tester_succeeds() {
    needs!(scim);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", &format!("127.0.0.1:{port}"), "--json"]);
    up.until("\n}\n");
    let token = place.done(&["people", "scim-token", "--days", "1", "--quiet"]).out;
    let url = format!("http://127.0.0.1:{port}/scim/v2");
    let verdict = test_scim(&url, token.trim()).unwrap();
    assert!(verdict.is_success() && verdict.succeeded >= CHECKS_MIN, "{verdict:#?}");
    // The twin: with a token that opens nothing here the same checks fail.
    let person = place.done(&["people", "list", "--quiet"]).out;
    let other = place.done(&["people", "token", person.trim(), "--days", "1", "--quiet"]).out;
    let refused = test_scim(&url, other.trim()).unwrap();
    assert!(!refused.is_success(), "{refused:#?}");
    let said = up.stop().ended(0).all();
    assert!(!said.contains(token.trim()), "{said}");
}

#[test]
fn a_list_of_people_is_shown_before_it_happens_and_happens_by_its_word() {
    let place = Place::new();
    place.done(&["init"]);
    let list = place.open_file("people.csv", "name,email,teams\nada,ada@example.com,platform\n=1+1,,\n");
    let list = list.to_str().unwrap();
    let shown = place.done(&["people", "import", list, "--preview"]).all();
    assert!(shown.contains("2 joins: ada, =1+1") && shown.contains("new team platform: 1 more"), "{shown}");
    let undecided = place.run(&["people", "import", list]).ended(4).all();
    assert!(undecided.contains("nothing was changed"), "{undecided}");
    let word = place.done(&["people", "import", list, "--preview", "--json"]).json()["word"].clone();
    let word = word.as_str().unwrap();
    assert!(undecided.contains(&format!("--yes {word}")), "{undecided}");
    let other = place.run(&["people", "import", list, "--yes", "0000000000000000"]).ended(1).all();
    assert!(other.contains("look at it again"), "{other}");
    let done = place.done(&["people", "import", list, "--yes", word]).all();
    assert!(done.contains("2 joined, 0 changed, 0 came back, 0 left."), "{done}");
    let again = place.done(&["people", "import", list]).all();
    assert!(again.contains("Nothing changes: 2 people as the list says."), "{again}");
    let mistyped = place.open_file("mistyped.csv", "name,emial\nada,\n");
    let refused = place.run(&["people", "import", mistyped.to_str().unwrap(), "--preview"]).ended(1).all();
    assert!(refused.contains("line 1: there is no column `emial`; did you mean `email`?"), "{refused}");
}
