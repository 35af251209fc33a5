//! At 80 columns and fewer: what tells rows apart stays whole, and what is said fits.

use crate::{not_ended::with_a_machine, program::Place};

/// A reason as people write them, longer than any column.
const REASON: &str =
    "the contract with the agency ended in March, and dana says that nobody else ever used it";

/// The words of a text, whatever lines it stands on.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn lists_keep_what_tells_their_rows_apart() {
    let place = with_a_machine().with("COLUMNS", "80");
    let listed = place.done(&["source", "list"]).out;
    assert!(listed.contains(&format!("primary=host://{}", place.path("machine").display())), "{listed}");
    for name in ["box/deploy/key:ci@build", "box/deploy/key:ops@old-laptop"] {
        place.done(&["plan", "revoke", name, "--reason", REASON]);
    }
    let plans = place.done(&["plans"]).out;
    assert_eq!(words(&plans).matches(REASON).count(), 2, "{plans}");
    assert!(plans.contains("deploy/key:ci@build") && plans.contains("deploy/key:ops@old-laptop"), "{plans}");
    let log = place.done(&["evidence", "log"]).out;
    assert!(words(&log).contains("plan.proposed") && !log.contains('…'), "{log}");
    for out in [&plans, &log] {
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    }
    place.done(&["people", "add", "ada", "--role", "owner"]);
    let suggested = place.done(&["own", "--suggest"]).out;
    assert!(suggested.contains("box/~ada/.cursor/mcp.json[tickets]"), "{suggested}");
    assert!(words(&suggested).contains("is theirs: it runs as the account `ada`"), "{suggested}");
    assert!(!suggested.contains('…'), "{suggested}");
}

#[test]
fn topics_fit_and_instants_of_the_doctor_are_as_everywhere_else() {
    let place = with_a_machine().with("COLUMNS", "80");
    for topic in ["exit-codes", "keys", "proof-levels", "standing"] {
        let page = place.done(&["help", topic]).out;
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        let narrow = Place::new().with("COLUMNS", "60").done(&["help", topic]).out;
        assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    }
    let doctor = place.done(&["doctor"]).out;
    assert!(words(&doctor).contains("source box: read 20"), "{doctor}");
    let raw = |word: &&str| word.len() > 19 && word.contains('T') && word.ends_with('Z');
    assert_eq!(doctor.split_whitespace().find(raw), None, "{doctor}");
}

/// Somebody who exports COLUMNS is no terminal: what goes into a file is the file.
#[test]
fn what_is_written_into_a_file_holds_no_hint_although_columns_is_set() {
    let place = with_a_machine().with("COLUMNS", "80");
    for command in [["charter", "export"], ["evidence", "checkpoint"]] {
        let written = place.done(&command).out;
        assert!(!written.contains("Next:"), "{command:?}: {written}");
    }
}

/// A name from outside stands in a suggested command as a shell takes it.
#[test]
fn a_suggested_command_quotes_what_a_shell_would_read_into_a_name() {
    let place = with_a_machine();
    let name = "a`b$(reboot)";
    let added = place.done(&["people", "add", name, "--role", "operator"]).out;
    assert!(added.contains("tenure people token 'a`b$(reboot)'"), "{added}");
    let directory = place.path("m`n$(x) y");
    let written = place.done(&["man", &directory.display().to_string()]).out;
    assert!(written.contains("man -M ~/'m`n$(x) y' tenure"), "{written}");
}
