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

/// Whatever the shell was told (umask 022 is the usual), what is made is for its owner only.
#[test]
fn every_file_of_a_deployment_is_for_its_owner_only_and_doctor_says_when_it_is_not() {
    let place = Place::new();
    let program = format!("umask 022; exec {} \"$@\"", env!("CARGO_BIN_EXE_tenure"));
    let under_022 = |arguments: &[&str]| {
        let command = place.command_of("sh", &[&["-c", &program, "sh"], arguments].concat());
        Place::finish(command).ended(0)
    };
    under_022(&["init"]);
    under_022(&["people", "add", "alice", "--role", "auditor"]);
    under_022(&["evidence", "export", "all.tenure"]);
    under_022(&["backup", "copy"]);
    let restored = ["restore", "copy", "--into", "restored", "--key-file", "data/keys/kek"];
    under_022(&restored);
    let mut seen = 0;
    for (path, _) in place.files() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:03o}", path.display());
        seen += usize::from(path.starts_with(&place.data));
    }
    assert!(seen >= 8, "{seen} files in the data directory");
    let well = place.done(&["doctor"]);
    assert!(well.out.contains("✓ data directory: only its owner may look into it"), "{well:?}");
    let database = place.data.join("tenure.sqlite");
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o640)).unwrap();
    let told = place.done(&["doctor", "--json"]).json();
    let check =
        told["checks"].as_array().unwrap().iter().find(|check| check["what"] == "data directory").unwrap();
    assert_eq!(check["state"], "look");
    assert!(check["found"].as_str().unwrap().contains("tenure.sqlite"), "{check}");
}

