//! Last use, as log and journal of a planted machine tell it, and what no line of them can make us believe.
//!
//! Each proof has a twin that tells of nothing. These tests must never read a log of the machine they run on.
//! Next: `journals.rs`.

use crate::journal_writer::{Said, by_server, journal};
use crate::machine::Machine;
use crate::surveyed::{Recorder, source};
use std::collections::BTreeMap;
use tenure_model::{Completeness, Instant, Observation, ObservedUse};
use tenure_testbed::{SshKey, needs};

fn survey(machine: &Machine, now: &str) -> Recorder {
    let mut recorder = Recorder::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(source(machine).observe(Instant::parse(now).unwrap(), &mut recorder)).unwrap();
    recorder
}

fn uses(recorder: &Recorder) -> Vec<&ObservedUse> {
    let seen = recorder.seen.iter().filter_map(|(extent, seen)| match seen {
        Observation::Use(one) => {
            assert_eq!(extent, "logins");
            Some(one)
        }
        _ => None,
    });
    seen.collect()
}

fn machine_with_key() -> (Machine, SshKey) {
    let mut machine = Machine::new(5);
    machine.put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\netl:x:998:998::/srv/etl:/bin/sh\n");
    let folder = tempfile::tempdir().unwrap();
    let key = SshKey::make(folder.path(), "ci", "ed25519").unwrap();
    machine.put("srv/etl/.ssh/authorized_keys", 0o600, format!("{}\n", key.public));
    (machine, key)
}

#[test]
fn the_log_says_when_a_key_was_last_used_and_from_where() {
    needs!(sshd);
    let (mut machine, key) = machine_with_key();
    let line = |when: &str, account: &str| {
        let by = format!("ED25519 {}", key.fingerprint);
        format!("{when} box sshd[7]: Accepted publickey for {account} from 10.0.0.7 port 5 ssh2: {by}\n")
    };
    let older = line("2026-11-01T08:10:00+00:00", "etl");
    machine.put("var/log/auth.log.1", 0o640, older);
    let newer =
        [line("Nov 22 06:26:13", "etl"), line("Nov 22 06:46:13", "etl"), line("Nov 22 06:46:13", "root")];
    machine.put("var/log/auth.log", 0o640, newer.concat());
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    let counted: BTreeMap<String, i64> =
        uses(&seen).iter().map(|one| (format!("{} {}", one.bucket, one.consumer), one.count)).collect();
    let expected = [("2026-11-01T08:00:00Z 10.0.0.7 (ssh)", 1), ("2026-11-22T06:00:00Z 10.0.0.7 (ssh)", 2)];
    assert_eq!(counted, expected.map(|(text, count)| (text.to_owned(), count)).into());
    assert_eq!(uses(&seen)[0].principal.0, format!("key:etl:{}", key.fingerprint));
    assert_eq!(seen.ended.get("logins"), Some(&Completeness::Whole));
}

#[test]
fn without_a_log_nothing_is_claimed_and_the_remedy_is_said_once() {
    needs!(sshd);
    let (machine, _) = machine_with_key();
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    assert!(uses(&seen).is_empty() && !seen.ended.contains_key("logins"));
    let remedies = seen.notes.iter().filter(|note| note.remedy.contains("LogLevel VERBOSE")).count();
    assert_eq!(remedies, 1);
}

/// The machine's id, and the folder of its journal.
const ID: &str = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";
/// 2026-11-22T06:26:13Z, in microseconds.
const AT_US: u64 = 1_795_328_773_000_000;

fn by_key(at_us: u64, pid: u32, key: &SshKey) -> Said {
    let by = format!("ED25519 {}", key.fingerprint);
    by_server(at_us, pid, &format!("Accepted publickey for etl from 10.0.0.7 port 5 ssh2: {by}"))
}

fn counted(recorder: &Recorder) -> Vec<(String, i64)> {
    uses(recorder).iter().map(|one| (format!("{} {}", one.bucket, one.consumer), one.count)).collect()
}

