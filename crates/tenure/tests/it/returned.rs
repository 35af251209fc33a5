//! Against a private PostgreSQL: a role that was proved dead and is made again with its stored verifier.
//!
//! Skips loudly without a server. Must never look inside Tenure: only what a person is shown. Next: `live.rs`.

use crate::live::{login, started, surveyed};
use tenure_testbed::{needs, quote_identifier, quote_literal};

#[test]
fn a_role_made_again_with_the_verifier_that_was_revoked_is_found_and_another_is_not() {
    needs!(postgres);
    let postgres = started();
    login(&postgres, "reporting");
    let kept =
        postgres.sql("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'reporting'").unwrap();
    assert!(kept.starts_with("SCRAM-SHA-256$"), "{kept}");
    let place = surveyed(&postgres);
    let old = place.done(&["show", "pg/reporting", "--json"]).json()["identity"]["handle"].clone();
    let proved = place.done(&["revoke", "pg/reporting", "--reason", "left", "--yes", "reporting"]);
    assert!(proved.out.contains("P4 proved in "), "{proved:?}");
    place.done(&["survey"]);
    place.done(&["findings", "--fail-at", "high"]);

    // As a logical dump does it: the name, and the verifier as it was stored.
    let again = |name: &str, verifier: &str| {
        let (name, verifier) = (quote_identifier(name), quote_literal(verifier));
        let make = format!("CREATE ROLE {name} LOGIN; ALTER ROLE {name} PASSWORD {verifier}");
        postgres.sql("postgres", &make).unwrap();
    };
    login(&postgres, "unrelated");
    place.done(&["survey"]);
    place.done(&["findings", "--fail-at", "high"]);
    again("reporting", kept.trim());
    assert!(postgres.sql_as("reporting", "secret-of-a-role", "postgres", "SELECT 1").is_ok());
    place.done(&["survey"]);
    let critical = place.run(&["findings", "--fail-at", "critical"]).ended(3);
    assert!(critical.out.contains("pg/reporting"), "{critical:?}");
    let found = place.run(&["findings", "--fail-at", "critical", "--json"]).ended(3).json();
    let mut policies: Vec<&str> =
        found["items"].as_array().unwrap().iter().map(|row| row["policy"].as_str().unwrap()).collect();
    policies.retain(|policy| policy.starts_with("returned"));
    assert_eq!(policies, ["returned_value", "returned_name"], "{found:#}");
    let explained = place.done(&["explain", "pg/reporting"]);
    assert!(explained.out.contains("value_ended_before"), "{explained:?}");
    let page = place.done(&["show", old.as_str().unwrap()]);
    let words = page.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("seen again since, as pg/reporting"), "{page:?}");
}
