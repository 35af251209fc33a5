//! Files that a group may read, or others may change: said where a further person is in the group and gets to the file, and nowhere else.
//!
//! Groups of files cannot be chosen without being root, so what the group of a file here is decides which one is planted.

use crate::machine::Machine;
use crate::surveyed::{survey, token};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use tenure_model::{names, text};

/// What is said of a login that the group of the file may read, on a machine with these accounts and this group.
fn said(mode: u32, home: u32, people: &str, group: &str) -> Option<String> {
    told(names::READABLE_BY, mode, home, people, group)
}

fn told(fact: &str, mode: u32, home: u32, people: &str, group: &str) -> Option<String> {
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
    text(&credential.facts, fact).map(str::to_owned)
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

#[test]
fn a_file_that_others_may_change_or_put_another_in_the_place_of_says_so() {
    let told = |mode, home, group: &str| told(names::WRITABLE_BY, mode, home, BOB, group);
    let (alone, colleague) = ("staff:x:GID:\n", "staff:x:GID:bob\n");
    let by_all = |mode: &str| Some(format!("everybody on this machine, at ~own/.netrc (mode {mode})"));
    assert_eq!(told(0o602, 0o755, alone), by_all("0602"), "not even read by them");
    assert_eq!(told(0o666, 0o711, alone), by_all("0666"));
    let by_group = Some(String::from("group staff, at ~own/.netrc (mode 0620)"));
    assert_eq!(told(0o620, 0o755, colleague), by_group);
    let replaced = "everybody on this machine, by putting another in the place of ~own/.netrc: a folder on its way is open to all";
    assert_eq!(told(0o600, 0o777, alone).as_deref(), Some(replaced));
    // Nobody else gets to it, nobody else is in the group, or the sticky bit keeps it its owner's.
    assert_eq!(told(0o666, 0o700, colleague), None);
    assert_eq!(told(0o660, 0o755, alone), None);
    assert_eq!(told(0o600, 0o1777, alone), None);
    assert_eq!(told(0o644, 0o755, colleague), None, "reading is not changing");
}

#[test]
fn a_unit_and_a_file_of_keys_that_others_may_change_say_so() {
    let mut machine = Machine::new(42);
    machine.put("etc/passwd", 0o644, "own:x:5000:5000::/srv/own:/bin/sh\n");
    let unit = "[Service]\nUser=own\nExecStart=/bin/true\n";
    machine.put("etc/systemd/system/open.service", 0o646, unit);
    machine.put("etc/systemd/system/closed.service", 0o644, unit);
    machine.put(
        "srv/own/.ssh/authorized_keys",
        0o646,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ci\n",
    );
    for folder in ["srv", "srv/own", "srv/own/.ssh", "etc", "etc/systemd", "etc/systemd/system"] {
        std::fs::set_permissions(machine.path(folder), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let seen = survey(&machine);
    let defined = |name: &str| {
        let unit = seen.principals().find(|one| one.name == name).unwrap();
        text(&unit.facts, names::WRITABLE_BY).map(str::to_owned)
    };
    assert_eq!(
        defined("open.service").as_deref(),
        Some("everybody on this machine, at /etc/systemd/system/open.service (mode 0646)")
    );
    assert_eq!(defined("closed.service"), None);
    let key = seen.credential_of("own/key:ci");
    assert_eq!(
        text(&key.facts, names::WRITABLE_BY),
        Some("everybody on this machine, at ~own/.ssh/authorized_keys (mode 0646)")
    );
}
