//! Files of the systemd journal: exact entries of both layouts, what systemd itself wrote, and every kind of damage.
//!
//! Where systemd has an opinion, it is asked and not imitated. These tests must never read a journal of the machine they run
//! on. Next: `journal_writer.rs`, `logins.rs`.

use crate::journal_writer::{Said, by_server, journal};
use proptest::prelude::*;
use std::path::Path;
use std::process::Command;
use tenure_connect_host::read::journal::{Entry, Fault, read};
use tenure_testbed::{journal_remote_program, needs};

const BY_KEY: &str = "Accepted publickey for etl from 10.0.0.7 port 5 ssh2: ED25519 \
                      SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn said(at_us: u64, fields: &[&str]) -> Said {
    Said { at_us, fields: fields.iter().map(|one| (*one).to_owned()).collect(), ..Said::default() }
}

fn small(compact: bool) -> crate::journal_writer::Written {
    let some = (1..=6).map(|at| by_server(at * 10, 7, if at % 2 == 0 { BY_KEY } else { "Invalid user x" }));
    journal(compact, &some.collect::<Vec<Said>>())
}

#[test]
fn both_layouts_tell_whom_the_server_let_in_and_nobody_else() {
    let message = format!("MESSAGE={BY_KEY}");
    let all = [
        by_server(10, 71, BY_KEY),
        by_server(20, 72, "Invalid user Accepted publickey for root"),
        said(30, &["SYSLOG_IDENTIFIER=sshd-session", "SYSLOG_PID=73", &message]),
        said(40, &["_COMM=sshd-session", "SYSLOG_IDENTIFIER=other", "_PID=74", "SYSLOG_PID=1", &message]),
        // Somebody else may call themselves what they like, and the journal says who they are.
        said(50, &["SYSLOG_IDENTIFIER=sshd", "_UID=1000", "_PID=75", &message]),
        said(60, &["SYSLOG_IDENTIFIER=sshdx", "_UID=0", "_PID=76", &message]),
        said(70, &["SYSLOG_IDENTIFIER=su", "_UID=0", "_PID=77", "OTHER=SYSLOG_IDENTIFIER=sshd", &message]),
        Said { compressed: true, ..by_server(80, 78, "Accepted and packed") },
        by_server(90, 79, BY_KEY),
    ];
    for compact in [false, true] {
        let seen = read(&journal(compact, &all).bytes, 100).unwrap();
        let entry = |realtime_us: u64, program: &str, pid: u32| Entry {
            realtime_us,
            program: program.to_owned(),
            message: BY_KEY.into(),
            pid: Some(pid),
        };
        let expected = [
            entry(90, "sshd", 79),
            entry(40, "sshd-session", 74),
            entry(30, "sshd-session", 73),
            entry(10, "sshd", 71),
        ];
        assert_eq!(seen.entries, expected, "compact: {compact}");
        assert_eq!((seen.first_us, seen.compressed, seen.fault), (10, 1, None));
    }
}

#[test]
fn the_newest_are_taken_and_that_there_are_more_is_said() {
    let file = small(true);
    let seen = read(&file.bytes, 2).unwrap();
    assert_eq!(seen.entries.iter().map(|one| one.realtime_us).collect::<Vec<_>>(), [60, 40]);
    assert_eq!(seen.fault, Some(Fault::TooMuch));
    assert_eq!(read(&file.bytes, 3).unwrap().fault, None);
}

#[test]
fn what_is_no_journal_or_of_another_format_is_said() {
    let file = small(true);
    assert_eq!(read(b"", 9), Err(Fault::NotAJournal));
    assert_eq!(read(b"LPKSHHRX", 9), Err(Fault::NotAJournal));
    for length in 8..file.bytes.len() {
        assert_eq!(read(&file.bytes[..length], 9), Err(Fault::Truncated), "{length}");
    }
    let mut newer = file.bytes.clone();
    newer[12] |= 0x20;
    assert_eq!(read(&newer, 9), Err(Fault::UnknownFormat(0x3c)));
    assert!(Fault::UnknownFormat(0x3c).to_string().contains("0x3c"));
}

#[test]
fn chains_that_lead_back_and_places_that_cannot_be_end_the_reading() {
    let check = |change: &dyn Fn(&mut crate::journal_writer::Written), expect: Fault| {
        let mut file = small(false);
        change(&mut file);
        assert_eq!(read(&file.bytes, 9).unwrap().fault, Some(expect));
    };
    // The first three arrays are of `_UID=0`, by which nothing is looked for.
    check(&|file| file.set(file.arrays[3] + 16, file.arrays[3] as u64), Fault::Circle);
    check(&|file| file.set(file.arrays[4] + 16, file.arrays[3] as u64), Fault::Circle);
    check(&|file| file.set(file.values[1] + 32, file.values[1] as u64), Fault::Circle);
    check(&|file| file.set(file.fields[2] + 24, file.fields[0] as u64), Fault::Circle);
    check(&|file| file.set(file.arrays[3] + 16, u64::MAX - 7), Fault::NotThere);
    check(&|file| file.set(file.arrays[3] + 16, file.arrays[5] as u64 + 4), Fault::NotThere);
    check(&|file| file.set(file.arrays[3] + 8, 0), Fault::NotThere);
    check(&|file| file.set(file.values[1] + 8, u64::MAX), Fault::NotThere);
    check(&|file| file.set(file.entries[5] + 64, 256), Fault::NotThere);
    check(&|file| file.set(120, u64::MAX), Fault::NotThere);
    check(&|file| file.bytes[file.entries[1]] = 1, Fault::NotThere);
}

