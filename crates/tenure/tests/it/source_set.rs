//! A source is changed without removing it: what is said, what is kept, what is refused.

use crate::program::{Place, normalised};

/// A deployment with an empty machine as its source.
fn with_a_machine() -> Place {
    let place = Place::new().with("TENURE_HOST", "none");
    place.done(&["init"]);
    let root = place.path("machine");
    std::fs::create_dir_all(root.join("etc")).unwrap();
    std::fs::write(root.join("etc/passwd"), "deploy:x:1001:1001::/srv/deploy:/bin/sh\n").unwrap();
    place.done(&["source", "add", "box", &format!("host://{}", root.display())]);
    place.done(&["survey", "box"]);
    place
}

#[test]
fn an_option_is_set_and_unset_and_what_was_seen_stays() {
    let place = with_a_machine();
    let before = place.done(&["identities", "--json"]).json()["items"].clone();
    let preview = place.done(&["source", "set", "box", "processes=yes", "--preview"]);
    let options = || place.done(&["source", "list", "--json"]).json()["items"][0]["options"].clone();
    assert_eq!(options(), serde_json::json!({}));
    let set = place.done(&["source", "set", "box", "processes=yes"]);
    assert_eq!(options(), serde_json::json!({ "processes": "yes" }));
    let again = place.done(&["source", "set", "box", "--option", "processes=yes"]);
    let unset = place.done(&["source", "set", "box", "--unset", "processes"]);
    assert_eq!(options(), serde_json::json!({}));
    let first = |text: &str| text.lines().take(3).collect::<Vec<_>>().join("\n");
    let said = [preview.out, first(&set.out), again.out, first(&unset.out)];
    insta::assert_snapshot!(normalised(&said.join("\n"), &place));
    place.done(&["survey", "box"]);
    assert_eq!(place.done(&["identities", "--json"]).json()["items"], before);
}

#[test]
fn what_cannot_be_set_is_refused_and_says_what_to_do() {
    let place = with_a_machine();
    let refused = |arguments: &[&str]| {
        let ran = place.run(&[&["source", "set"], arguments].concat());
        format!(
            "$ tenure source set {}\n{}exit {}",
            arguments.join(" "),
            normalised(&ran.err, &place),
            ran.code
        )
    };
    let texts = [
        refused(&["box"]),
        refused(&["box", "processes"]),
        refused(&["box", "processes=perhaps"]),
        refused(&["box", "processes=yes", "--unset", "processes"]),
        refused(&["box", "--point", "primary=host:///elsewhere"]),
        refused(&["box", "--no-point", "primary"]),
        refused(&["box", "--point", "x=ssh://u:p@h"]),
        refused(&["nowhere", "processes=yes"]),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

/// No machine is asked for its host key while what else was said about it cannot be used.
#[test]
fn a_machine_over_ssh_is_not_contacted_before_its_options_can_be_used() {
    let place = Place::new().with("TENURE_HOST", "none");
    place.done(&["init"]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    nobody.set_nonblocking(true).unwrap();
    let url = format!("ssh://tenure@{}", nobody.local_addr().unwrap());
    let refused = |options: &[&str]| {
        let mut arguments = vec!["source", "add", "web-1", &url];
        arguments.extend(options.iter().flat_map(|option| ["--option", option]));
        place.run(&arguments).ended(1).err.lines().nth(1).unwrap().to_owned()
    };
    let texts =
        [refused(&[]), refused(&["key-file=key"]), refused(&["key-file=/k", "colour=red"])].join("\n");
    insta::assert_snapshot!(texts);
    assert!(nobody.accept().is_err(), "somebody came");
}
