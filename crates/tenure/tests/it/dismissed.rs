//! A finding that somebody dismissed: no command counts it, every one that names it says so, and it ends when it gets worse.

use crate::program::Place;
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::SystemTime};

/// Thirty days from now, as `--until` takes it.
pub(crate) fn soon() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let days = 30 * 86_400_000_000;
    tenure_model::Instant::from_micros(i64::try_from(now).unwrap() + days).to_string()
}

/// A deployment that read a machine on which others can read one key; the file.
fn read_machine() -> (Place, PathBuf) {
    let place = Place::new();
    let root = place.folder.path().join("machine");
    let key = root.join("srv/ada/.netrc");
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/passwd"), "ada:x:1000:1000::/srv/ada:/bin/bash\n").unwrap();
    fs::write(&key, "machine git.example login ci password R7f2Kd9mQw4xZb8nTc6vLp3s\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o604)).unwrap();
    place.done(&["init"]);
    place.done(&["source", "add", "image", &format!("host://{}", root.display())]);
    place.done(&["survey", "image"]);
    (place, key)
}

/// How many findings `identities` counts for the one that has or had some.
fn counted(place: &Place) -> i64 {
    let listed: Value = place.done(&["identities", "--json"]).json();
    let rows = listed["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    rows.iter().map(|row| row["findings"].as_i64().unwrap()).sum()
}

#[test]
fn a_dismissed_finding_is_counted_by_no_command_until_it_gets_worse() {
    let (place, key) = read_machine();
    let finding = place.done(&["findings", "--json"]).json()["items"][0].clone();
    assert_eq!(finding["policy"], "readable_by_others", "{finding}");
    let (id, name) = (finding["id"].as_str().unwrap(), finding["identity_name"].as_str().unwrap());
    let explained = place.done(&["explain", name]).out;
    assert!(explained.contains("grace until"), "{explained}");
    assert!(
        explained.contains(": the grace of readable_by_others ends; it stays ? unclaimed"),
        "{explained}"
    );
    assert_eq!(counted(&place), 1);
    place.done(&["dismiss", id, "--reason", "a sample", "--until", &soon()]);
    let explained = place.done(&["explain", name]).out;
    assert!(
        explained.contains("dismissed, it counts again 20") && !explained.contains("grace until"),
        "{explained}"
    );
    assert_eq!(counted(&place), 0);
    assert!(place.done(&["findings", "--dismissed"]).out.contains("a sample"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    place.done(&["survey", "image"]);
    let explained = place.done(&["explain", name]).out;
    assert!(explained.contains("grace until"), "{explained}");
    assert_eq!(counted(&place), 1);
}

#[test]
fn a_group_is_shown_and_then_dismissed_one_by_one() {
    let (place, key) = read_machine();
    let logins = ["git", "shop", "mail"]
        .map(|host| format!("machine {host}.example login ci password R7f2Kd9mQw4xZb8nTc6vLp{host}\n"));
    fs::write(&key, logins.concat()).unwrap();
    place.done(&["survey", "image"]);
    let open = place.done(&["findings", "--json"]).json()["items"].as_array().unwrap().clone();
    let open: Vec<&Value> = open.iter().filter(|one| one["policy"] == "readable_by_others").collect();
    assert_eq!(open.len(), 3, "{open:?}");
    let id = open[0]["id"].as_str().unwrap();
    let shown = place.done(&["dismiss", id]).out;
    assert!(
        shown.contains("readable_by_others of") && shown.contains("3 findings are mended in one place"),
        "{shown}"
    );
    let until = soon();
    let group = ["dismiss", id, "--group", "--reason", "a sample", "--until", &until];
    let run = |further: &[&str]| place.run(&[&group, further].concat());
    let looked = run(&[]);
    assert_eq!(looked.code, 4, "{}", looked.all());
    assert!(looked.out.contains("Nothing was dismissed yet of 3 findings"), "{}", looked.all());
    let word_of =
        |out: &str| out.split_once("--yes ").unwrap().1.split(' ').next().unwrap().trim().to_owned();
    let word = word_of(&looked.out);
    // As many, but open to more: that was shown to nobody.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    place.done(&["survey", "image"]);
    for other in [word.as_str(), "3"] {
        let refused = run(&["--yes", other]);
        assert!(refused.code == 1 && refused.err.contains("another group than the one"), "{}", refused.all());
    }
    let listed = place.done(&["dismiss", id, "--group"]).out;
    assert_eq!(listed.matches("readable_by_others of").count(), 3, "each of the group once: {listed}");
    let unsaid = place.run(&["dismiss", id, "--group", "--yes", &word_of(&listed)]).ended(2);
    assert!(unsaid.err.contains("--yes agrees to a dismissal"), "{unsaid:?}");
    let listed_json = place.done(&["dismiss", id, "--group", "--json"]).json();
    assert_eq!(listed_json["group"].as_array().unwrap().len(), 3, "{listed_json}");
    let done = run(&["--yes", &word_of(&listed)]);
    assert!(done.code == 0 && done.out.contains("Dismissed 3 of 3 findings"), "{}", done.all());
    let listed = place.done(&["findings", "--dismissed", "--json"]).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
    let again = place.done(&["dismiss", id]).out;
    assert!(again.contains("--withdraw makes it count again"), "{again}");
    place.done(&["dismiss", id, "--withdraw"]);
    assert_eq!(counted(&place), 1, "each is taken back by itself");
    let back = ["dismiss", id, "--group", "--withdraw"];
    let looked = place.run(&back);
    assert_eq!(looked.code, 4, "{}", looked.all());
    assert!(looked.out.contains("Nothing was taken back yet of 2 dismissals"), "{}", looked.all());
    assert_eq!(looked.out.matches("readable_by_others of").count(), 2, "each is shown: {}", looked.all());
    assert_eq!(counted(&place), 1, "nothing was taken back by looking");
    let other = place.run(&[&back[..], &["--yes", "2-00000000"]].concat()).ended(1);
    assert!(other.err.contains("it is another group than the one that was shown"), "{other:?}");
    let word = looked.out.split("--yes ").nth(1).unwrap().split_whitespace().next().unwrap();
    let took = place.done(&[&back[..], &["--yes", word]].concat());
    assert!(took.out.contains("Took back 2 of 2 dismissals"), "{took:?}");
    assert_eq!(counted(&place), 3);
    let nothing = place.run(&back).ended(1);
    assert!(nothing.err.contains("none of it is dismissed"), "{nothing:?}");
}
