//! A programme from zero, on a real PostgreSQL: nobody is there for its controls, that is mended, and what follows begins.
//!
//! The first stage is seen here; the next comes a day later at the earliest, and is told in virtual time by the engine's tests.
//! Whoever trusts nobody reads all of it from the exported log. Next: `programme.rs`.

use crate::kill::wait_for;
use crate::program::Place;
use crate::served::{Served, audited};
use std::{fs, path::Path};
use tenure_testbed::needs;

const CLASSES: &str = "[[class]]\nid = \"reports\"\nmatch = [\"name:reporting\"]\nrequired = [\"purpose\"]\n";
const MAIN: &str = "version = 1\n[thresholds.grace_days]\nlow = 0\nmedium = 0\nhigh = 0\ncritical = 0\n";

/// Who delivers the control that asks for charters, and what follows where one is missing.
fn write_people(programme: &Path, contact: &str, fallback: &str) {
    let partner = |id: &str| {
        format!(
            "[[partner]]\nid = \"{id}\"\nkind = \"team\"\ncontact = \"{contact}\"\nfallback = \"{fallback}\"\n"
        )
    };
    fs::write(programme.join("partners.toml"), partner("security") + &partner("platform")).unwrap();
    let control = format!(
        "[[control]]\nid = \"NHI1:2025\"\nholds = \"what nobody says what for is ended\"\napproves = \"security\"\n\
         implements = \"platform\"\nmonitors = \"security\"\nrevokes = \"platform\"\nescalation = \"{contact}\"\n\
         references = [\"NHI1:2025\"]\nmode = \"enforce\"\n\
         consequences = [{{ stage = \"warn\", after_days = 0 }}, {{ stage = \"disable\", after_days = 1 }}]\n"
    );
    fs::write(programme.join("controls.toml"), control).unwrap();
}

fn apply(place: &Place, directory: &str, reason: &str) {
    let plan = place.done(&["programme", "plan", directory, "--json"]).json();
    let word = plan["foreseen"]["word"].as_str().unwrap_or_else(|| panic!("{plan}")).to_owned();
    place.done(&["programme", "apply", directory, "--reason", reason, "--yes", &word]);
}

/// What is done when a credential is in the wrong hands stands in a playbook, and nobody tried it; until somebody did.
fn drill(place: &Place, me: &str) {
    let untried = place.run(&["programme", "check"]).ended(1).out;
    assert!(untried.contains("playbook `in-the-wrong-hands` was never drilled"), "{untried}");
    let failed = place
        .done(&["programme", "drill", "in-the-wrong-hands", "--failed", "--reason", "nobody found it"])
        .out;
    assert!(failed.contains("did not hold when it was drilled"), "{failed}");
    assert!(place.run(&["programme", "check"]).ended(1).out.contains("did not hold"));
    let held = place
        .done(&["programme", "drill", "in-the-wrong-hands", "--held", "--reason", "dead in 9 minutes"])
        .out;
    assert!(held.contains("in-the-wrong-hands held. That counts until"), "{held}");
    let shown = place.done(&["programme", "playbooks"]).out;
    assert!(shown.contains("1. find whose it is") && shown.contains(&format!("by {me}: held")), "{shown}");
}

#[test]
fn from_no_programme_to_one_whose_check_passes_and_from_which_something_follows() {
    needs!(postgres);
    let Served { postgres: _postgres, place, up, .. } = Served::with(&["reporting", "etl"], "ravi");
    let programme = place.path("programme");
    let directory = programme.to_str().unwrap();
    place.done(&["programme", "init", directory]);
    let offline = place.done(&["programme", "check", directory]).out;
    assert!(offline.contains("not ready") && offline.contains("nobody revokes"), "{offline}");
    fs::write(programme.join("programme.toml"), MAIN).unwrap();
    fs::write(programme.join("classes.toml"), CLASSES).unwrap();
    let playbooks = fs::read_to_string(programme.join("playbooks.toml")).unwrap();
    let one = playbooks.replace("\"NHI1:2025\", \"NHI7:2025\"", "\"NHI1:2025\"");
    fs::write(programme.join("playbooks.toml"), one).unwrap();
    let people = place.done(&["people", "list", "--json"]).json();
    let me = people["items"].as_array().unwrap().iter().find(|one| one["role"] == "administrator").unwrap();
    let me = me["name"].as_str().unwrap().to_owned();
    write_people(&programme, &me, "nell");
    let replayed = place.done(&["programme", "replay", directory]).out;
    assert!(replayed.contains("charter_incomplete") && replayed.contains("pg/reporting"), "{replayed}");
    apply(&place, directory, "who delivers what");
    // Nobody said that they are reached, and one of them is not there: it is said, and gates what would follow.
    let refused = place.run(&["programme", "check"]).ended(1).out;
    for said in ["`nell`, fallback of `platform`, is nobody", "never said that messages reach them"] {
        assert!(refused.contains(said), "{said}: {refused}");
    }
    place.done(&["people", "add", "nell", "--role", "operator"]);
    assert!(place.run(&["programme", "check"]).ended(1).out.contains("never said that messages reach them"));
    place.done(&["programme", "acknowledge"]);
    drill(&place, &me);
    assert!(place.done(&["programme", "check"]).out.contains("NHI1:2025  ready"));
    wait_for("it to lapse", || {
        place.done(&["show", "pg/reporting", "--json"]).json()["identity"]["standing"] == "lapsed"
    });
    // What follows is looked at when Tenure begins, and every ten minutes.
    up.stop();
    let mut up = place.begin(&["up", "--listen", "none", "--json"]);
    up.until("\n}\n");
    wait_for("somebody to be warned", || {
        let said = place.done(&["programme", "consequences"]).out;
        said.contains("pg/reporting") && said.contains("warned") && !said.contains("pg/etl")
    });
    let who = place.done(&["who", "pg/reporting"]).out;
    assert!(who.contains("which revokes for NHI1:2025"), "{who}");
    // Mended by whoever answers for it, nothing follows any more.
    place.done(&["own", "pg/reporting", "--technical-owner", "ravi", "--purpose", "the weekly numbers"]);
    wait_for("it to be over", || {
        let standing = place.done(&["show", "pg/reporting", "--json"]).json()["identity"]["standing"].clone();
        standing == "sound" || standing == "due"
    });
    audited(
        &place,
        &[
            "programme.applied",
            "contact.acknowledged",
            "playbook.drilled",
            "consequence.warned",
            "identity.owned",
        ],
    );
    up.stop();
}
