//! What the walk through the console acts on: a planted machine whose files others can read, in the walk's own place.
//!
//! It plants and says what was planted; `console/e2e/acts.mjs` walks it. It must never name a file outside the place.

use crate::program::Place;
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Homes, each with a file of credentials, and its profiles: whoever walks without script acts on the first.
const HOMES: [(&str, &[&str]); 2] = [("ci", &["one", "two", "three"]), ("ada", &["four", "five"])];

fn put(path: &Path, mode: u32, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// No credential of anybody: made up here.
fn credentials(home: &str, profiles: &[&str]) -> String {
    let profile = |profile: &&str| {
        let id = format!("AKIA{:Q<16}", format!("{home}{profile}").to_uppercase());
        let secret = format!("{home}{profile}{}", "p9Xw3k2Vq7".repeat(4));
        format!(
            "[{profile}]\naws_access_key_id = {id}\naws_secret_access_key = {}\n",
            secret.get(..40).unwrap()
        )
    };
    profiles.iter().map(profile).collect()
}

/// Plants the machine, has it read as the source `box`, and says what can be done there: one set for each walker.
pub(crate) fn planted(place: &Place) -> Value {
    let root = place.path("machine");
    let passwd = "root:x:0:0:root:/root:/bin/bash\nci:x:4001:4001::/srv/ci:/bin/bash\n\
                  ada:x:4003:4003::/srv/ada:/bin/bash\nmate:x:4002:4002::/srv/mate:/bin/bash\n";
    put(&root.join("etc/passwd"), 0o644, passwd);
    put(&root.join("etc/group"), 0o644, "ci:x:4001:\nada:x:4003:\nmate:x:4002:\n");
    let unit = "[Service]\nUser=mate\nExecStart=/bin/true\n";
    put(&root.join("etc/systemd/system/nightly.service"), 0o644, unit);
    put(&root.join("proc/1/stat"), 0o444, "1 (init) S 0 1 1 0");
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    for (home, profiles) in HOMES {
        let file = root.join(format!("srv/{home}/.aws/credentials"));
        put(&file, 0o644, &credentials(home, profiles));
        file.ancestors().skip(1).take(3).for_each(open);
    }
    // Whoever tries to read a file comes as far as the file: the place itself holds only what nobody else may read.
    open(&root);
    open(place.folder.path());
    place.done(&["source", "add", "box", &format!("host://{}", root.display()), "--option", "lag-seconds=1"]);
    place.done(&["survey", "box"]);
    let found = place.done(&["findings", "--json"]).json()["items"].clone();
    Value::Array(HOMES.iter().map(|(home, _)| acts(place, &found, home)).collect())
}

fn acts(place: &Place, found: &Value, home: &str) -> Value {
    let file = format!("~{home}/.aws/credentials");
    let is_meant = |one: &&Value| one["policy"] == "readable_by_others" && one["cause"] == file.as_str();
    let group: Vec<&Value> = found.as_array().unwrap().iter().filter(is_meant).collect();
    assert!(group.len() > 1, "{found}");
    let address = |one: &Value| {
        let shown = place.done(&["show", one["identity"].as_str().unwrap(), "--json"]).json();
        format!("/identities/{}", shown["identity"]["handle"].as_str().unwrap())
    };
    let findings: Vec<String> = group
        .iter()
        .map(|one| format!("{}/findings/{}", address(one), one["id"].as_str().unwrap()))
        .collect();
    let seconds = if home == "ci" { "61" } else { "62" };
    let until = crate::dismissed::soon();
    let source = "box";
    json!({ "identity": address(group[0]), "file": file, "findings": findings, "source": source, "seconds": seconds, "until": until })
}
