//! Readings of a real OpenLDAP: what is found, and each way in which a line or a server can be wrong, with its twin.
//!
//! What becomes of a reading is tested in `tenure-engine`, `ldap.rs`. Next: `crates/tenure-testbed/src/ldap.rs`, the server.

use std::{sync::Arc, time::Duration};
use tenure_call::PrivateAddresses;
use tenure_ldap::{Attributes, Directory, Membership, NotRead, Part, Reading, Security};
use tenure_model::Secret;
use tenure_testbed::{LdapOptions, LdapServer, needs};

const PEOPLE: &str = "ou=people,dc=example,dc=com";
const GROUPS: &str = "ou=groups,dc=example,dc=com";

fn part(base: &str, filter: &str) -> Part {
    Part { base: base.to_owned(), filter: filter.to_owned() }
}

fn directory(server: &LdapServer) -> Directory {
    let (bind_dn, password) = server.reader();
    Directory {
        host: String::from("127.0.0.1"),
        port: server.tls_port(),
        security: Security::Tls,
        private: PrivateAddresses::Refused,
        authorities: tenure_tls::authorities(&server.certificate()).unwrap(),
        bind_dn,
        password: Arc::new(Secret::new(password)),
        people: part(PEOPLE, "(objectClass=inetOrgPerson)"),
        groups: Some(part(GROUPS, "(objectClass=groupOfNames)")),
        attributes: Attributes::open_ldap(),
        people_max: 10_000,
        patience: Duration::from_mins(1),
    }
}

fn started(people: &[&str]) -> LdapServer {
    let server = LdapServer::start(LdapOptions::default()).unwrap();
    for uid in people {
        server.add_person(uid).unwrap();
    }
    server
}

fn names(reading: &Reading) -> Vec<&str> {
    let mut names: Vec<&str> = reading.people.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names
}

fn group(cn: &str, members: &[&str]) -> String {
    let members: String =
        members.iter().fold(String::new(), |all, dn| all + &format!("member: {dn},dc=example,dc=com\n"));
    format!("dn: cn={cn},{GROUPS}\nobjectClass: groupOfNames\ncn: {cn}\n{members}\n")
}

