//! docs/ownership.md, run as it stands there: its files written, its commands typed into a shell, what they print compared.
//!
//! `UPDATE_OWNERSHIP=1` rewrites what the commands print.

use crate::program::Place;
use std::{fmt::Write as _, fs, path::PathBuf};

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/ownership.md")
}

/// Runs a line in a shell, with the program on its path; answers everything it printed.
fn typed(place: &Place, line: &str) -> String {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_tenure"));
    let folder = program.parent().unwrap().display();
    let ran = Place::finish(place.command_of("/bin/sh", &["-c", &format!("PATH={folder}:$PATH; {line}")]));
    let exit = if ran.code == 0 { String::new() } else { format!("(exit code {})\n", ran.code) };
    format!("{}{}{exit}", ran.out, ran.err)
}

/// The page with what its commands print now.
fn run(place: &Place, page: &str) -> String {
    let mut made = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let _ = writeln!(made, "{line}");
        if let Some(name) = line.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->")) {
            let _ = writeln!(made, "{}", lines.next().unwrap());
            let mut content = String::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                let _ = writeln!(content, "{line}");
            }
            let _ = writeln!(made, "{content}```");
            fs::write(place.path(name), content).unwrap();
        } else if line == "```console" {
            for line in lines.by_ref().take_while(|line| *line != "```") {
                if let Some(command) = line.strip_prefix("$ ") {
                    let _ = write!(made, "{line}\n{}", typed(place, command));
                }
            }
            made.push_str("```\n");
        }
    }
    made
}

#[test]
fn the_page_about_ownership_shows_what_its_commands_print() {
    let place = Place::new();
    let committed = fs::read_to_string(page()).unwrap();
    let made = run(&place, &committed);
    if std::env::var_os("UPDATE_OWNERSHIP").is_some() {
        fs::write(page(), made).unwrap();
        return;
    }
    let differing: Vec<_> =
        committed.lines().zip(made.lines()).filter(|(was, is)| was != is).take(3).collect();
    assert_eq!(committed, made, "run it with UPDATE_OWNERSHIP=1 and look; first differences: {differing:#?}");
}

/// A place with a source of three workloads, one of them somebody's.
fn surveyed() -> Place {
    let place = Place::new();
    let csv = place.open_file(
        "x.csv",
        "id,login,type,note\n1,web-1,service,owner=ravi\n2,web-2,service,\n3,api,service,\n",
    );
    let mapping = "version = 1\n[principal]\nkey = \"id\"\nname = \"login\"\nowner_hints = [\"note\"]\n\
                   kind = { column = \"type\", words = { service = \"workload\" } }\n";
    let mapping = place.open_file("x.toml", mapping);
    place.done(&["init"]);
    place.done(&["people", "add", "ravi", "--role", "owner"]);
    let address = format!("csv://{}", csv.display());
    place.done(&["source", "add", "crm", &address, "--option", &format!("mapping={}", mapping.display())]);
    place.done(&["survey"]);
    place
}

#[test]
fn nothing_is_claimed_without_a_decision() {
    let place = surveyed();
    for arguments in [&["own", "--suggest", "--apply"][..], &["own", "--rule", "name:web-*", "--apply"]] {
        let ran = place.run(arguments).ended(4);
        assert!(ran.err.contains("there is no terminal to ask for one"), "{ran:?}");
    }
    place.done(&["own", "--rule", "name:web-*"]);
    place.done(&["own", "--suggest"]);
    let listed = place.done(&["identities", "--standing", "unclaimed", "--quiet"]).out;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    place.done(&["own", "--rule", "name:web-*", "--rule", "kind:workload", "--apply", "--yes"]);
    let listed = place.done(&["identities", "--standing", "unclaimed", "--quiet"]).out;
    assert_eq!(listed.trim(), "crm/api");
    let again = place.done(&["own", "--rule", "name:web-*", "--apply", "--yes", "--json"]).json();
    assert_eq!(again["claims"], serde_json::json!([]));
}

#[test]
fn what_makes_no_sense_together_is_refused() {
    let place = surveyed();
    for (arguments, code, says) in [
        (&["own"][..], 2, "required"),
        (&["own", "--suggest", "web-1"], 2, "cannot be used with"),
        (&["own", "--suggest", "--rule", "name:x"], 2, "cannot be used with"),
        (&["own", "--rule", "name:x", "--purpose", "y"], 2, "cannot be used with"),
        (&["own", "--suggest", "--yes"], 2, "--apply"),
        (&["own", "web-1", "--apply"], 2, "--apply goes with --suggest or --rule"),
        (&["own", "web-1", "--not-mine"], 2, "--reason"),
        (&["own", "web-1", "--ask", "ravi"], 2, "--not-mine"),
        (&["own", "--mine", "web-1"], 2, "cannot be used with"),
        (&["own", "--mine"], 2, "required"),
        (&["own", "--rule", "web-*"], 1, "`web-*` is no term of a rule"),
        (&["charter", "import", "nowhere.toml"], 1, "nowhere.toml"),
    ] {
        let ran = place.run(arguments).ended(code);
        assert!(ran.err.contains(says), "{arguments:?}: {ran:?}");
    }
    place.private_file("wrong.toml", "version = 1\n[[charter]]\nname = \"web-1\"\npurpos = \"x\"\n");
    let refused = place.run(&["charter", "import", "wrong.toml"]).ended(1).err;
    assert!(
        refused.contains("line 4: unknown field `purpos`") && refused.contains("did you mean `purpose`?"),
        "{refused}"
    );
}

#[test]
fn charters_go_out_and_come_back_as_they_were() {
    let place = surveyed();
    let arguments = [
        "own",
        "web-1",
        "--purpose",
        "serves \"all\"\nof it",
        "--expires",
        "2030-01-31",
        "--rotation-days",
        "9",
    ];
    place.done(&arguments);
    let before = place.done(&["charter", "export"]).out;
    place.private_file("charters.toml", &before);
    let told = place.done(&["charter", "import", "charters.toml", "--apply", "--yes", "--json"]).json();
    assert_eq!(told["charters"][0]["state"], "same", "{told}");
    place.done(&["own", "web-1", "--rotation-days", "10"]);
    let changed = before.replace("rotation_days = 9", "rotation_days = 11");
    place.private_file("changed.toml", &changed);
    let told =
        place.run(&["charter", "import", "changed.toml", "--apply", "--yes", "--json"]).ended(1).json();
    assert_eq!(told["charters"][0]["state"], "changed_meanwhile", "{told}");
    let after = place.done(&["charter", "export"]).out;
    assert!(after.contains("rotation_days = 10"), "{after}");
}
