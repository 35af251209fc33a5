//! A running server as an independent SCIM client finds it; a list of people, as CSV; and a directory that is read by LDAP.
//!
//! What the tester does not look at (tokens, holds, hostile input) is tested in `tenure-server`, `scim.rs`. Next: docs/people.md.

use crate::kill::wait_for;
use crate::program::Place;
use std::net::TcpListener;
use tenure_testbed::{LdapOptions, LdapServer, needs, test_scim};

/// Checks that the tester of this version makes, at least: fewer means that it stopped looking.
const CHECKS_MIN: usize = 70;

#[test]
fn every_check_of_an_independent_scim_tester_succeeds() {
    needs!(scim);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new();
    let mut up = place.begin(&["up", "--listen", &format!("127.0.0.1:{port}"), "--json"]);
    up.until("\n}\n");
    let token = place.done(&["people", "scim-token", "--days", "1", "--quiet"]).out;
    let url = format!("http://127.0.0.1:{port}/scim/v2");
    let verdict = test_scim(&url, token.trim()).unwrap();
    assert!(verdict.is_success() && verdict.succeeded >= CHECKS_MIN, "{verdict:#?}");
    // The twin: with a token that opens nothing here the same checks fail.
    let person = place.done(&["people", "list", "--quiet"]).out;
    let other = place.done(&["people", "token", person.trim(), "--days", "1", "--quiet"]).out;
    let refused = test_scim(&url, other.trim()).unwrap();
    assert!(!refused.is_success(), "{refused:#?}");
    let said = up.stop().ended(0).all();
    assert!(!said.contains(token.trim()), "{said}");
}

#[test]
fn a_list_of_people_is_shown_before_it_happens_and_happens_by_its_word() {
    let place = Place::new();
    place.done(&["init"]);
    let list = place.open_file("people.csv", "name,email,teams\nada,ada@example.com,platform\n=1+1,,\n");
    let list = list.to_str().unwrap();
    let shown = place.done(&["people", "import", list, "--preview"]).all();
    assert!(shown.contains("2 join: ada, =1+1") && shown.contains("new team platform: 1 more"), "{shown}");
    let undecided = place.run(&["people", "import", list]).ended(4).all();
    assert!(undecided.contains("nothing was changed"), "{undecided}");
    let word = place.done(&["people", "import", list, "--preview", "--json"]).json()["word"].clone();
    let word = word.as_str().unwrap();
    assert!(undecided.contains(&format!("--yes {word}")), "{undecided}");
    let other = place.run(&["people", "import", list, "--yes", "0000000000000000"]).ended(1).all();
    assert!(other.contains("look at it again"), "{other}");
    let done = place.done(&["people", "import", list, "--yes", word]).all();
    assert!(done.contains("2 joined, 0 changed, 0 came back, 0 left."), "{done}");
    let again = place.done(&["people", "import", list]).all();
    assert!(again.contains("Nothing changes: 2 people as the list says."), "{again}");
    let mistyped = place.open_file("mistyped.csv", "name,emial\nada,\n");
    let refused = place.run(&["people", "import", mistyped.to_str().unwrap(), "--preview"]).ended(1).all();
    assert!(refused.contains("line 1: there is no column `emial`; did you mean `email`?"), "{refused}");
}

#[test]
fn a_directory_is_read_by_hand_as_it_was_shown_and_by_the_server_on_its_own() {
    needs!(ldap);
    let server = LdapServer::start(LdapOptions::default()).unwrap();
    server.add_person("ada").unwrap();
    server
        .add(
            "dn: cn=platform,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: platform\n\
             member: uid=ada,ou=people,dc=example,dc=com\n",
        )
        .unwrap();
    let place = Place::new();
    place.done(&["init"]);
    assert!(place.done(&["people", "ldap"]).all().contains("No directory is read by LDAP."));
    let (bind_dn, password) = server.reader();
    let file = place.private_file("ldap-password", &password);
    let section = format!(
        "[[ldap]]\nname = \"corp\"\nurl = \"ldaps://127.0.0.1:{}\"\nca_file = \"{}\"\nbind_dn = \"{bind_dn}\"\n\
         password_file = \"{}\"\npeople_base = \"ou=people,dc=example,dc=com\"\n\
         groups_base = \"ou=groups,dc=example,dc=com\"\n",
        server.tls_port(),
        server.certificate().display(),
        file.display(),
    );
    let configure =
        |more: &str| std::fs::write(place.data.join("tenure.toml"), format!("{section}{more}")).unwrap();
    configure("");
    let listed = place.done(&["people", "ldap"]).all();
    assert!(
        listed.contains("corp") && listed.contains("tls") && listed.contains("not read since the start"),
        "{listed}"
    );
    let shown = place.done(&["people", "ldap", "corp", "--preview"]).all();
    assert!(shown.contains("1 joins: ada") && shown.contains("new team platform: 1 more"), "{shown}");
    let undecided = place.run(&["people", "ldap", "corp"]).ended(4).all();
    let word =
        place.done(&["people", "ldap", "corp", "--preview", "--json"]).json()["changes"]["word"].clone();
    let word = word.as_str().unwrap();
    assert!(
        undecided.contains("nothing was changed") && undecided.contains(&format!("corp --yes {word}")),
        "{undecided}"
    );
    let other = place.run(&["people", "ldap", "corp", "--yes", "0000000000000000"]).ended(1).all();
    assert!(other.contains("look at it again"), "{other}");
    let done = place.done(&["people", "ldap", "corp", "--yes", word]).all();
    assert!(done.contains("1 joined, 0 changed, 0 came back, 0 left."), "{done}");
    let again = place.done(&["people", "ldap", "corp"]).all();
    assert!(again.contains("Nothing changes: 1 person as the directory says."), "{again}");

    // The server reads on its own what is to be read: a joiner and a leaver.
    server.add_person("bob").unwrap();
    server.delete("uid=ada,ou=people,dc=example,dc=com").unwrap();
    configure("every_minutes = 1\n");
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    up.until("\n}\n");
    wait_for("the directory is read", || {
        let people = place.done(&["people", "list", "--quiet"]).out;
        people.contains("bob") && !people.contains("ada")
    });
    let listed = place.done(&["people", "ldap"]).all();
    assert!(listed.contains("every 1 min") && listed.contains("1 person"), "{listed}");
    let said = up.stop().ended(0).all();
    configure("people_filter = \"(uid=\"\n");
    let refused = place.run(&["people", "ldap"]).ended(2).all();
    assert!(refused.contains("`people_filter`") && refused.contains("docs/people.md"), "{refused}");
    for text in [said, listed, shown, undecided, other, refused] {
        assert!(!text.contains(&password) && !text.contains("cn=reader"), "{text}");
    }
}
