//! The first run, as a newcomer has it: one command on a planted machine, and where it leads.
//!
//! Its transcript is docs/first-run.md, and the first command of it stands in the README. `UPDATE_TOUR=1` rewrites
//! both; without it, they are compared with times, ids and ports levelled. Next: `first_look.rs`, the single behaviours.

use crate::program::Place;
use crate::transcript::{self, Transcript, typed};
use std::path::PathBuf;

const HEAD: &str = "# The first run\n\n\
One command on a machine that a small shop could have. Everything below is the output of\n\
`crates/tenure/tests/it/first_run.rs`, which runs in CI on the machine that `tenure demo DIRECTORY` plants; only paths, ids, keys\n\
and times were put in place of those of that run. On your own machine it is `tenure up`, without `--host`. To have this one:\n\
`tenure demo /tmp/small-shop`, then `tenure up --data /tmp/small-data --host host:///tmp/small-shop`, or, where Tenure runs already,\n\
`tenure source add demo host:///tmp/small-shop`.\n";

/// The machine that `tenure demo` plants.
fn planted(place: &Place) -> PathBuf {
    let root = place.folder.path().join("machine");
    let planted = place.done(&["demo", "machine"]);
    assert!(planted.out.contains("none of them real"), "{planted:?}");
    root
}

/// Each handle, and one that stays the same from run to run.
fn place_handles(listed: &serde_json::Value) -> Vec<(String, String)> {
    let handle = |row: &serde_json::Value| row["handle"].as_str().unwrap().to_owned();
    let stable = (b'a'..).map(|letter| format!("k7wd2{}", char::from(letter)));
    listed["items"].as_array().unwrap().iter().map(handle).zip(stable).collect()
}

#[test]
fn the_first_run() {
    let place = Place::new();
    let root = planted(&place);
    let mut transcript = Transcript::default();
    let host = format!("host://{}", root.display());
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--host", &host]);
    let said = up.until("Next: ");
    transcript.heading("One command");
    transcript.prose("Nothing is configured, nothing on the machine is changed, and no secret leaves it: values are kept as keyed fingerprints.");
    transcript.said("tenure up", &said);
    transcript.heading("What is there");
    transcript.prose(
        "What comes with the system is its vendor's; the rest is somebody's, and nobody has said yet whose.",
    );
    typed(&mut transcript, &place, "tenure identities", 0);
    transcript.heading("What is wrong whoever owns it");
    typed(&mut transcript, &place, "tenure findings --queue", 0);
    transcript.heading("One of them, from its copy to what is known");
    typed(&mut transcript, &place, "tenure show 'this-host/~ada/.aws/credentials[profile default]'", 0);
    transcript.heading("What could not be seen");
    typed(&mut transcript, &place, "tenure source list", 0);
    let listed = place.done(&["identities", "--json"]).json();
    up.stop().ended(0);
    let log = said.lines().find_map(|line| line.trim().strip_prefix("tenure-")).unwrap().to_owned();
    let home = place.path("").display().to_string();
    let handles = place_handles(&listed);
    let mut pairs = vec![
        (host.as_str(), "host:///"),
        (log.as_str(), "7f3a09c1+8c1e52d0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"),
        (log.split('+').next().unwrap(), "7f3a09c1"),
        (home.trim_end_matches('/'), "~"),
    ];
    pairs.extend(handles.iter().map(|(from, to)| (from.as_str(), to.as_str())));
    let text = transcript::settled(HEAD, &transcript.0, &pairs);
    transcript::compare("docs/first-run.md", &text);
    transcript::compare_part("README.md", "first", &transcript::command_of(&text, "tenure up"));
}

/// What is planted is random, below the directory, and goes into no directory that holds anything.
#[test]
fn a_machine_is_planted_once_and_never_over_anything() {
    let place = Place::new().with("TENURE_HOST", "none");
    place.done(&["demo", "one"]);
    place.done(&["demo", "two"]);
    let read =
        |root: &str| std::fs::read_to_string(place.path(root).join("srv/home/ada/.aws/credentials")).unwrap();
    assert_ne!(read("one"), read("two"), "values are drawn");
    let before = read("one");
    let again = place.run(&["demo", "one"]).ended(2);
    assert!(again.err.contains("is not empty"), "{again:?}");
    assert_eq!(read("one"), before);
    let open = place.path("open");
    std::fs::create_dir(&open).unwrap();
    let mode = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(&open, mode(0o777)).unwrap();
    for given in ["open", "open/below"] {
        let refused = place.run(&["demo", given]).ended(2);
        assert!(refused.err.contains("others may change"), "{refused:?}");
        assert!(!place.path(given).join("etc").exists(), "nothing is written where others may put a link");
    }
    // As in /tmp: there nobody takes another's directory away.
    std::fs::set_permissions(&open, mode(0o1777)).unwrap();
    place.done(&["demo", "open/sticky"]);
    assert!(place.run(&["demo", "../out"]).ended(2).err.contains("goes up with `..`"));
    std::fs::write(place.path("file"), "x").unwrap();
    assert!(place.run(&["demo", "file"]).ended(2).err.contains("no directory"));
    place.done(&["init"]);
    let address = format!("host://{}", place.path("one").display());
    place.done(&["source", "add", "demo", &address]);
    let read = place.done(&["survey", "demo"]);
    assert!(read.out.contains("demo: read whole"), "{read:?}");
    let found = place.done(&["findings", "--json"]).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 6, "{found:#}");
}