#[test]
fn a_directory_that_may_not_be_entered_is_told_as_that_and_not_as_empty() {
    use std::os::unix::process::CommandExt as _;
    let place = Place::new();
    place.done(&["init"]);
    std::fs::set_permissions(place.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command_of(env!("CARGO_BIN_EXE_tenure"), &["plans"]);
    if rustix::process::geteuid().is_root() {
        // The administrator may enter everything: somebody else asks.
        command.uid(65_534).gid(65_534);
    } else {
        std::fs::set_permissions(&place.data, std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    let refused = Place::finish(command).ended(1);
    std::fs::set_permissions(&place.data, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(!refused.err.contains("there is no Tenure"), "{refused:?}");
    assert!(refused.err.contains("cannot be entered"), "{refused:?}");
    assert!(refused.err.contains("why:  permission denied: it belongs to `"), "{refused:?}");
    assert!(refused.err.contains("next: run it as its owner (sudo -u "), "{refused:?}");
}

#[test]
fn a_checkpoint_that_is_missing_is_told_at_the_start_and_by_doctor() {
    let place = Place::new();
    place.done(&["init"]);
    let well = place.done(&["doctor"]);
    assert!(well.out.contains("✓ checkpoint beside the database: kept up to entry "), "{well:?}");
    assert_eq!(well.err, "");
    std::fs::remove_file(place.data.join("checkpoint")).unwrap();
    let told = place.done(&["doctor"]);
    assert!(told.err.contains("data/checkpoint, is missing"), "{told:?}");
    assert!(told.out.contains("! checkpoint beside the database: it was missing at the start"), "{told:?}");
    // That start wrote a new one, so that the next has nothing to say.
    assert_eq!(place.done(&["doctor"]).err, "");
    std::fs::remove_file(place.data.join("checkpoint")).unwrap();
    let mut up = place.begin(&["up", "--listen", "none"]);
    up.until("Next: ");
    let told = place.done(&["doctor"]);
    assert!(told.out.contains("it was missing at the start"), "as long as this server runs: {told:?}");
    let stopped = up.stop().ended(0);
    assert!(
        stopped.err.contains("a database that was rolled back would not have been noticed"),
        "{stopped:?}"
    );
    let well = place.done(&["doctor"]);
    assert_eq!((well.err.as_str(), well.out.contains("✓ checkpoint")), ("", true), "{well:?}");
}

/// A machine that is lost after a clean stop must not leave behind a checkpoint that lags.
#[test]
fn after_every_command_and_after_a_stop_the_last_checkpoint_is_beside_the_database() {
    let place = Place::new();
    let kept = || std::fs::read_to_string(place.data.join("checkpoint")).unwrap();
    let size_of = |note: &str| note.lines().nth(1).unwrap().parse::<usize>().unwrap();
    place.done(&["init"]);
    assert_eq!(size_of(&kept()), 2);
    for number in 0..3 {
        place.done(&["people", "add", &format!("alone-{number}"), "--role", "auditor"]);
        let mut up = place.begin(&["up", "--listen", "none"]);
        up.until("Next: ");
        place.done(&["people", "add", &format!("served-{number}"), "--role", "auditor"]);
        up.stop().ended(0);
        assert_eq!(size_of(&kept()), 4 + 2 * number);
    }
}

/// A defect or damage is told once; its reason is in a log that nobody asked this process to write.
#[test]
fn a_failure_of_our_own_is_told_without_log_lines_and_says_how_to_see_them() {
    let place = Place::new();
    place.done(&["init"]);
    let database = rusqlite::Connection::open(place.data.join("tenure.sqlite")).unwrap();
    assert_eq!(database.execute("DELETE FROM entries WHERE leaf_index = 1", []).unwrap(), 1);
    drop(database);
    let refused = place.run(&["evidence", "export", "f"]).ended(1);
    assert!(refused.err.starts_with("Not done: the log was not exported\n"), "{refused:?}");
    assert!(refused.err.contains("next: run it once more with TENURE_LOG=error before it"), "{refused:?}");
    assert!(!refused.err.contains("ERROR"), "{refused:?}");
    let logging = place.with("TENURE_LOG", "error");
    let logged = logging.run(&["evidence", "export", "f"]).ended(1);
    assert!(logged.err.contains("ERROR") && logged.err.contains("entry 1 is missing"), "{logged:?}");
}

#[test]
fn quiet_lists_are_one_name_a_line() {
    let place = Place::new();
    place.done(&["init"]);
    place.done(&["people", "add", "alice", "--role", "auditor"]);
    let people = place.done(&["people", "list", "--quiet"]).out;
    assert_eq!(people.lines().next(), Some("alice"), "{people}");
    let keys = place.done(&["keys", "list", "--quiet"]).out;
    assert!(keys.lines().all(|line| line.split(' ').count() == 2), "ring and key: {keys}");
    let log = place.done(&["evidence", "log", "--quiet"]).out;
    assert_eq!(log, "2\n1\n0\n");
    for list in ["identities", "principals", "credentials", "findings", "plans"] {
        assert_eq!(place.done(&[list, "--quiet"]).out, "", "{list}");
    }
    let unknown = place.run(&["identities", "--source", "nope"]).ended(1);
    insta::assert_snapshot!(unknown.err, @r"
        Not done: the identities were not listed
          why:  there is no source `nope`
          kept: nothing was changed
          next: there is none yet; add one first (tenure source add)
        ");
}

#[test]
fn a_range_that_holds_nothing_is_refused_and_a_file_without_entries_is_not_verified() {
    let place = Place::new();
    place.done(&["init"]);
    let backwards = place.run(&["evidence", "export", "f", "--first", "5", "--end", "2"]).ended(1);
    assert!(
        backwards.err.contains("why:  the range ends before it begins: its first entry is 5"),
        "{backwards:?}"
    );
    assert!(!place.path("f").exists());
    let log = place.done(&["evidence", "checkpoint", "--json"]).json();
    let key = log["keys"][0].as_str().unwrap().to_owned();
    let checkpoint = log["checkpoint"].as_str().unwrap().to_owned();
    let empty = tenure_evidence::Export {
        claim: tenure_evidence::Claim::Selection,
        checkpoint,
        earlier: Vec::new(),
        entries: Vec::new(),
    };
    std::fs::write(place.path("empty.tenure"), empty.encode().unwrap()).unwrap();
    for arguments in [vec!["--log-key", &key], vec![]] {
        let ran =
            place.run(&[&["evidence", "verify", "empty.tenure"], arguments.as_slice()].concat()).ended(1);
        assert!(ran.out.starts_with("Nothing to verify: "), "{ran:?}");
        assert!(!ran.out.contains("Verified"), "{ran:?}");
        let json = [&["evidence", "verify", "empty.tenure", "--json"], arguments.as_slice()].concat();
        assert_eq!(place.run(&json).ended(1).json()["level"], "nothing_to_verify");
    }
    place.done(&["evidence", "export", "whole.tenure"]);
    let whole = place.done(&["evidence", "verify", "whole.tenure", "--log-key", &key]);
    assert!(whole.out.starts_with("Verified: "), "{whole:?}");
}

#[test]
fn up_says_where_it_is_and_stops_when_asked() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0"]);
    let said = up.until("Next: ");
    insta::assert_snapshot!(normalised(&said, &place), @r"
        Tenure 0.1.0 · data [HOME]/data (made just now) · evidence log [LOG] (2 entries)
        Whoever verifies evidence later needs the log's public key. Keep this line somewhere else:
          [LOG-KEY]
        No source yet: Tenure knows nothing until it may read something.
        Console: http://127.0.0.1:[PORT] with the one-time code [CODE] (10 minutes).
        Next: tenure source add pg-main postgres://tenure@HOST/DATABASE
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
fn a_file_with_a_passphrase_is_enough_to_ask_for_one() {
    let place = Place::new();
    place.private_file("phrase", "correct horse battery staple\n");
    place.done(&["init", "--passphrase-file", "phrase"]);
    assert!(!place.data.join("keys/kek").exists(), "no key file beside a passphrase");
    assert!(place.data.join("keys/kek.argon2id").exists());
    let again = place.done(&["init", "--passphrase-file", "phrase"]);
    assert!(again.out.contains("Nothing was changed."), "{again:?}");
    let other = Place::new();
    other.done(&["init"]);
    assert!(other.data.join("keys/kek").exists(), "without one, a key file is made");
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
          why:  line 2: unknown field `pasword_file`, expected one of `listen`, `step_up_minutes`, `database`, `key`, `oidc`, `mail`, `chats`, `events`, `ticket_hooks`, `ldap`
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

#[test]
fn a_person_gets_another_role_loses_their_token_and_leaves() {
    let place = Place::new();
    place.done(&["init"]);
    place.done(&["people", "add", "alice", "--role", "auditor"]);
    let listed = || place.done(&["people", "list"]).out;
    let changed = place.done(&["people", "role", "alice", "operator"]);
    assert!(changed.out.starts_with("alice is operator from now on."), "{changed:?}");
    assert!(listed().lines().any(|line| line.starts_with("alice") && line.contains("operator")));

    let none = place.run(&["people", "token", "alice", "--revoke"]).ended(1);
    assert!(none.err.contains("there is no token for `alice`"), "{none:?}");
    place.done(&["people", "token", "alice"]);
    let revoked = place.done(&["people", "token", "alice", "--revoke"]);
    assert!(
        revoked.out.starts_with("No token of alice works any more, nor do their sessions."),
        "{revoked:?}"
    );

    let undecided = place.run(&["people", "remove", "alice"]).ended(4);
    assert!(undecided.err.contains("tenure people remove alice --yes alice"), "{undecided:?}");
    let another = place.run(&["people", "remove", "alice", "--yes", "bob"]).ended(2);
    assert!(another.err.contains("--yes gives another name"), "{another:?}");
    assert!(listed().contains("alice"));
    let removed = place.done(&["people", "remove", "alice", "--yes", "alice"]);
    assert!(removed.err.contains("alice answers for no identity."), "{removed:?}");
    assert!(
        removed.out.starts_with("Removed alice; their token and sessions no longer work."),
        "{removed:?}"
    );
    assert!(!listed().contains("alice"));
    let again = place.run(&["people", "remove", "alice", "--yes", "alice"]).ended(1);
    assert!(again.err.contains("there is no person `alice`"), "{again:?}");
    place.done(&["people", "add", "alice", "--role", "owner"]);
    let told = place.done(&["people", "remove", "alice", "--yes", "alice", "--json"]).json();
    assert_eq!((&told["owned_count"], &told["approved"]), (&serde_json::json!(0), &serde_json::json!([])));
    let ourselves = place.done(&["people", "list", "--quiet"]).out;
    let kept = place.run(&["people", "remove", ourselves.trim(), "--yes", ourselves.trim()]).ended(1);
    assert!(kept.err.contains("nobody removes themselves"), "{kept:?}");
}
