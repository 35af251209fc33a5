//! A running server as an independent SCIM client finds it.
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