#[test]
fn one_damaged_entry_hides_no_other() {
    let mut file = small(true);
    file.bytes[file.entries[3]] = 0;
    let seen = read(&file.bytes, 9).unwrap();
    assert_eq!(seen.entries.iter().map(|one| one.realtime_us).collect::<Vec<_>>(), [60, 20]);
    assert_eq!(seen.fault, Some(Fault::NotThere));
}

#[test]
fn no_byte_that_is_changed_makes_it_fail() {
    for compact in [false, true] {
        let whole = small(compact).bytes;
        for at in 0..whole.len() {
            for change in [0x01, 0x08, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                if let Ok(seen) = read(&bytes, 9) {
                    assert!(seen.entries.len() <= 6, "{at} {change}");
                }
            }
        }
    }
}

#[test]
fn a_file_made_to_be_looked_at_without_end_is_left() {
    let long = |at: u64| Said { again: 1 << 20, ..by_server(at, 7, BY_KEY) };
    let all: Vec<Said> = (1..=10).map(long).collect();
    let seen = read(&journal(true, &all).bytes, 100).unwrap();
    assert_eq!((seen.entries.len(), seen.fault), (7, Some(Fault::TooMuch)));
}

proptest! {
    #[test]
    fn no_bytes_behind_a_true_header_make_it_fail(
        bytes in proptest::collection::vec(any::<u8>(), 256..4000), compact in any::<bool>()
    ) {
        let header = journal(compact, &[]);
        let mut file = header.bytes[..256].to_vec();
        file.extend(&bytes);
        file[96..104].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        let _ = read(&file, 9);
    }
}

/// Entries in systemd's export format: of the server, of others, and of somebody who calls himself the server.
fn export() -> String {
    let entry = |at: u64| {
        let (who, uid, message) = match at % 4 {
            0 => ("sshd", 0, BY_KEY.to_owned()),
            1 => ("sshd", 0, format!("Invalid user x{at} from 10.0.0.9 port {at}")),
            2 => ("cron", 0, BY_KEY.to_owned()),
            _ => ("sshd", 1000, BY_KEY.to_owned()),
        };
        let at_us = 1_795_000_000_000_000 + at * 1_000_003;
        format!(
            "__REALTIME_TIMESTAMP={at_us}\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID={}\n_UID={uid}\n_PID={at}\n\
             SYSLOG_IDENTIFIER={who}\nLONG={}\nMESSAGE={message}\n\n",
            "0a".repeat(16),
            "x".repeat(2_000),
        )
    };
    (1..=300).map(entry).collect()
}

/// What `journalctl` makes of the file: when, by which process, and the text.
fn by_journalctl(file: &Path) -> Vec<(u64, u32, String)> {
    let fields = "--output-fields=MESSAGE,_PID";
    let mut ask = Command::new("journalctl");
    ask.arg("--file").arg(file).args(["-r", "-o", "json", fields, "SYSLOG_IDENTIFIER=sshd", "_UID=0"]);
    let answer = ask.output().unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let text = String::from_utf8(answer.stdout).unwrap();
    let entry = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| entry[name].as_str().unwrap().to_owned();
        (field("__REALTIME_TIMESTAMP").parse().unwrap(), field("_PID").parse().unwrap(), field("MESSAGE"))
    };
    text.lines().map(entry).filter(|(_, _, text)| text.starts_with("Accepted ")).collect()
}

#[test]
fn a_journal_that_systemd_wrote_tells_what_journalctl_tells() {
    needs!(journal);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("export"), export()).unwrap();
    for (compact, flag) in [("0", 0), ("1", 0x10)] {
        let file = folder.path().join(format!("{compact}.journal"));
        let mut write = Command::new(journal_remote_program().unwrap());
        write.env("SYSTEMD_JOURNAL_COMPACT", compact).arg("-o").arg(&file).arg(folder.path().join("export"));
        let wrote = write.output().unwrap();
        assert!(wrote.status.success(), "{}", String::from_utf8_lossy(&wrote.stderr));
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(bytes[12] & 0x10, flag, "the layout that was asked for");
        let seen = read(&bytes, 1_000).unwrap();
        assert_eq!((seen.fault, seen.compressed, seen.first_us), (None, 0, 1_795_000_001_000_003));
        let told: Vec<(u64, u32, String)> = seen
            .entries
            .into_iter()
            .map(|one| (one.realtime_us, one.pid.unwrap(), String::from_utf8(one.message).unwrap()))
            .collect();
        assert_eq!(told.len(), 75);
        assert_eq!(told, by_journalctl(&file));
    }
}
