//! An identity that somebody confirms: as it was shown, or not at all.

use crate::program::Place;
use std::fs;

/// A deployment that read a machine with one key in it, under a programme that asks every 90 days; the key's name.
fn asked() -> (Place, String) {
    let place = Place::new();
    let root = place.folder.path().join("machine");
    fs::create_dir_all(root.join("srv/ada")).unwrap();
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/passwd"), "ada:x:1000:1000::/srv/ada:/bin/bash\n").unwrap();
    fs::write(
        root.join("srv/ada/.netrc"),
        "machine git.example login ci password R7f2Kd9mQw4xZb8nTc6vLp3s\n",
    )
    .unwrap();
    place.done(&["init"]);
    place.done(&["source", "add", "image", &format!("host://{}", root.display())]);
    place.done(&["survey", "image"]);
    let listed = place.done(&["identities", "--json"]).json();
    let named = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"].as_str().unwrap().contains("netrc"));
    let name = named.unwrap_or_else(|| panic!("{listed}"))["handle"].as_str().unwrap().to_owned();
    (place, name)
}

#[test]
fn what_is_confirmed_is_what_was_shown() {
    let (place, name) = asked();
    let unowned = place.done(&["confirm", &name]).out;
    assert!(
        unowned.contains("owned by: nobody") && unowned.contains(&format!("tenure own {name}")),
        "{unowned}"
    );
    place.done(&["own", &name, "--purpose", "nightly fetch"]);
    let shown = place.done(&["confirm", &name]).out;
    for part in
        ["for: nightly fetch", "holds: 0 rights", "answered last: never", "Has to be confirmed now: no"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let word = shown
        .split("--yes ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .trim_end_matches('.')
        .to_owned();
    let other = place.run(&["confirm", &name, "--yes", "0123456789ab"]).ended(1);
    assert!(other.err.contains("it is not as it was shown"), "{other:?}");
    place.done(&["own", &name, "--purpose", "hourly fetch"]);
    let stale = place.run(&["confirm", &name, "--yes", &word]).ended(1);
    assert!(stale.err.contains("it is not as it was shown"), "{stale:?}");
    let shown = place.done(&["confirm", &name]).out;
    let word = shown
        .split("--yes ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .trim_end_matches('.')
        .to_owned();
    let done = place.done(&["confirm", &name, "--yes", &word]).out;
    assert!(done.contains("as it was shown"), "{done}");
    let again = place.done(&["confirm", &name]).out;
    assert!(again.contains(": confirmed") && !again.contains("answered last: never"), "{again}");
}

#[test]
fn what_is_not_needed_is_said_so_and_nothing_ends() {
    let (place, name) = asked();
    place.done(&["own", &name, "--purpose", "nightly fetch"]);
    let scope = place.done(&["confirm", &name, "--other-scope"]).out;
    assert!(scope.contains("needed, and not with this scope"), "{scope}");
    let not_needed = place.done(&["confirm", &name, "--not-needed", "--note", "replaced"]).out;
    assert!(
        not_needed.contains("Nothing was ended") && not_needed.contains("No plan was drafted: "),
        "{not_needed}"
    );
    let last = place.done(&["confirm", &name]).out;
    assert!(last.contains("it is not needed any more"), "{last}");
    let not_mine = place.run(&["confirm", &name, "--not-mine"]).ended(4);
    assert!(not_mine.all().contains(&format!("tenure own {name} --not-mine --ask PERSON")), "{not_mine:?}");
    let note = place.run(&["confirm", &name, "--note", "x"]).ended(2);
    assert!(note.err.contains("--note goes with"), "{note:?}");
}
