//! Last use, as the SSH server's log on a planted machine tells it, and what no line of it can make us believe.

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
