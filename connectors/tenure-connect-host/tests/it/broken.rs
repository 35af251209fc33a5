//! Credential files that are huge, binary or half-written, devices, and homes with names that would break a report.
//!
//! The planted machine is broken in place, all of it in one way at a time: every format of the catalogue meets every
//! way. Nothing may be made up, nothing shown, and what was not read must be said.

use crate::machine::Machine;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use tenure_connect_host::{Limits, Reading, Special, ThingKind, Unread, Way};

/// Files in which something is planted, as places and as paths.
fn planted(machine: &Machine) -> Vec<(String, PathBuf)> {
    let places: BTreeSet<&String> = machine.real.iter().map(|(_, place, _)| place).collect();
    places.into_iter().map(|place| (place.clone(), machine.path(place.trim_start_matches('/')))).collect()
}

/// Kinds that say that a file is there and nothing of what is in it.
fn by_presence(kind: ThingKind) -> bool {
    matches!(
        kind,
        ThingKind::KeyStore | ThingKind::CloudFederation | ThingKind::ServiceUnit | ThingKind::TimerUnit
    )
}

fn read(machine: &Machine) -> Reading {
    let reading = machine.read();
    assert_eq!(reading, machine.read_with(Limits::default(), Way::Steps));
    let shown = format!("{reading:?}");
    assert!(
        machine.secrets.iter().all(|secret| !shown.contains(secret.as_str())),
        "a planted secret is shown"
    );
    reading
}

#[test]
fn of_half_written_files_nothing_is_made_up() {
    let machine = crate::planted::machine();
    let whole: BTreeSet<(String, ThingKind)> =
        read(&machine).found.iter().map(|found| (found.place.to_string(), found.kind)).collect();
    for (_, path) in planted(&machine) {
        let file = fs::File::options().write(true).open(&path).unwrap();
        let bytes = file.metadata().unwrap().len();
        file.set_len(bytes / 2).unwrap();
    }
    for found in read(&machine).found {
        let known = whole.contains(&(found.place.to_string(), found.kind));
        assert!(known || by_presence(found.kind), "{found:?}");
    }
}

#[test]
fn of_binary_files_nothing_is_found_but_that_they_are_there() {
    let mut machine = crate::planted::machine();
    fs::remove_dir_all(machine.path("etc/systemd/system/etl.service.d")).unwrap();
    for (_, path) in planted(&machine) {
        let noise = machine.draw.bytes(20_000);
        fs::write(&path, noise).unwrap();
    }
    let made_up: Vec<_> = read(&machine).found.into_iter().filter(|found| !by_presence(found.kind)).collect();
    assert!(made_up.is_empty(), "{made_up:#?}");
}

#[test]
fn huge_files_are_each_said_and_not_read() {
    let machine = crate::planted::machine();
    let places = planted(&machine);
    for (_, path) in &places {
        fs::File::options().write(true).open(path).unwrap().set_len(10 << 40).unwrap();
    }
    let reading = read(&machine);
    let large = |place: &str| {
        let of_place = |unread: &&tenure_connect_host::NotRead| unread.place.to_string() == place;
        reading
            .not_read
            .iter()
            .find(of_place)
            .is_some_and(|unread| matches!(unread.why, Unread::TooLarge { .. }))
    };
    let noted = |place: &str| reading.found.iter().any(|found| found.place.to_string() == place);
    let homes_are_known = reading.found.iter().any(|found| found.kind == ThingKind::Account);
    assert!(!homes_are_known, "the table of accounts is as large");
    for (place, _) in places.iter().filter(|(place, _)| place.starts_with("/etc/")) {
        // What lies where only a table of accounts would tell is not looked for.
        let looked_for = !place.starts_with("/etc/ssh/by_name/");
        assert!(large(place) || noted(place) || !looked_for, "nothing is said of {place}");
    }
    assert!(reading.found.iter().all(|found| by_presence(found.kind)) && reading.bytes_read < 1 << 20);
}

#[test]
fn a_device_in_the_place_of_a_file_is_not_opened() {
    let machine = Machine::new(51);
    let folder = machine.path("home/mallory");
    fs::create_dir_all(folder.join(".aws")).unwrap();
    let place = folder.join(".aws/credentials");
    // `/dev/zero`: whoever opens and reads it never ends.
    let made = std::process::Command::new("mknod").arg(&place).args(["c", "1", "5"]).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: only root may make a device");
        return;
    }
    let reading = read(&machine);
    let said =
        reading.not_read.iter().find(|unread| unread.place.to_string().ends_with("credentials")).unwrap();
    assert_eq!((said.why, reading.bytes_read), (Unread::NotRegular(Special::Device), 0));
}

#[test]
fn homes_with_names_that_would_break_a_report_are_read_and_written_out() {
    let mut machine = Machine::new(52);
    let names = ["a\nb", "\u{1b}[31mred", "\u{202e}live", "<script>alert(1)<", "a b;c'd\"e"];
    for name in names {
        let token = machine.drawn("", 30);
        machine.put(
            &format!("home/{name}/.netrc"),
            0o600,
            format!("machine git.invalid login ci password {token}\n"),
        );
    }
    let reading = read(&machine);
    assert_eq!(reading.found.len(), names.len());
    for found in &reading.found {
        let shown = format!("{} {} {}", found.account.clone().unwrap(), found.place, found.description);
        assert!(!shown.contains(['\n', '\u{1b}', '\u{202e}']), "{shown}");
    }
    let recorder = crate::surveyed::survey(&machine);
    assert!(recorder.ended.keys().all(|extent| !extent.contains(['\n', '\u{1b}', '\u{202e}'])));
}
