//! A policy of an organisation's own, on a real PostgreSQL: refused while its examples disagree, looked at, applied, found,
//! exported, and taken out again.
//!
//! Nothing of it is in force that was not shown. Next: `programme.rs`.

use crate::kill::wait_for;
use crate::program::Place;
use crate::served::Served;
use serde_json::Value;
use std::{fs, path::Path};
use tenure_testbed::needs;

const POLICY: &str = r#"// Who may make accounts is let in by certificate here.
@id("own_maker_with_password")
@kind("hygiene")
@control("NHI4:2025")
@owasp("NHI4:2025 Insecure Authentication")
@severity("high")
@environments("production")
@reason("{subject} may make other accounts, and lets in whoever knows its password")
@remedy("give it a certificate (pg_hba: `cert`), then take its password away: ALTER ROLE … PASSWORD NULL")
forbid (principal is Principal, action == Action::"remain", resource)
when { principal.present && principal.administrator && principal.live_password };
"#;

const EXAMPLES: &str = r#"[[example]]
says = "makes accounts, with a password"
fails = true
environment = "production"
[[example.principals]]
facts = { login = true, create_principals = true }
credentials = [{ kind = "password" }]

[[example]]
says = "a superuser with a password"
fails = true
environment = "production"
[[example.principals]]
facts = { login = true, superuser = true }
credentials = [{ kind = "password" }]

[[example]]
says = "the same of a test database"
fails = false
environment = "test"
[[example.principals]]
facts = { login = true, superuser = true }
credentials = [{ kind = "password" }]

[[example]]
says = "an application"
fails = false
environment = "production"
[[example.principals]]
facts = { login = true }
credentials = [{ kind = "password" }]
"#;

/// Applies it as it is shown; what was shown.
fn applied(place: &Place, directory: &str) -> Value {
    let plan = place.done(&["programme", "plan", directory, "--json"]).json();
    let word = plan["foreseen"]["word"].as_str().unwrap_or_else(|| panic!("{plan}")).to_owned();
    let apply = ["programme", "apply", directory, "--reason", "ours", "--yes", &word];
    place.done(&apply);
    plan
}

fn found(place: &Place) -> Vec<String> {
    let listed = place.done(&["findings", "--all", "--json"]).json();
    let items = listed["items"].as_array().unwrap_or_else(|| panic!("{listed}")).iter();
    let own = items.filter(|one| one["policy"] == "own_maker_with_password");
    own.map(|one| one["identity_name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_policy_of_ones_own_is_tried_on_its_examples_applied_found_and_taken_out() {
    needs!(postgres);
    let Served { postgres, place, up: _up, .. } = Served::with(&["maker", "reporting"], "ravi");
    postgres.sql("postgres", "ALTER ROLE maker CREATEROLE PASSWORD 'Made0nlyForThisTest'").unwrap();
    postgres.sql("postgres", "ALTER ROLE reporting PASSWORD 'Made0nlyForThisTest2'").unwrap();
    place.done(&["survey", "pg"]);
    for name in ["pg/maker", "pg/reporting"] {
        place.done(&["own", name, "--environment", "production"]);
    }
    let facts = place.done(&["programme", "facts", "principal"]).out;
    assert!(facts.contains("administrator") && facts.contains("live_password"), "{facts}");
    let programme = place.path("programme");
    let policies = programme.join("policies");
    fs::create_dir_all(&policies).unwrap();
    fs::write(programme.join("programme.toml"), "version = 1\n").unwrap();
    let (cedar, examples) = (
        policies.join("own_maker_with_password.cedar"),
        policies.join("own_maker_with_password.examples.toml"),
    );
    fs::write(&cedar, POLICY).unwrap();
    let directory = programme.to_str().unwrap();
    let check = || place.run(&["programme", "check", directory]).ended(1).all();
    assert!(check().contains(
        "policies/own_maker_with_password.cedar: there is no own_maker_with_password.examples.toml"
    ));
    fs::write(&examples, EXAMPLES.replace("environment = \"test\"", "environment = \"production\"")).unwrap();
    let said = check();
    assert!(said.contains("example 3 (the same of a test database) is not to fail, and does"), "{said}");
    let refused = place.run(&["programme", "plan", directory]).ended(1);
    assert!(refused.err.contains("is not to fail, and does"), "{refused:?}");
    fs::write(&examples, EXAMPLES).unwrap();
    place.done(&["programme", "check", directory]);
    let plan = applied(&place, directory);
    assert!(plan.to_string().contains("own_maker_with_password"), "what it would find is shown: {plan}");
    wait_for("it to be judged", || found(&place) == ["pg/maker"]);
    let shown = place.done(&["show", "pg/maker"]).out;
    assert!(shown.contains("may make other accounts, and lets in whoever knows its password"), "{shown}");
    assert!(
        place.done(&["programme", "show"]).out.contains("Policies of your own: own_maker_with_password.")
    );
    taken_out_again(&place, &programme);
}

/// Exported as it was applied, and once it is left out what it found is over.
fn taken_out_again(place: &Place, programme: &Path) {
    let out = place.path("out");
    place.done(&["programme", "export", out.to_str().unwrap()]);
    let exported = fs::read_to_string(out.join("policies/own_maker_with_password.cedar")).unwrap();
    assert_eq!(exported, POLICY);
    let same = place.done(&["programme", "diff", out.to_str().unwrap()]).out;
    assert!(same.contains("says what the programme in force says"), "{same}");
    fs::remove_dir_all(programme.join("policies")).unwrap();
    let differs = place.done(&["programme", "diff", programme.to_str().unwrap()]).out;
    assert!(differs.contains("policies/own_maker_with_password.cedar: 11 lines"), "{differs}");
    applied(place, programme.to_str().unwrap());
    wait_for("it to be judged without", || found(place).is_empty());
}
