//! A file of claims from preview to survey, as people meet it: what is taken, what is gone, what is refused.
//!
//! No server is needed. The commands and the output of docs/import.md are compared as they stand there. What an import
//! says must never get beyond a claim. Next: `program.rs`.

use crate::program::{Place, normalised};

/// A mapping with a key alone, and what a person can do by hand.
const MAPPING: &str = "version = 1\nby_hand = [\"crmctl disable {name}\"]\n[principal]\nkey = \"id\"\nlogin = { is = true }\n\
     [[credential]]\nkey = { is = \"token\" }\nkind = { is = \"token\" }\n";

/// The content of a file that docs/import.md shows.
fn example(name: &str) -> String {
    let page = include_str!("../../../../docs/import.md");
    let (_, rest) = page.split_once(&format!("<!-- file: {name} -->\n")).unwrap();
    let (_, block) = rest.split_once('\n').unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// What docs/import.md shows below a command.
fn shown(command: &str) -> String {
    let page = include_str!("../../../../docs/import.md");
    let (_, rest) = page.split_once(&format!("$ {command}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// A place whose own path is free of links, with a file of these rows.
fn place_with(rows: &[&str]) -> Place {
    let place = Place::new();
    place.done(&["init"]);
    std::fs::write(place.path("crm.toml"), MAPPING).unwrap();
    write(&place, rows);
    place
}

fn write(place: &Place, rows: &[&str]) {
    let next = place.path("next.csv");
    std::fs::write(&next, format!("id,password\n{}", rows.join("\n") + "\n")).unwrap();
    std::fs::rename(next, place.path("list.csv")).unwrap();
}

fn add(place: &Place) -> crate::program::Ran {
    let url = format!("csv://{}", place.path("list.csv").display());
    let mapping = format!("mapping={}", place.path("crm.toml").display());
    place.done(&["source", "add", "crm", &url, "--option", &mapping])
}

fn presence(place: &Place) -> Vec<String> {
    let listed = place.done(&["principals", "--json"]).json();
    let mut told: Vec<String> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{} {}", item["name"].as_str().unwrap(), item["presence"].as_str().unwrap()))
        .collect();
    told.sort();
    told
}

#[test]
fn the_page_about_imports_shows_what_the_program_prints() {
    let place = Place::new();
    for name in ["identities.csv", "crm.toml"] {
        std::fs::write(place.path(name), example(name)).unwrap();
    }
    let command = "tenure import preview identities.csv --mapping crm.toml";
    let ran = place.done(&["import", "preview", "identities.csv", "--mapping", "crm.toml"]);
    let folder = place.path("").display().to_string();
    assert_eq!(ran.out.replace(&folder, "/srv/exports/"), shown(command));
    assert!(!place.data.exists(), "a preview needs no deployment and makes none");
    let json = place.done(&["import", "preview", "identities.csv", "--mapping", "crm.toml", "--json"]).json();
    assert_eq!(json["preview"]["principals"], 3);
    assert!(!json.to_string().contains("crm-7Hq2Zp9Vw4"), "{json}");
}

#[test]
fn a_preview_says_what_is_not_understood_and_what_looks_like_a_secret() {
    let place = Place::new();
    std::fs::write(place.path("m.toml"), MAPPING).unwrap();
    std::fs::write(place.path("l.csv"), "id,password,note\na,hunter2-hunter2,x\n,,\nb,\u{1b}[31m,y").unwrap();
    let ran = place.run(&["import", "preview", "l.csv", "--mapping", "m.toml"]).ended(1);
    insta::assert_snapshot!(normalised(&ran.out, &place));
    let absent = place.run(&["import", "preview", "none.csv", "--mapping", "m.toml"]).ended(1);
    insta::assert_snapshot!(normalised(&absent.err, &place));
    for (arguments, says) in [
        (&["import", "preview", "l.csv"][..], "needs a mapping"),
        (&["import", "preview", "l.txt"][..], "is not known by its name"),
        (&["import", "preview", "l.json", "--format", "prowler", "--mapping", "m.toml"][..], "built in"),
    ] {
        let refused = place.run(arguments).ended(2);
        assert!(refused.err.contains(says), "{refused:?}");
    }
}

#[test]
fn a_file_that_is_not_named_by_its_whole_path_is_refused_with_that_path() {
    let place = Place::new();
    place.done(&["init"]);
    for url in ["csv://list.csv", "csv://./list.csv"] {
        let refused = place.run(&["source", "add", "crm", url]).ended(2);
        assert!(refused.err.contains("a file is named by its whole path"), "{refused:?}");
        assert!(refused.err.contains("/list.csv") && refused.err.contains("csv:///"), "{refused:?}");
    }
}

#[test]
fn what_a_file_lists_is_a_claim_that_no_plan_can_reach() {
    let place = place_with(&["shop-bot,canary-4kq9zt7w2m", "desk,"]);
    let added = add(&place);
    assert!(added.out.contains("cannot act on what it lists, or prove anything about it"), "{added:?}");
    place.done(&["survey", "crm"]);
    assert_eq!(presence(&place), ["desk present", "shop-bot present"]);
    for command in ["revoke", "disable"] {
        let refused =
            place.run(&[command, "crm/shop-bot", "--reason", "left", "--yes", "crm/shop-bot"]).ended(1);
        assert!(
            refused.err.contains("Tenure can only read this source and carries out nothing there"),
            "{refused:?}"
        );
        assert!(refused.err.contains("--by-hand"), "{refused:?}");
    }
    assert_eq!(place.done(&["plans", "--quiet"]).out, "");
    let by_hand = place.run(&["revoke", "crm/shop-bot", "--by-hand", "--quiet"]).ended(0);
    assert!(by_hand.out.contains("crmctl disable 'shop-bot'"), "{by_hand:?}");
    let shown = place.done(&["show", "crm/shop-bot", "--json"]).json().to_string();
    assert!(shown.contains("\"claimed\"") && shown.contains("list.csv:2"), "{shown}");
    assert!(!shown.contains("\"retired\""));
    let page = place.done(&["show", "crm/shop-bot"]);
    assert!(
        page.out.contains("Not ended from here") && page.out.contains("a claim of a file (P0)"),
        "{page:?}"
    );
    assert!(!format!("{}{}", page.out, page.err).contains("tenure revoke"), "{page:?}");
    let told = place.done(&["doctor", "--json"]).json().to_string();
    assert!(told.contains("somebody's word (P0)"), "{told}");
    let canary = b"canary-4kq9zt7w2m";
    for (path, content) in place.files().iter().filter(|(path, _)| path.starts_with(&place.data)) {
        assert!(!content.windows(canary.len()).any(|part| part == canary), "{}", path.display());
    }
}

#[test]
fn what_a_file_no_longer_lists_is_gone_and_never_retired() {
    let rows = ["a,", "b,", "c,", "d,", "e,", "f,", "g,", "h,"];
    let place = place_with(&rows);
    add(&place);
    place.done(&["survey", "crm"]);
    write(&place, &rows[1..]);
    place.done(&["survey", "crm"]);
    let after = presence(&place);
    assert_eq!((after[0].as_str(), after[1].as_str()), ("a gone", "b present"));
    // A file that is not there, or broken, makes nothing gone.
    std::fs::remove_file(place.path("list.csv")).unwrap();
    let failed = place.run(&["survey", "crm"]).ended(1);
    assert!(failed.all().contains("is not there"), "{failed:?}");
    assert_eq!(presence(&place), after);
    write(&place, &["b,", "c"]);
    place.run(&["survey", "crm"]);
    assert_eq!(presence(&place), after, "a part makes nothing gone");
    // One that loses most of its rows is held for a person.
    write(&place, &["b,"]);
    let held = place.run(&["survey", "crm"]);
    assert!(held.all().contains("would disappear"), "{held:?}");
    assert_eq!(presence(&place), after);
}
