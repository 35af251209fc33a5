//! Bad input to the commands: the exact text, and the exit code. No deployment is needed.
//!
//! What was given is never echoed where it may hold a password.

use crate::program::Place;
use std::fmt::Write as _;

/// Runs a command that must be refused; its code and text, for a table.
fn refused(place: &Place, arguments: &[&str]) -> String {
    let ran = place.run(arguments);
    assert_eq!(ran.out, "", "nothing is printed when nothing is done: {ran:#?}");
    let said = crate::program::normalised(&ran.err, place);
    format!("$ tenure {}\n{}exit {}\n", tenure_model::printable(&arguments.join(" "), 300), said, ran.code)
}

fn table(place: &Place, rows: &[&[&str]]) -> String {
    rows.iter().map(|row| refused(place, row)).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_deployment_every_command_says_how_to_make_one() {
    let place = Place::new();
    let commands: &[&[&str]] = &[
        &["source", "list"],
        &["source", "check", "pg"],
        &["source", "remove", "pg"],
        &["survey"],
        &["identities"],
        &["principals"],
        &["credentials"],
        &["show", "x"],
        &["find", "--fingerprint", "SHA256:x"],
        &["explain", "x"],
        &["own", "x"],
        &["findings"],
        &["plan", "revoke", "x", "--reason", "y"],
        &["apply", "x"],
        &["disable", "x", "--reason", "y"],
        &["revoke", "x", "--reason", "y"],
        &["undo", "x"],
        &["plans"],
        &["proof", "x"],
        &["evidence", "log"],
        &["evidence", "checkpoint"],
        &["evidence", "export", "f"],
        &["backup", "d"],
        &["keys", "list"],
        &["keys", "rotate", "log"],
        &["people", "list"],
        &["doctor"],
        &["report"],
    ];
    let texts: std::collections::BTreeSet<String> = commands
        .iter()
        .map(|command| {
            let ran = place.run(command);
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{command:?}");
            crate::program::normalised(&ran.err, &place)
        })
        .collect();
    assert_eq!(texts.len(), 1, "{texts:#?}");
    insta::assert_snapshot!(texts.into_iter().next().unwrap(), @r"
        Not done: there is no Tenure in [HOME]/data
          next: `tenure up` makes one and runs it; `tenure init` only makes it; --data names another directory
        ");
    assert!(!place.data.exists(), "asking makes nothing");
}

#[test]
fn addresses_and_passwords_are_refused_without_being_repeated() {
    let place = Place::new();
    place.open_file("pw", "hunter2\n");
    place.private_file("empty", "\n");
    let url = "postgres://tenure@127.0.0.1:1/shop";
    let rows = table(
        &place,
        &[
            &["source", "add", "pg", "postgres://tenure:hunter2@db/shop"],
            &["source", "add", "pg", "postgres://tenure@db/shop?password=hunter2"],
            &["source", "add", "pg", "mysql://root@db/shop"],
            &["source", "add", "pg", "db:5432"],
            &["source", "add", "pg", url, "--point", "replica"],
            &["source", "add", "pg", url, "--point", "replica=postgres://t:hunter2@db/shop"],
            &["source", "add", "pg", url, "--option", "heir"],
            &["source", "add", "pg", url, "--password", "hunter2"],
            &["source", "add", "pg", url, "--password=hunter2"],
            &["source", "add", "pg", url, "--password-file", "pw"],
            &["source", "add", "pg", url, "--password-file", "empty"],
            &["source", "add", "pg", url, "--password-file", "nowhere"],
            &["source", "add", "pg", url, "--password-env", "NOT_SET"],
            &["init", "--database-url", "postgres://t:hunter2@db/tenure"],
            &["init", "--database", "postgres"],
            &["init", "--database", "embedded", "--database-url", "postgres://t@db/tenure"],
        ],
    );
    let printed: Vec<&str> = rows.lines().filter(|line| !line.starts_with('$')).collect();
    assert!(!printed.join("\n").contains("hunter2"), "{rows}");
    insta::assert_snapshot!(rows);
}

#[test]
fn what_is_no_word_no_number_and_no_file_is_refused() {
    let place = Place::new();
    place.open_file("text", "not an export\n");
    place.open_file("keys", "log+00000000+AQ==\n");
    std::fs::create_dir(place.path("backup")).unwrap();
    place.open_file("backup/manifest.json", "{}");
    let witness_key = "audit-1.example+aa0155d9+BCFImUdubn7+LZpetSS7IKwUUkXGlmDxEaSWPUOKiJkE";
    insta::assert_snapshot!(table(
        &place,
        &[
            &["identities", "--standing", "great"],
            &["findings", "--fail-at", "awful"],
            &["own", "x", "--expires", "soon"],
            &["own", "x", "--environment", "prod\u{1b}[31m"],
            &["own", "x", "--rotation-days", "0"],
            &["people", "add", "x", "--role", "king"],
            &["revoke", "x"],
            &["plan", "delete", "x", "--reason", "y"],
            &["up", "--listen", "0.0.0.0:8420"],
            &["up", "--listen", "8420"],
            &["help", "nothing"],
            &["survey", "--accept"],
            &["evidence", "verify", "nowhere"],
            &["evidence", "verify", ".", "--log-key", "a+b+c"],
            &["evidence", "verify", "text", "--log-key", "keys"],
            &["evidence", "verify", "text", "--log-key", witness_key],
            &["evidence", "verify", "text", "--witness-key", witness_key, "--witness-quorum", "2"],
            &["witness", "cosign", "--witness", "https://w.example", "--witness-key", witness_key],
            &["witness", "key", "nowhere"],
            &["restore", "nowhere", "--into", "new"],
            &["restore", "backup", "--into", "new"],
        ],
    ));
}

#[test]
fn an_export_that_is_none_is_refused_with_code_1_and_says_why() {
    let place = Place::new();
    place.open_file("text", "not an export\n");
    let ran = place.run(&["evidence", "verify", "text"]).ended(1);
    insta::assert_snapshot!(ran.out, @r"
        Refused: export is malformed: not a tenure export: the first line is not `tenure-export/1`.
        Nothing in it is shown, because nothing in it can be relied on.
        Next: ask for the file again; if it is refused again, do not accept it as evidence
        ");
    assert_eq!(place.run(&["evidence", "verify", "text", "--json"]).ended(1).json()["level"], "refused");
}

#[test]
fn a_failure_is_one_document_with_json() {
    let place = Place::new();
    let ran = place.run(&["plans", "--json"]).ended(1);
    assert_eq!(ran.json()["failure"]["exit_code"], 1);
    assert!(ran.err.starts_with("Not done: there is no Tenure in "), "{}", ran.err);
    let ran = place.run(&["source", "add", "pg", "x", "--json"]).ended(2);
    assert_eq!(ran.json()["failure"]["exit_code"], 2);
}

#[test]
fn a_command_line_that_is_not_understood_is_one_document_with_json_too() {
    let place = Place::new();
    let rows: &[&[&str]] = &[
        &["revoke", "x", "--json"],
        &["--json", "identities", "--standing", "great"],
        &["--json", "--nothing"],
        &["--quiet", "--json", "plans"],
        &["--json", "no-such-command"],
    ];
    let mut text = String::new();
    for row in rows {
        let ran = place.run(row).ended(2);
        let failure = &ran.json()["failure"];
        assert_eq!(failure["exit_code"], 2);
        assert!(ran.err.starts_with("error: "), "{ran:?}");
        let part = |name: &str| failure[name].as_str().unwrap_or("-").to_owned();
        let _ = writeln!(text, "{}: {} [{}]", row.join(" "), part("why"), part("next"));
    }
    insta::assert_snapshot!(text);
    // What comes after `--` is an argument and no option.
    assert_eq!(place.run(&["show", "--", "--json", "x"]).ended(2).out, "");
    // Help is no failure.
    assert!(place.done(&["--json", "--help"]).out.starts_with("Governs "));
}

#[test]
fn topics_commands_and_completions_are_printed() {
    let place = Place::new();
    for topic in ["exit-codes", "keys", "proof-levels", "standing"] {
        assert!(place.done(&["help", topic]).out.lines().count() > 10, "{topic}");
    }
    assert!(place.done(&["help", "source", "add"]).out.contains("--point <NAME=URL>"));
    assert!(place.done(&["help"]).out.contains("proof-levels"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.done(&["completion", shell]).out.contains("tenure"), "{shell}");
    }
    assert!(place.done(&["source", "add", "--sql"]).out.contains("CREATE ROLE tenure"));
    assert!(!place.data.exists());
}