/// Who is in a group, by name.
fn members(reading: &Reading, name: &str) -> Vec<String> {
    let group = reading.groups.iter().find(|group| group.name == name).unwrap();
    let mut names: Vec<String> = group
        .people
        .iter()
        .map(|id| reading.people.iter().find(|one| one.id == *id).unwrap().name.clone())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn people_are_known_by_the_id_that_never_changes_wherever_they_move() {
    needs!(ldap);
    let server = started(&["ada", "bob"]);
    let directory =
        Directory { people: part("dc=example,dc=com", "(objectClass=inetOrgPerson)"), ..directory(&server) };
    let before = directory.read().await.unwrap();
    assert_eq!((names(&before), &before.cut, before.faults.len()), (vec!["ada", "bob"], &None, 0));
    let ada = before.people.iter().find(|one| one.name == "ada").unwrap().clone();
    assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    server
        .modify(&format!(
            "dn: uid=ada,{PEOPLE}\nchangetype: modrdn\nnewrdn: uid=grace\ndeleteoldrdn: 1\nnewsuperior: ou=away,dc=example,dc=com\n"
        ))
        .unwrap();
    let after = directory.read().await.unwrap();
    assert_eq!(names(&after), ["bob", "grace"]);
    assert_eq!(
        after.people.iter().find(|one| one.name == "grace").unwrap().id,
        ada.id,
        "a rename is a mover"
    );
    server.add_person("ada").unwrap();
    let again = directory.read().await.unwrap();
    let other = again.people.iter().find(|one| one.name == "ada").unwrap();
    assert_ne!(other.id, ada.id, "a name that is used again is another person");
}

#[tokio::test]
async fn groups_hold_who_is_in_them_by_others_and_a_circle_ends() {
    needs!(ldap);
    let server = started(&["ada", "bob", "cy"]);
    let ldif = [
        group("inner", &["uid=ada,ou=people", "cn=outer,ou=groups"]),
        group("outer", &["UID=Bob , ou=People", "cn=inner,ou=groups", "uid=nobody,ou=people"]),
        group("other", &["uid=cy,ou=people"]),
    ];
    server.add(&ldif.concat()).unwrap();
    let reading = directory(&server).read().await.unwrap();
    assert_eq!(members(&reading, "outer"), ["ada", "bob"]);
    assert_eq!(members(&reading, "inner"), ["ada", "bob"]);
    assert_eq!(members(&reading, "other"), ["cy"], "its twin, in no circle");
    let without = Directory { groups: None, ..directory(&server) }.read().await.unwrap();
    assert_eq!((without.says_groups, without.groups.len(), names(&without).len()), (false, 0, 3));
}

#[tokio::test]
async fn the_form_of_microsoft_is_read_with_its_ids_its_names_and_who_is_disabled() {
    needs!(ldap);
    let server = started(&[]);
    let entry = |dn: &str, guid: &str, name: &str, rest: &str| {
        format!(
            "dn: {dn},dc=example,dc=com\nobjectClass: inetOrgPerson\nobjectClass: adLike\ncn: x\nsn: x\ndisplayName: The {name}\n\
             objectGUID:: {guid}\nsAMAccountName: {name}\n{rest}\n"
        )
    };
    // Bytes 0 to 15, and 16 to 31, and 15 of them.
    let (one, other, short) =
        ("AAECAwQFBgcICQoLDA0ODw==", "EBESExQVFhcYGRobHB0eHw==", "AAECAwQFBgcICQoLDA0O");
    let of = |group: &str| format!("memberOf: cn={group},{GROUPS}\n");
    server
        .add(
            &[
                entry("uid=a,ou=people", one, "ada", &format!("userAccountControl: 512\n{}", of("inner"))),
                entry("uid=b,ou=people", other, "bob", "userAccountControl: 514\n"),
                entry("uid=c,ou=people", short, "cy", "userAccountControl: 512\n"),
                format!("{}\n", entry("cn=inner,ou=groups", "ICEiIyQlJicoKSorLC0uLw==", "i", &of("outer"))),
                format!("{}\n", entry("cn=outer,ou=groups", "MDEyMzQ1Njc4OTo7PD0+Pw==", "o", "")),
            ]
            .concat(),
        )
        .unwrap();
    let groups = Some(part(GROUPS, "(objectClass=adLike)"));
    let directory = Directory {
        people: part(PEOPLE, "(sAMAccountName=*)"),
        attributes: Attributes {
            group_name: String::from("sAMAccountName"),
            ..Attributes::active_directory()
        },
        groups,
        ..directory(&server)
    };
    let reading = directory.read().await.unwrap();
    let shown: Vec<_> = reading
        .people
        .iter()
        .map(|one| (one.id.as_str(), one.name.as_str(), one.display_name.as_deref(), one.active))
        .collect();
    assert_eq!(
        shown,
        [
            ("03020100-0504-0706-0809-0a0b0c0d0e0f", "ada", Some("The ada"), true),
            ("13121110-1514-1716-1819-1a1b1c1d1e1f", "bob", Some("The bob"), false),
        ]
    );
    assert_eq!(
        (members(&reading, "i"), members(&reading, "o")),
        (vec![String::from("ada")], vec![String::from("ada")])
    );
    assert!(reading.faults[0].contains("sixteen bytes") && reading.cut.is_some(), "{reading:?}");
}

#[tokio::test]
async fn an_entry_that_cannot_be_used_gets_a_line_and_costs_nobody_else() {
    needs!(ldap);
    let server = started(&["ada"]);
    let long = "x".repeat(600);
    // Base 64: a line break, a mark that turns the reading direction, and a zero byte inside names.
    for (cn, uid) in [
        ("one", "uid:: YQpi"),
        ("two", "uid:: YeKArmI="),
        ("three", "uid:: YQBi"),
        ("four", &format!("uid: {long}")),
        ("five", ""),
    ] {
        server
            .add(&format!("dn: cn={cn},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: {cn}\nsn: x\n{uid}\n"))
            .unwrap();
    }
    let reading = directory(&server).read().await.unwrap();
    assert_eq!((names(&reading), reading.unclear.len(), &reading.cut), (vec!["ada"], 5, &None));
    for expected in [
        "`cn=one,ou=people,dc=example,dc=com`: `uid` has control",
        "cn=two",
        "cn=three",
        "more than 512",
        "it has no `uid`",
    ] {
        assert!(
            reading.faults.iter().any(|line| line.contains(expected)),
            "{expected}: {:#?}",
            reading.faults
        );
    }
    let none = Attributes { id: String::from("employeeNumber"), ..Attributes::open_ldap() };
    let reading = Directory { attributes: none, ..directory(&server) }.read().await.unwrap();
    assert!(reading.cut.unwrap().contains("no id"), "who it is cannot be told: nobody is gone");
}

#[tokio::test]
async fn of_several_names_the_one_that_names_the_entry_counts_and_nobody_chooses_theirs() {
    needs!(ldap);
    let server = started(&["zoe"]);
    let add = |uid: &str| format!("dn: uid=zoe,{PEOPLE}\nchangetype: modify\nadd: uid\nuid: {uid}\n");
    server.modify(&add("admin")).unwrap();
    let reading = directory(&server).read().await.unwrap();
    assert_eq!((names(&reading), reading.faults.len()), (vec!["zoe"], 0));
    let entry = format!("dn: cn=two,{PEOPLE}\nobjectClass: inetOrgPerson\ncn: two\nsn: x\nuid: a\nuid: b\n");
    server.add(&entry).unwrap();
    let reading = directory(&server).read().await.unwrap();
    assert_eq!((names(&reading), reading.unclear.len()), (vec!["zoe"], 1));
    assert!(
        reading.faults[0].contains("it has 2 values of `uid`, and none of them names the entry"),
        "{reading:?}"
    );
}

#[tokio::test]
async fn many_come_page_by_page_and_a_limit_of_the_server_makes_the_reading_incomplete() {
    needs!(ldap);
    let mut server = LdapServer::start(LdapOptions { is_encrypted: true, size_limit: Some(10) }).unwrap();
    let entry =
        |n: u32| format!("dn: uid=p{n},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: p\nsn: p\n\n");
    server.add(&(0..1_201).map(entry).collect::<String>()).unwrap();
    let cut = directory(&server).read().await.unwrap();
    assert!(cut.cut.as_deref().unwrap().contains("size limit"), "{:?}", cut.cut);
    assert!(cut.people.len() <= 10, "{}", cut.people.len());
    server.restart(LdapOptions { is_encrypted: true, size_limit: Some(5_000) }).unwrap();
    let whole = directory(&server).read().await.unwrap();
    assert_eq!((whole.people.len(), whole.cut), (1_201, None), "its twin");
    let few = Directory { people_max: 1_200, ..directory(&server) };
    let why = few.read().await.unwrap_err();
    assert_eq!(why.to_string(), "more than 1200 people: name a narrower base, or a filter that means fewer");
    let few = Directory { people_max: 7, ..directory(&server) };
    assert!(
        few.read().await.unwrap_err().to_string().starts_with("more than 7 people"),
        "within a page, too"
    );
    let filtered = Directory { people: part(PEOPLE, "(|(uid=p7)(uid=p12*))"), ..directory(&server) };
    assert_eq!(filtered.read().await.unwrap().people.len(), 13, "p7, p12, p120 to p129, p1200");
}

#[tokio::test]
async fn a_line_is_encrypted_and_checked_or_no_password_goes_out() {
    needs!(ldap);
    let mut server = started(&["ada"]);
    let other = started(&[]);
    let start_tls = |server: &LdapServer| Directory {
        security: Security::StartTls,
        port: server.port(),
        ..directory(server)
    };
    assert_eq!(names(&start_tls(&server).read().await.unwrap()), ["ada"]);
    let plain = Directory { security: Security::Plain, port: server.port(), ..directory(&server) };
    assert_eq!(names(&plain.read().await.unwrap()), ["ada"], "on this machine alone");
    let authorities = tenure_tls::authorities(&other.certificate()).unwrap();
    for wrong in [
        Directory { authorities: authorities.clone(), ..directory(&server) },
        Directory { authorities, ..start_tls(&server) },
        Directory { host: String::from("localhost"), ..directory(&server) },
    ] {
        let why = wrong.read().await.unwrap_err().to_string();
        assert!(why.contains("not encrypted") && why.contains("ca_file"), "{why}");
    }
    let far = Directory { host: String::from("ldap.example.com"), ..plain };
    assert!(far.read().await.unwrap_err().to_string().contains("encrypted only"));
    let private = Directory { host: String::from("10.1.2.3"), ..directory(&server) };
    assert!(private.read().await.unwrap_err().to_string().contains("private"));
    let authorities = directory(&server).authorities;
    server.restart(LdapOptions { is_encrypted: false, size_limit: None }).unwrap();
    let why = Directory { authorities, ..start_tls(&server) }.read().await.unwrap_err();
    assert!(why.to_string().contains("does not offer STARTTLS"), "{why}");
}

#[tokio::test]
async fn what_the_directory_refuses_is_told_with_what_to_do() {
    needs!(ldap);
    let server = started(&["ada"]);
    let right = directory(&server);
    assert!(right.read().await.is_ok());
    let wrong = Directory { password: Arc::new(Secret::new(String::from("another"))), ..right.clone() };
    assert_eq!(
        wrong.read().await.unwrap_err().to_string(),
        "the directory refused the sign-in with 49: `bind_dn` or the password is not taken there"
    );
    let away = Directory { people: part("ou=nowhere,dc=example,dc=com", "(uid=*)"), ..right.clone() };
    assert!(away.read().await.unwrap_err().to_string().contains("people with 32"));
    for bad in [
        Directory { password: Arc::new(Secret::new(String::new())), ..right.clone() },
        Directory { people: part(PEOPLE, "uid=*"), ..right.clone() },
        Directory { people: part("people", "(uid=*)"), ..right.clone() },
        Directory {
            attributes: Attributes { name: String::from("u id"), ..Attributes::open_ldap() },
            ..right.clone()
        },
        Directory { host: String::from("a b"), ..right.clone() },
        Directory {
            attributes: Attributes { mail: String::from("userPassword"), ..Attributes::open_ldap() },
            ..right.clone()
        },
        Directory {
            attributes: Attributes { id: String::from("UID"), ..Attributes::open_ldap() },
            ..right.clone()
        },
    ] {
        assert!(matches!(bad.read().await, Err(NotRead::Settings(_))), "{bad:?}");
    }
    let of_members =
        Attributes { membership: Membership::OfMembers(String::from("memberOf")), ..Attributes::open_ldap() };
    assert!(Directory { attributes: of_members, ..right }.read().await.is_ok());
}

#[tokio::test]
async fn a_server_that_is_away_or_dies_in_the_middle_is_not_believed() {
    needs!(ldap);
    let mut server = started(&["ada"]);
    let soon = Directory { patience: Duration::from_secs(2), ..directory(&server) };
    server.pause().unwrap();
    let why = soon.read().await.unwrap_err().to_string();
    assert!(why.contains("not read within 2 s"), "{why}");
    server.resume().unwrap();
    let entry =
        |n: u32| format!("dn: uid=p{n},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: p\nsn: p\n\n");
    server.add(&(0..3_000).map(entry).collect::<String>()).unwrap();
    server.restart(LdapOptions { size_limit: Some(9_000), ..LdapOptions::default() }).unwrap();
    let reading = tokio::spawn({
        let directory = directory(&server);
        async move { directory.read().await }
    });
    tokio::task::yield_now().await;
    server.kill9().unwrap();
    if let Ok(whole) = reading.await.unwrap() {
        assert_eq!((whole.people.len(), whole.cut), (3_001, None), "it was through before it died");
    }
    let why = directory(&server).read().await.unwrap_err().to_string();
    assert!(why.contains("no line to the directory"), "{why}");
    server.restart(LdapOptions { size_limit: Some(9_000), ..LdapOptions::default() }).unwrap();
    assert_eq!(directory(&server).read().await.unwrap().people.len(), 3_001, "its twin");
}
