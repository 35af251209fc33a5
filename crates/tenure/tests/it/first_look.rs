//! The first start: `up` reads a machine, says what it found in seconds, and never what the secrets are.
//!
//! The machine is a planted one below a temporary directory; the one the tests run on is never looked at.

use crate::program::{Place, normalised};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

/// A secret that lies on the planted machine; drawn once, so that no scanner takes this file for a leak.
fn secret() -> String {
    ["ghp", "_", "R7f2Kd9mQw4xZb8nTc6vLp3sHy5jGa1uEo0i"].concat()
}

/// A machine with a service account, two people, and what they left lying about.
fn planted(place: &Place) -> PathBuf {
    let root = place.folder.path().join("machine");
    let put = |file: &str, mode: u32, content: &str| {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    put(
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n\
         ada:x:1000:1000::/srv/ada:/bin/bash\netl:x:998:998:nightly load:/srv/etl:/bin/sh\n",
    );
    put("etc/group", 0o644, "docker:x:99:ada\n");
    put("etc/systemd/system/load.service", 0o644, "[Service]\nUser=etl\nExecStart=/srv/etl/load\n");
    put("srv/ada/.netrc", 0o644, &format!("machine git.example login ci password {}\n", secret()));
    put(
        "srv/ada/.cursor/mcp.json",
        0o600,
        r#"{"mcpServers": {"search": {"command": "npx", "args": ["-y", "search-server"]}}}"#,
    );
    root
}

fn address(root: &std::path::Path) -> String {
    format!("host://{}", root.display())
}

#[test]
fn the_first_up_reads_the_machine_and_says_what_is_wrong_first() {
    let place = Place::new();
    let root = planted(&place);
    let mut up = place.begin(&["up", "--listen", "none", "--host", &address(&root)]);
    let said = up.until("Next: ");
    insta::assert_snapshot!("first_up", normalised(&said, &place));
    let listed = place.done(&["identities"]).out;
    assert!(listed.contains("this-host/etl") && listed.contains("this-host/load.service"), "{listed}");
    let shown = place.done(&["show", "this-host/~ada/.netrc[ci]"]).out;
    assert!(shown.contains("git.example"), "{shown}");
    up.stop().ended(0);
    let mut again = place.begin(&["up", "--listen", "none", "--host", &address(&root)]);
    let said = again.until("Next: ");
    assert!(!said.contains("Surveyed this host"), "only a new deployment begins with a survey: {said}");
    again.stop().ended(0);
}

#[test]
fn a_first_reading_that_was_cut_off_is_taken_up_by_the_next_up() {
    let place = Place::new();
    let root = planted(&place);
    place.done(&["init"]);
    // What is left when the program ends between adding the machine and reading it.
    place.done(&["source", "add", "this-host", &address(&root)]);
    let begin = |host: &str| place.begin(&["up", "--listen", "none", "--host", host]);
    let mut unread = begin("none");
    let said = unread.until("Next: ");
    assert!(!said.contains("Surveyed this host"), "{said}");
    unread.stop().ended(0);
    for reads in [true, false] {
        let mut up = begin(&address(&root));
        let said = up.until("Next: ");
        assert_eq!(said.contains("Surveyed this host"), reads, "{said}");
        up.stop().ended(0);
    }
}

#[test]
fn no_secret_of_the_machine_is_said_logged_or_kept() {
    let place = Place::new();
    let root = planted(&place);
    let mut up =
        place.begin(&["up", "--listen", "none", "--json", "--log", "json", "--host", &address(&root)]);
    let said = up.until("\n}\n");
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["first_survey"]["state"], "complete");
    let told: Vec<String> = [["identities"], ["credentials"], ["findings"]]
        .iter()
        .map(|command| place.done(&[command[0], "--json"]).out)
        .collect();
    place.done(&["evidence", "export", "all.tenure"]);
    let stopped = up.stop().ended(0);
    let canary = secret();
    for text in told.iter().chain([&said, &stopped.out, &stopped.err]) {
        assert!(!text.contains(&canary), "a secret of the machine was shown");
    }
    let kept = |content: &[u8]| content.windows(canary.len()).any(|part| part == canary.as_bytes());
    let holding: Vec<PathBuf> =
        place.files().into_iter().filter(|(_, content)| kept(content)).map(|(path, _)| path).collect();
    assert_eq!(holding, [root.join("srv/ada/.netrc")], "only where it was planted");
}

#[test]
fn a_machine_that_cannot_be_read_is_told_and_everything_else_runs() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "none", "--host", "host:///srv/nothing-is-here"]);
    let said = up.until("Next: ");
    assert!(!said.contains("Surveyed this host"), "{said}");
    let listed = place.done(&["source", "list"]).out;
    assert!(listed.contains("this-host"), "it can be tried again: {listed}");
    let stopped = up.stop().ended(0);
    assert!(stopped.err.contains("Not done: source `this-host` was not read"), "{stopped:?}");
}

#[test]
fn without_a_host_nothing_is_read() {
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", "none", "--host", "none"]);
    let said = up.until("Next: ");
    assert!(said.contains("No source yet"), "{said}");
    up.stop().ended(0);
}

#[test]
fn a_machine_is_added_by_hand_too_and_no_password_is_asked_for() {
    let place = Place::new();
    let root = planted(&place);
    place.done(&["init"]);
    let added = place.done(&["source", "add", "image", &address(&root)]);
    insta::assert_snapshot!("added_by_hand", normalised(&added.out, &place));
    let read = place.done(&["survey", "image"]);
    assert!(read.out.contains("image: read whole"), "{read:?}");
    place.private_file("password", "x\n");
    let refused =
        place.run(&["source", "add", "other", &address(&root), "--password-file", "password"]).ended(1);
    assert!(refused.err.contains("no password is used"), "{refused:?}");
    let refused = place.run(&["source", "add", "other", "host://elsewhere/x"]).ended(1);
    assert!(refused.err.contains("To read another one"), "{refused:?}");
}
