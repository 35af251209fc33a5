//! A programme on the command line: drafted, checked, looked at, applied as it was shown, taken out again.
//!
//! Nothing is in force that was not agreed to by the word that was shown. Must never depend on this machine's own identities.

use crate::program::Place;
use serde_json::Value;
use std::{fs, path::PathBuf};

/// A deployment that read a small machine, and where a programme may be written.
fn read_machine() -> (Place, PathBuf) {
    let place = Place::new();
    let root = place.folder.path().join("machine");
    fs::create_dir_all(root.join("etc/systemd/system")).unwrap();
    fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/srv/ada:/bin/bash\n")
        .unwrap();
    for name in ["shop", "mail"] {
        let unit = format!("[Service]\nUser=ada\nExecStart=/usr/bin/{name}\n");
        fs::write(root.join(format!("etc/systemd/system/{name}.service")), unit).unwrap();
    }
    place.done(&["init"]);
    place.done(&["source", "add", "image", &format!("host://{}", root.display())]);
    place.done(&["survey", "image"]);
    let programme = place.folder.path().join("programme");
    (place, programme)
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

const SERVICES: &str =
    "[[class]]\nid = \"services\"\nmatch = [\"kind:workload\"]\nrequired = [\"purpose\"]\n";

#[test]
fn a_programme_is_drafted_checked_looked_at_applied_and_taken_out_again() {
    let (place, programme) = read_machine();
    let directory = text(&programme);
    assert!(place.done(&["programme", "show"]).out.contains("the defaults are in force"));
    place.done(&["programme", "init", directory, "--from", "regulated"]);
    let twice = place.run(&["programme", "init", directory]);
    assert!(twice.code == 2 && twice.err.contains("is not empty"), "{}", twice.err);
    place.done(&["programme", "check", directory]);
    fs::write(programme.join("programme.toml"), "version = 1\n").unwrap();
    fs::write(programme.join("classes.toml"), SERVICES).unwrap();
    fs::write(programme.join("README.md"), "why we decided so\n").unwrap();
    let differs = place.done(&["programme", "diff", directory]).out;
    assert!(differs.contains("class.services.required: (not set) → purpose"), "{differs}");

    let plan = place.done(&["programme", "plan", directory, "--json"]).json();
    let foreseen = &plan["foreseen"];
    assert_eq!((&foreseen["changed"], &foreseen["worse"]), (&Value::from(2), &Value::from(2)), "{plan}");
    let said = place.done(&["programme", "plan", directory]);
    let word = foreseen["word"].as_str().unwrap();
    for part in ["? unclaimed → ◔ due", "2 identities", "charter_incomplete", "image/shop.service", word]
    {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let asked = place.run(&["programme", "apply", directory, "--reason", "first"]);
    assert!(asked.code == 4 && asked.err.contains("there is no terminal"), "{}", asked.err);
    let wrong = place.run(&["programme", "apply", directory, "--reason", "first", "--yes", "00000000"]);
    assert!(wrong.code == 1 && wrong.err.contains("other than what was shown"), "{}", wrong.err);
    assert!(place.done(&["programme", "show"]).out.contains("the defaults are in force"));

    let applied = place.done(&["programme", "apply", directory, "--reason", "first", "--yes", word]).out;
    assert!(applied.contains("Programme 1 is in force"), "{applied}");
    let listed = place.done(&["identities", "--class", "services", "--json"]).json();
    let standings: Vec<&Value> =
        listed["items"].as_array().unwrap().iter().map(|one| &one["standing"]).collect();
    assert_eq!(standings, ["due", "due"], "{listed}");
    let shown = place.done(&["programme", "show"]).out;
    assert!(shown.contains("services") && shown.contains("kind:workload"), "{shown}");
    assert!(place.done(&["programme", "log"]).out.contains("first"));
    let explained = place.done(&["explain", "image/shop.service"]).out;
    assert!(explained.contains("class `services` asks for purpose"), "{explained}");

    let out = place.folder.path().join("out");
    place.done(&["programme", "export", text(&out)]);
    assert_eq!(fs::read_to_string(out.join("classes.toml")).unwrap(), SERVICES);
    assert!(!out.join("README.md").exists(), "what is no file of a programme stays where it is");
    assert!(
        place.done(&["programme", "diff", text(&out)]).out.contains("says what the programme in force says")
    );
    let again = place.done(&["programme", "plan", text(&out), "--json"]).json()["foreseen"]["word"].clone();
    let same =
        place.run(&["programme", "apply", text(&out), "--reason", "x", "--yes", again.as_str().unwrap()]);
    assert!(same.code == 1 && same.err.contains("in force already"), "{}", same.err);
}

#[test]
fn what_is_wrong_with_a_programme_is_said_by_file_and_line_without_any_deployment() {
    let place = Place::new();
    let programme = place.folder.path().join("programme");
    let check = |what: &str| place.run(&["programme", "check", text(&programme), what]);
    assert!(check("--json").code == 1);
    fs::create_dir(&programme).unwrap();
    let none = place.run(&["programme", "check", text(&programme)]);
    assert!(none.code == 1 && none.err.contains("holds no file of a programme"), "{}", none.err);
    fs::write(programme.join("programme.toml"), "version = 1\n\n[thresholds]\nrotation_days = 30\n").unwrap();
    fs::write(programme.join("classes.toml"), "[[class]]\nid = \"a\"\nmatch = [\"kynd:agent\"]\n").unwrap();
    let said = place.run(&["programme", "check", text(&programme)]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("programme.toml:4:1: unknown field `rotation_days`"), "{}", said.out);
    assert!(said.out.contains("did you mean `rotation_days_max`?"), "{}", said.out);
    let faults = check("--json").json()["faults"].clone();
    assert_eq!((&faults[0]["file"], &faults[0]["line"]), (&Value::from("programme.toml"), &Value::from(4)));
    fs::create_dir(programme.join("more.toml")).unwrap();
    let folder = place.run(&["programme", "check", text(&programme)]);
    assert!(folder.code == 1 && folder.err.contains("is no file"), "{}", folder.err);
    fs::remove_dir(programme.join("more.toml")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", programme.join("more.toml")).unwrap();
    let link = place.run(&["programme", "check", text(&programme)]);
    assert!(link.code == 1 && link.err.contains("links are not followed"), "{}", link.err);
}

#[test]
fn the_people_of_a_programme_are_checked_say_that_they_are_reached_and_are_named() {
    let (place, programme) = read_machine();
    let directory = text(&programme);
    place.done(&["programme", "init", directory]);
    let offline = place.done(&["programme", "check", directory]).out;
    for said in [
        "can be applied",
        "NHI7:2025  not ready: no value lives longer than was agreed",
        "fault: nobody revokes: `revokes` names no partner",
        "was not looked at",
    ] {
        assert!(offline.contains(said), "{said}: {offline}");
    }
    let me = place.done(&["people", "list", "--json"]).json()["items"][0]["name"].clone();
    let me = me.as_str().unwrap();
    let partner = |id: &str| {
        format!(
            "[[partner]]\nid = \"{id}\"\nkind = \"team\"\ncontact = \"{me}\"\nfallback = \"nobody-yet\"\n"
        )
    };
    fs::write(programme.join("partners.toml"), partner("security") + &partner("platform")).unwrap();
    let control = format!(
        "[[control]]\nid = \"NHI1:2025\"\nholds = \"what nobody needs is ended\"\napproves = \"security\"\n\
         implements = \"platform\"\nmonitors = \"security\"\nrevokes = \"platform\"\nescalation = \"{me}\"\n"
    );
    fs::write(programme.join("controls.toml"), control).unwrap();
    fs::write(programme.join("playbooks.toml"), "").unwrap();
    let differs = place.done(&["programme", "diff", directory]).out;
    assert!(differs.contains("control.NHI1:2025.revokes: (not set) → platform"), "{differs}");
    assert!(differs.contains(&format!("partner.platform.contact: (not set) → {me}")), "{differs}");

    let early = place.run(&["programme", "acknowledge"]);
    assert!(early.code == 1 && early.err.contains("names you nowhere"), "{}", early.err);
    let plan = place.done(&["programme", "plan", directory, "--json"]).json();
    let word = plan["foreseen"]["word"].as_str().unwrap();
    place.done(&["programme", "apply", directory, "--reason", "first", "--yes", word]);
    let checked = place.run(&["programme", "check"]);
    assert!(
        checked.code == 1 && checked.out.contains("`nobody-yet`, fallback of `platform`, is nobody"),
        "{}",
        checked.out
    );
    assert!(checked.out.contains("never said that messages reach them"), "{}", checked.out);
    assert!(place.done(&["programme", "acknowledge"]).out.contains("messages reach you"));
    let checked = place.run(&["programme", "check"]).out;
    assert!(!checked.contains("never said that messages reach them (tenure"), "{checked}");
    place.done(&["people", "add", "nobody-yet", "--role", "operator"]);
    assert!(place.done(&["programme", "check"]).out.contains("NHI1:2025  ready"));
    assert!(place.done(&["programme", "consequences"]).out.contains("Nothing follows"));
    let who = place.done(&["who", "image/shop.service"]).out;
    assert!(who.contains("contact of `platform`, which revokes for NHI1:2025"), "{who}");
    assert_eq!(place.done(&["who", "image/shop.service", "--quiet"]).out.trim(), me);
    let unknown = place.run(&["who", "nobody"]);
    assert!(unknown.code == 1 && unknown.err.contains("there is no identity `nobody`"), "{}", unknown.err);
}