fn noted(recorder: &Recorder, word: &str) -> usize {
    recorder.notes.iter().filter(|note| note.why.contains(word)).count()
}

#[test]
fn the_journal_alone_says_when_a_key_was_last_used() {
    needs!(sshd);
    let (mut machine, key) = machine_with_key();
    machine.put("etc/machine-id", 0o444, format!("{ID}\n"));
    // The twin: the same machine before it had a journal, and with that of another machine.
    let other = journal(true, &[by_key(AT_US, 7, &key)]).bytes;
    machine.put("var/log/journal/0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c/system.journal", 0o640, &other);
    machine.put(&format!("var/log/journal/{ID}/user-1000.journal"), 0o640, &other);
    let without = survey(&machine, "2026-11-22T10:00:00Z");
    assert!(uses(&without).is_empty() && !without.ended.contains_key("logins"));
    assert_eq!(noted(&without, "no file of the system is in it"), 1);
    let older = [by_key(AT_US - 86_400_000_000, 7, &key)];
    machine.put(
        &format!("var/log/journal/{ID}/system@0a-01-02.journal"),
        0o640,
        journal(false, &older).bytes,
    );
    let newer = [by_key(AT_US, 7, &key), by_key(AT_US + 60_000_000, 8, &key)];
    machine.put(&format!("run/log/journal/{ID}/system.journal"), 0o640, journal(true, &newer).bytes);
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    let expected = [("2026-11-22T06:00:00Z 10.0.0.7 (ssh)", 2), ("2026-11-21T06:00:00Z 10.0.0.7 (ssh)", 1)];
    assert_eq!(counted(&seen), expected.map(|(text, count)| (text.to_owned(), count)));
    assert_eq!(uses(&seen)[0].principal.0, format!("key:etl:{}", key.fingerprint));
    assert_eq!(seen.ended.get("logins"), Some(&Completeness::Whole));
    assert_eq!(noted(&seen, "the journal is read back to 2026-11-21T06:26:13Z"), 1);
    assert_eq!(noted(&seen, ID), 0);
}

#[test]
fn a_login_that_stands_in_log_and_journal_counts_once() {
    needs!(sshd);
    let (mut machine, key) = machine_with_key();
    let line = |when: &str, pid: u32| {
        let by = format!("ED25519 {}", key.fingerprint);
        format!("{when} box sshd[{pid}]: Accepted publickey for etl from 10.0.0.7 port 5 ssh2: {by}\n")
    };
    // The same in a zone that is not named, the same with its zone, and two that the journal does not have.
    let log = [
        line("Nov 22 04:26:13", 7),
        line("2026-11-22T07:27:13.5+01:00", 8),
        line("2026-11-22T06:28:13+00:00", 8),
        line("2026-11-22T06:29:13+00:00", 9),
    ];
    machine.put("var/log/auth.log", 0o640, log.concat());
    machine.put("etc/machine-id", 0o444, ID);
    let both = [by_key(AT_US, 7, &key), by_key(AT_US + 60_000_000, 8, &key)];
    machine.put(&format!("var/log/journal/{ID}/system.journal"), 0o640, journal(true, &both).bytes);
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    assert_eq!(counted(&seen), [("2026-11-22T06:00:00Z 10.0.0.7 (ssh)".to_owned(), 4)]);
    assert_eq!(noted(&seen, "the log and the one before it are read"), 1);
}

