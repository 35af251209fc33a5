//! Making, opening and sharing a deployment: `init`, `up`, keys, two processes, killed ones.
//!
//! No server of another system is needed. Processes are ended by their own id; a killed one must
//! leave nothing that a person has to clean up.

use crate::program::{Place, normalised};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn init_makes_a_deployment_once_and_prints_the_key_to_pin() {
    let place = Place::new();
    let made = place.done(&["init"]);
    insta::assert_snapshot!(normalised(&made.out, &place), @r"
        Made a deployment in [HOME]/data · evidence log [LOG]
        Whoever verifies evidence later needs the log's public key. Keep this line somewhere else:
        [LOG-KEY]
        Next: tenure up
        ");
    let again = place.done(&["init"]);
    insta::assert_snapshot!(normalised(&again.out, &place), @r"
        There is a deployment already in [HOME]/data · evidence log [LOG]
        Nothing was changed.
        Whoever verifies evidence later needs the log's public key. Keep this line somewhere else:
        [LOG-KEY]
        Next: tenure up
        ");
    let no_code = place.run(&["people", "code"]).ended(1);
    assert!(no_code.err.contains("there is no console to sign in to"), "{no_code:?}");
    let quiet = place.done(&["init", "--quiet"]);
    assert_eq!(quiet.out.lines().count(), 1, "{quiet:?}");
    assert!(made.out.contains(&quiet.out));
}

#[test]
fn only_its_owner_may_look_into_a_deployment() {
    let place = Place::new();
    place.done(&["init"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.data), 0o700);
    for file in ["keys/kek", "keys/log.ring", "checkpoint"] {
        assert_eq!(mode(&place.data.join(file)), 0o600, "{file}");
    }
    std::fs::set_permissions(&place.data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = place.run(&["plans"]).ended(1);
    insta::assert_snapshot!(normalised(&refused.err, &place), @r"
        Not done: the data directory [HOME]/data is not used
          why:  `[HOME]/data` is open to others than its owner (mode 0755); run `chmod 700 [HOME]/data`, and replace the keys in it if somebody may have read them
          kept: nothing was changed
        ");
}

#[test]
fn up_says_where_it_is_and_stops_when_asked() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0"]);
    let said = up.until("Next: ");
    insta::assert_snapshot!(normalised(&said, &place), @r"
        Tenure 0.1.0 · data [HOME]/data (made just now) · evidence log [LOG] (2 entries)
        No source yet: Tenure knows nothing until it may read something.
        Whoever verifies evidence later needs the log's public key. Keep this line somewhere else:
          [LOG-KEY]
        Next: tenure source add pg-main postgres://tenure@HOST/DATABASE. Or look: http://127.0.0.1:[PORT], one-time code [CODE] (10 minutes).
        ");
    let listed = place.done(&["source", "list"]);
    assert!(listed.out.starts_with("No source yet"));
    let code = place.done(&["people", "code", "--quiet"]).out;
    assert_eq!(code.trim().replace('-', "").len(), 12, "{code}");
    let stopped = up.stop().ended(0);
    assert!(stopped.out.ends_with("Stopping: finishing what is under way.\n"), "{stopped:?}");
    assert!(stopped.err.contains("stopped"), "{stopped:?}");
}

#[test]
fn up_with_json_prints_one_document_and_json_logs() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json", "--log", "json"]);
    let said = up.until("\n}\n");
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(document["address"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert!(document["one_time_code"].is_string());
    let stopped = up.stop().ended(0);
    for line in stopped.err.lines() {
        let _: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert!(!stopped.err.contains(document["one_time_code"].as_str().unwrap()), "the code is no log line");
}

#[test]
fn a_second_up_is_told_who_is_there() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    let refused = place.run(&["up", "--listen", "none"]).ended(1);
    assert!(refused.err.contains("another Tenure (process "), "{refused:?}");
    assert!(refused.err.contains("kept: nothing was changed"));
}

#[test]
fn commands_that_host_the_deployment_themselves_take_turns() {
    let place = Place::new();
    place.done(&["init"]);
    std::thread::scope(|scope| {
        for number in 0..6 {
            let place = &place;
            scope.spawn(move || {
                place.done(&["people", "add", &format!("person-{number}"), "--role", "auditor"]);
            });
        }
    });
    let people = place.done(&["people", "list", "--json"]).json();
    assert_eq!(people["items"].as_array().unwrap().len(), 7, "{people}");
}

#[test]
fn a_killed_server_leaves_nothing_that_must_be_cleaned_up() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    place.done(&["people", "add", "alice", "--role", "owner"]);
    up.kill();
    assert!(place.data.join("socket").exists(), "the socket of a killed server stays");
    assert!(place.done(&["people", "list"]).out.contains("alice"));
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    up.stop().ended(0);
}

#[test]
fn a_passphrase_seals_the_keys_and_a_wrong_one_is_named() {
    let place = Place::new();
    place.private_file("phrase", "correct horse battery staple\n");
    place.private_file("other", "incorrect horse battery staple\n");
    place.private_file("short", "horse\n");
    place.run(&["init", "--passphrase", "--passphrase-file", "short"]).ended(2);
    assert!(!place.data.join("checkpoint").exists());
    place.done(&["init", "--passphrase", "--passphrase-file", "phrase"]);
    assert!(!place.data.join("keys/kek").exists(), "no key file beside a passphrase");
    // Where it is was remembered; what it is was not.
    place.done(&["plans"]);
    assert!(place.files().iter().all(|(path, content)| {
        path.ends_with("phrase") || path.ends_with("other") || !contains(content, b"horse battery")
    }));
    let wrong = place.run(&["plans", "--passphrase-file", "other"]).ended(4);
    insta::assert_snapshot!(normalised(&wrong.err, &place), @r"
        Not done: the deployment in [HOME]/data was not opened
          why:  wrong passphrase: it does not give key-encryption key [KEY], which `[HOME]/data/keys/kek.argon2id` was made for
          kept: nothing was changed
          next: give the key it was made with: --key-file, TENURE_KEY or --passphrase-file (tenure help keys)
        ");
}

#[test]
fn without_a_terminal_a_passphrase_is_not_asked_for() {
    let place = Place::new();
    let refused = place.run(&["init", "--passphrase"]).ended(4);
    insta::assert_snapshot!(normalised(&refused.err, &place), @r"
        Not done: no deployment was made
          why:  there is no terminal to ask for a passphrase
          kept: nothing was changed
          next: give --passphrase-file FILE, a file that only you can read
        ");
    assert!(!place.data.exists());
}

#[test]
fn a_key_from_the_environment_opens_and_a_missing_one_is_asked_for() {
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let place = Place::new().with("TENURE_KEY", key);
    place.done(&["init"]);
    let files = place.files();
    assert!(files.iter().all(|(_, content)| !contains(content, key.as_bytes())), "the key is in no file");
    place.done(&["plans"]);
    let place = {
        let without = Place::new();
        std::fs::rename(&place.data, &without.data).unwrap();
        without
    };
    let refused = place.run(&["plans"]).ended(4);
    insta::assert_snapshot!(normalised(&refused.err, &place), @r"
        Not done: the deployment in [HOME]/data was not opened
          why:  the key-encryption key could not be read: `[HOME]/data/keys/kek` does not exist
          kept: nothing was changed
          next: give the key it was made with: --key-file, TENURE_KEY or --passphrase-file (tenure help keys)
        ");
}

#[test]
fn a_path_too_long_for_a_socket_is_refused_before_anything_is_made() {
    let place = Place::new();
    let deep = place.path(&"d".repeat(110));
    let refused = place.run(&["--data", deep.to_str().unwrap(), "init"]).ended(2);
    assert!(refused.err.contains("too long for a socket"), "{refused:?}");
    assert!(!deep.exists());
}

#[test]
fn the_configuration_file_is_strict() {
    let place = Place::new();
    place.done(&["init"]);
    std::fs::write(place.data.join("tenure.toml"), "listen = \"none\"\npasword_file = \"x\"\n").unwrap();
    let refused = place.run(&["plans"]).ended(2);
    insta::assert_snapshot!(normalised(&refused.err, &place), @r"
        Not done: [HOME]/data/tenure.toml cannot be used
          why:  line 2: unknown field `pasword_file`, expected one of `listen`, `database`, `key`
        ");
}

#[test]
fn colour_is_for_terminals_only_and_tables_fit_the_columns_that_are_asked_for() {
    let place = Place::new().with("COLUMNS", "40").with("TERM", "xterm");
    place.done(&["init"]);
    let log = place.done(&["evidence", "log"]);
    assert!(!log.all().contains('\u{1b}'), "{log:?}");
    let widest =
        log.out.lines().filter(|line| !line.starts_with("Next")).map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|columns| columns <= 46), "six columns of at least six: {log:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    place.done(&["init"]);
    let mut log = place.begin(&["evidence", "log"]);
    log.until("INDEX");
    drop(log);
    place.done(&["evidence", "log"]);
}

fn contains(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}
