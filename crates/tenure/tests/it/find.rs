//! `find` as somebody uses it who has a leaked string: piped in, typed unseen, never in an argument.
//!
//! The machine is a planted one. Its secret must be found wherever it lies, and a string that nobody holds must
//! leave nothing anywhere. Next: `../../src/cli/find.rs`.

use crate::{
    program::{Place, Ran, normalised},
    prompts::{Typing, there_is_a_terminal},
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Stdio};

/// Put together here, so that no scanner takes this file for a leak.
fn secret() -> String {
    ["ghp", "_", "R7f2Kd9mQw4xZb8nTc6vLp3sHy5jGa1uEo0i"].concat()
}

/// In the form of a secret, and nobody's.
const UNKNOWN: &str = "UnknownCanary0004-w7Xp29Lm";
const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f deploy@ci";

/// A deployment that read a machine on which one secret lies twice and a key opens an account.
fn read_machine() -> Place {
    let place = Place::new();
    let root = place.folder.path().join("machine");
    let put = |file: &str, mode: u32, content: &str| {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/srv/ada:/bin/bash\n");
    put("srv/ada/.netrc", 0o600, &format!("machine git.example login ci password {}\n", secret()));
    put("srv/ada/.env", 0o600, &format!("GITHUB_TOKEN={}\n", secret()));
    put("srv/ada/.ssh/authorized_keys", 0o600, &format!("{PUBLIC_KEY}\n"));
    place.done(&["init"]);
    place.done(&["source", "add", "image", &format!("host://{}", root.display())]);
    place.done(&["survey", "image"]);
    place
}

fn piped(place: &Place, arguments: &[&str], text: &[u8]) -> Ran {
    let path = place.path("pasted");
    fs::write(&path, text).unwrap();
    let mut command = place.command_of(env!("CARGO_BIN_EXE_tenure"), arguments);
    command.stdin(Stdio::from(fs::File::open(&path).unwrap()));
    let ran = Place::finish(command);
    fs::remove_file(path).unwrap();
    ran
}

#[test]
fn a_leaked_string_leads_to_what_it_is_whose_and_where_its_copies_are() {
    let place = read_machine();
    let found = piped(&place, &["find"], format!("{}\n", secret()).as_bytes()).ended(0);
    let handle = piped(&place, &["find", "--quiet"], secret().as_bytes()).ended(0).out;
    let handle = handle.trim();
    insta::assert_snapshot!("find_token", normalised(&found.out, &place).replace(handle, "[HANDLE]"));
    assert!(!found.all().contains(&secret()));
    let env =
        piped(&place, &["find", "--json"], format!("A=1\nexport T='{}'\n", secret()).as_bytes()).ended(0);
    let document = env.json();
    assert_eq!(
        (&document["known"], &document["secrets"][0]["line"]),
        (&true.into(), &2.into()),
        "{document}"
    );
    assert_eq!(document["secrets"][0]["copies"].as_array().unwrap().len(), 2, "{document}");
    place.done(&["show", handle]);
}

#[test]
fn a_public_key_and_its_fingerprint_lead_to_the_account_it_opens() {
    let place = read_machine();
    let by_key = piped(&place, &["find", "--json"], PUBLIC_KEY.as_bytes()).ended(0).json();
    let found = &by_key["secrets"][0]["credentials"][0];
    assert!(found["holder"].as_str().unwrap().contains("ada"), "{by_key}");
    let listed = place.done(&["credentials", "--json"]).out;
    let digest = listed.split('"').find(|text| text.starts_with("SHA256:")).unwrap();
    let by_digest = place.done(&["find", "--json", "--fingerprint", digest]).json();
    assert_eq!(&by_digest["secrets"][0]["credentials"][0], found);
    let other = format!("SHA256:{}", "A".repeat(43));
    assert_eq!(place.run(&["find", "--fingerprint", &other]).code, 1);
    assert_eq!(place.run(&["find", "--fingerprint", "hunter2"]).code, 1);
}

#[test]
fn a_string_that_nobody_holds_ends_with_1_and_stays_nowhere() {
    let place = read_machine();
    let mut up = place.begin(&["up", "--listen", "none", "--log", "json"]);
    up.until("Next: ");
    let unknown = piped(&place, &["find"], UNKNOWN.as_bytes()).ended(1);
    insta::assert_snapshot!("find_unknown", normalised(&unknown.out, &place));
    let stopped = up.stop().ended(0);
    place.done(&["evidence", "export", "all.tenure"]);
    let listed = place.done(&["evidence", "log"]).out;
    assert!(listed.contains("secret.looked_up"), "{listed}");
    for said in [unknown.all(), stopped.all()] {
        assert!(!said.contains(UNKNOWN), "{said}");
    }
    let holds = |content: &[u8]| content.windows(UNKNOWN.len()).any(|part| part == UNKNOWN.as_bytes());
    let holding: Vec<PathBuf> =
        place.files().into_iter().filter(|(_, content)| holds(content)).map(|(path, _)| path).collect();
    assert_eq!(holding, Vec::<PathBuf>::new());
}

#[test]
fn a_string_in_an_argument_is_refused_and_not_repeated() {
    let place = Place::new();
    let mut all = String::new();
    for arguments in [
        &["find", "hunter2"] as &[&str],
        &["find", "--hunter2"],
        &["find", "--", "hunter2"],
        &["find", "a", "hunter2"],
    ] {
        let ran = place.run(arguments).ended(2);
        assert!(!ran.all().contains("hunter2"), "{ran:?}");
        all = ran.err;
    }
    insta::assert_snapshot!(all, @r"
    Not done: a string in an argument is refused
      why:  everybody on this machine can list the arguments of a running command, and shells keep them in their history
      kept: nothing was looked up
      next: run tenure find and paste it, or tenure find < FILE; if it was a real secret, change it
    ");
    for (text, why) in [
        (b"".as_slice(), "nothing on standard input"),
        (b"\n", "nothing on standard input"),
        (b"\xff\xfe", "not text in UTF-8"),
        (&vec![b'x'; 65_537], "longer than 64 KiB"),
    ] {
        let ran = piped(&place, &["find"], text).ended(2);
        assert!(ran.err.contains(why), "{ran:?}");
    }
}

#[test]
fn at_a_terminal_nothing_that_is_pasted_is_shown_or_left_for_the_shell() {
    if !there_is_a_terminal() {
        return;
    }
    let place = read_machine();
    let mut typing = Typing::begin(&place, &["find"]);
    typing.until("Ctrl-D: ").press(&format!("# a file\nT={}\n\u{4}", secret()));
    let (code, said) = typing.ended();
    assert!(code == 0 && said.contains("Line 2"), "{said}");
    assert!(!said.contains(&secret()) && !said.contains("# a file"), "{said}");
}