#[test]
fn what_of_the_journal_is_not_read_is_said_and_the_rest_counts() {
    needs!(sshd);
    let (mut machine, key) = machine_with_key();
    machine.put("etc/machine-id", 0o444, ID);
    let place = |name: &str| format!("var/log/journal/{ID}/{name}");
    machine.put(&place("system@0a-01-02.journal"), 0o640, journal(true, &[by_key(AT_US, 7, &key)]).bytes);
    machine.put(&place("system.journal"), 0o640, "LPKSHHRH");
    machine.put(&place("system@0a.journal~"), 0o640, "");
    let sparse = std::fs::File::create(machine.path(&place("system@0a.journal~"))).unwrap();
    sparse.set_len(129 << 20).unwrap();
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    assert_eq!(counted(&seen), [("2026-11-22T06:00:00Z 10.0.0.7 (ssh)".to_owned(), 1)]);
    assert_eq!(noted(&seen, "system.journal: it is shorter than it says of itself"), 1);
    assert_eq!(noted(&seen, "system@0a.journal~: it has 129 MiB"), 1);
    assert_eq!(noted(&seen, "not all of it back from now"), 1);
    // Without any that can be read, nothing is claimed.
    machine.put(&place("system@0a-01-02.journal"), 0o640, "no journal");
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    assert!(uses(&seen).is_empty() && !seen.ended.contains_key("logins"));
    assert_eq!(noted(&seen, "nothing of it was read: system.journal: it is shorter"), 1);
}

#[test]
fn a_journal_and_a_database_that_are_not_read_are_said_once_with_their_remedy() {
    let mut machine = Machine::new(6);
    machine.put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\n");
    let said = |machine: &Machine, word: &str| {
        let seen = survey(machine, "2026-11-22T10:00:00Z");
        seen.notes.iter().filter(|note| format!("{} {}", note.why, note.remedy).contains(word)).count()
    };
    assert_eq!((said(&machine, "journal"), said(&machine, "lastlog")), (0, 0));
    machine.put("var/log/journal/0a/system.journal", 0o640, "LPKSHHRH");
    machine.put("var/lib/lastlog/lastlog2.db", 0o644, "SQLite format 3\0");
    assert_eq!((said(&machine, "rsyslog"), said(&machine, "`lastlog2`")), (1, 1));
    let sparse = std::fs::File::create(machine.path("var/log/lastlog")).unwrap();
    sparse.set_len(10 << 40).unwrap();
    assert_eq!(said(&machine, "very high number"), 1);
}

#[test]
fn the_last_session_of_an_account_is_told_by_lastlog() {
    let mut machine = Machine::new(7);
    machine.put("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/bash\netl:x:2:2::/srv/etl:/bin/sh\n");
    let mut record = 1_795_000_000_u32.to_le_bytes().to_vec();
    record.extend(b"pts/3");
    record.resize(36, 0);
    record.extend(b"10.0.0.7");
    record.resize(292, 0);
    machine.put("var/log/lastlog", 0o664, [vec![0; 584], record].concat());
    let seen = survey(&machine, "2026-11-22T10:00:00Z");
    let told: Vec<String> =
        uses(&seen).iter().map(|one| format!("{} {} {}", one.principal.0, one.consumer, one.count)).collect();
    assert_eq!(told, ["account:2:etl 10.0.0.7 (pts/3) 1"]);
}

#[test]
fn lines_that_somebody_forged_by_a_name_count_nothing() {
    needs!(sshd);
    let (mut machine, key) = machine_with_key();
    let forged = format!("Accepted publickey for etl from 10.0.0.7 port 5 ssh2: ED25519 {}", key.fingerprint);
    let head = "Nov 22 06:26:13 box";
    let log = [
        format!("{head} sshd[7]: Invalid user {forged} from 10.0.0.9 port 1\n"),
        format!("{head} sshd[7]: Invalid user x\\n{head} sshd[7]: {forged} from 10.0.0.9 port 1\n"),
        format!("{head} sshd[7]: Failed none for invalid user {forged} from 10.0.0.9 port 1 ssh2\n"),
        format!("{head} su[7]: {forged}\n"),
        format!("{head} logger: sshd[7]: {forged}\n"),
        format!("{forged}\n"),
        format!("{head} sshd[x]: {forged}\n"),
        format!("{head} sshd[7]: {forged} and more\n"),
        String::from_utf8_lossy(&[0xff, 0xfe, b'\n']).into_owned(),
        "x".repeat(200_000),
    ];
    machine.put("var/log/auth.log", 0o640, log.concat());
    assert!(uses(&survey(&machine, "2026-11-22T10:00:00Z")).is_empty());
}
