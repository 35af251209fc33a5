//! Files that a group may read: said where a further person is in the group and gets to the file, and nowhere else.
//!
//! Groups of files cannot be chosen without being root, so what the group of a file here is decides which one is planted.

use crate::machine::Machine;
use crate::surveyed::{survey, token};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use tenure_model::{names, text};

/// What is said of a login that the group of the file may read, on a machine with these accounts and this group.
fn said(mode: u32, home: u32, people: &str, group: &str) -> Option<String> {
    let mut machine = Machine::new(41);
    let login = token(&mut machine);
    machine.put("srv/own/.netrc", mode, &login);
    let file = std::fs::metadata(machine.path("srv/own/.netrc")).unwrap();
    std::fs::set_permissions(machine.path("srv/own"), std::fs::Permissions::from_mode(home)).unwrap();
    let numbers =
        |text: &str| text.replace("UID", &file.uid().to_string()).replace("GID", &file.gid().to_string());
    machine.put("etc/passwd", 0o644, numbers(&format!("own:x:UID:5000::/srv/own:/bin/sh\n{people}")));
    machine.put("etc/group", 0o644, numbers(group));
    let seen = survey(&machine);
    let credential = seen.credential_of("~own/.netrc[ci]");
    text(&credential.facts, names::READABLE_BY).map(str::to_owned)
}

const BOB: &str = "bob:x:1717:1717::/srv/bob:/bin/bash\n";

#[test]
fn a_file_that_a_group_with_somebody_in_it_may_read_says_so() {
    let expect = Some(String::from("group staff, at ~own/.netrc (mode 0640)"));
    assert_eq!(said(0o640, 0o755, BOB, "staff:x:GID:bob\n"), expect);
    assert_eq!(said(0o640, 0o750, BOB, "staff:x:GID:bob\n"), expect, "the directory lets the group through");
    // A group that is the primary one of somebody else.
    assert_eq!(said(0o640, 0o755, "bob:x:1717:GID::/srv/bob:/bin/bash\n", "staff:x:GID:\n"), expect);
}

#[test]
fn a_group_of_nobody_else_of_services_or_of_administrators_says_nothing() {
    let nothing = |mode, home, people: &str, group: &str| {
        assert_eq!(said(mode, home, people, group), None, "{mode:o} {home:o} {people} {group}");
    };
    nothing(0o640, 0o755, BOB, "staff:x:GID:\nothers:x:4141:bob\n");
    nothing(0o640, 0o755, BOB, "staff:x:GID:own\n");
    nothing(0o640, 0o755, "postgres:x:113:121::/var/lib/postgresql:/bin/bash\n", "ssl-cert:x:GID:postgres\n");
    nothing(0o640, 0o755, BOB, "sudo:x:27:bob\nstaff:x:GID:bob\n");
    nothing(0o600, 0o755, BOB, "staff:x:GID:bob\n");
    nothing(0o640, 0o700, BOB, "staff:x:GID:bob\n");
}
