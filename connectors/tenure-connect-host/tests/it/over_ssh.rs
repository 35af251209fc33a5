//! Another machine over SSH: a private server gives the planted machine by SFTP, and it must be read as from here.
//!
//! The server is OpenSSH's own, on loopback, and lets in one account by one key. What a hostile server does is tested
//! beside the client, in `src/remote/hostile.rs`.

use crate::machine::{Digest, Machine};
use crate::surveyed::{Recorder, source};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tenure_connect::{CheckReport, Connector, OutsideFailure, Source, SourceConfig, Target};
use tenure_connect_host::RemoteConnector;
use tenure_model::{
    Completeness, ControlPlane, Instant, Observation, Point, PrincipalKey, PrincipalKind, ProbeAnswer,
    Secret, ShortName, SourceId, StepKind,
};
use tenure_testbed::{SshKey, Sshd, SshdOptions, needs};

const NOW: i64 = 1_790_000_000_000_000;

/// A machine behind a private SSH server, and the key that opens it.
struct Behind {
    machine: Machine,
    sshd: Sshd,
    key: SshKey,
    host_key: String,
    folder: TempDir,
}

/// Everything below becomes the server's account's, which then reads what it may: no root is needed on that side.
fn give_all(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), None).unwrap();
    if path.symlink_metadata().unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give_all(&entry.unwrap().path(), user);
        }
    }
}

fn behind(machine: Machine) -> Behind {
    behind_by(machine, "ed25519")
}

fn behind_by(machine: Machine, kind: &str) -> Behind {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let key = SshKey::make(folder.path(), "survey", kind).unwrap();
    let keys = folder.path().join("authorized_keys");
    std::fs::write(&keys, format!("restrict,command=\"internal-sftp -R\" {}\n", key.public)).unwrap();
    let further = vec![String::from("Subsystem sftp internal-sftp")];
    let sshd = Sshd::start(SshdOptions { key_files: vec![keys], further }).unwrap();
    give_all(machine.folder.path(), sshd.user_id());
    let host_key = fingerprint(&folder, &sshd.host_key().unwrap());
    Behind { machine, sshd, key, host_key, folder }
}

/// What `ssh-keygen` says of a public key.
fn fingerprint(folder: &TempDir, public: &str) -> String {
    let path = folder.path().join("host_key.pub");
    std::fs::write(&path, public).unwrap();
    let said = std::process::Command::new("ssh-keygen").arg("-lf").arg(&path).output().unwrap();
    String::from_utf8(said.stdout).unwrap().split_whitespace().nth(1).unwrap().to_owned()
}

impl Behind {
    fn url(&self) -> String {
        let root = self.machine.folder.path().display();
        format!("ssh://{}@127.0.0.1:{}{root}", self.sshd.user(), self.sshd.port())
    }

    fn source_with(&self, options: &[(&str, &str)], passphrase: Option<&str>) -> Arc<dyn Source> {
        let key_file = self.key.private().display().to_string();
        let mut all = BTreeMap::from([
            (String::from("host-key"), self.host_key.clone()),
            (String::from("key-file"), key_file),
        ]);
        all.extend(options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("web-1").unwrap(),
            points: vec![Point { name: ShortName::parse("primary").unwrap(), url: self.url() }],
            secret: passphrase.map(|text| Arc::new(Secret::new(text.to_owned()))),
            options: all,
            fingerprint: Arc::new(Digest),
        };
        RemoteConnector.source(config).unwrap()
    }

    fn check_with(&self, options: &[(&str, &str)]) -> Result<CheckReport, OutsideFailure> {
        runtime().block_on(self.source_with(options, None).check())
    }

    fn survey_with(&self, options: &[(&str, &str)]) -> Recorder {
        observed(&*self.source_with(options, None))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn observed(source: &dyn Source) -> Recorder {
    let mut recorder = Recorder::default();
    runtime().block_on(source.observe(Instant::from_micros(NOW), &mut recorder)).unwrap();
    recorder
}

fn small() -> Machine {
    let mut machine = Machine::new(9);
    machine.put(
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/srv/ada:/bin/bash\n",
    );
    machine.put("etc/os-release", 0o644, "PRETTY_NAME=\"Planted 1\"\n");
    machine.put("etc/machine-id", 0o444, "0123456789abcdef0123456789abcdef\n");
    let token = machine.drawn("", 30);
    machine.put("srv/ada/.netrc", 0o600, format!("machine git.example\nlogin ci\npassword {token}\n"));
    machine
}

fn refused(checked: Result<CheckReport, OutsideFailure>) -> (String, String) {
    match checked {
        Err(OutsideFailure::Refused { code, why, remedy }) => (format!("{code}: {why}"), remedy),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_machine_is_read_over_ssh_as_it_is_read_from_here() {
    needs!(sshd);
    let behind = behind(crate::planted::machine());
    let here = observed(&*source(&behind.machine));
    let there = behind.survey_with(&[]);
    assert!(here.seen.len() > 100);
    for (one, other) in here.seen.iter().zip(&there.seen) {
        assert_eq!(one, other);
    }
    assert_eq!(here.seen.len(), there.seen.len());
    let why = |ended: &Completeness| match ended {
        Completeness::Whole => String::from("whole"),
        Completeness::Part { why, .. } => why.clone(),
    };
    let ended = |of: &Recorder| {
        of.ended.iter().map(|(extent, ended)| (extent.clone(), why(ended))).collect::<Vec<_>>()
    };
    assert_eq!(ended(&here), ended(&there));
    // The difference: what only a command would tell is said once, with what would mend it.
    let notes = |of: &Recorder| of.notes.iter().filter(|note| note.why.contains("runs none")).count();
    assert_eq!((notes(&here), notes(&there)), (0, 1));
    let said = format!("{:?} {:?} {}", there.notes, there.ended, behind.sshd.log().unwrap());
    for secret in &behind.machine.secrets {
        assert!(!said.contains(secret.as_str()), "a planted secret was said");
    }
    // The other side sees who it is, and no command.
    assert!(behind.sshd.log().unwrap().contains("Accepted publickey"));
}

#[test]
fn what_the_account_may_not_read_is_listed_with_who_could() {
    needs!(sshd);
    let mut machine = small();
    machine.put("etc/shadow", 0o000, "root:*:1:::::\n");
    let behind = behind(machine);
    let seen = behind.survey_with(&[]);
    let Some(Completeness::Part { why, remedy }) = seen.ended.get("passwords") else {
        panic!("{:?}", seen.ended)
    };
    assert!(why.contains("/etc/shadow: our account may not read it"), "{why}");
    assert!(remedy.contains("log in as root"), "{remedy}");
    assert_eq!(seen.ended.get("accounts"), Some(&Completeness::Whole));
    let report = behind.check_with(&[]).unwrap();
    let cannot: Vec<&str> =
        report.abilities.iter().filter(|one| !one.able).map(|one| one.what.as_str()).collect();
    assert_eq!((report.system.as_str(), cannot), ("Planted 1", vec!["read stored passwords"]));
    assert!(report.account.starts_with(behind.sshd.user()));
}

#[test]
fn a_server_with_another_host_key_is_told_nothing() {
    needs!(sshd);
    let behind = behind(small());
    let pinned = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    let (why, remedy) = refused(behind.check_with(&[("host-key", pinned)]));
    assert!(why.contains(pinned) && why.contains(&behind.host_key), "{why}");
    assert!(why.contains("Nothing was sent to it") && remedy.contains("ssh-keygen -lf"), "{why} {remedy}");
    let mut recorder = Recorder::default();
    let source = behind.source_with(&[("host-key", pinned)], None);
    let outcome = runtime().block_on(source.observe(Instant::from_micros(NOW), &mut recorder));
    assert!(matches!(outcome, Err(OutsideFailure::Refused { .. })), "{outcome:?}");
    assert!(recorder.seen.is_empty() && recorder.ended.is_empty());
    let log = behind.sshd.log().unwrap();
    assert!(!log.contains(&behind.key.fingerprint) && !log.contains("Accepted"), "{log}");
}

#[test]
fn a_machine_whose_host_key_changed_later_is_not_read_any_more() {
    needs!(sshd);
    let before = behind(small());
    before.check_with(&[]).unwrap();
    // Another server, at another port, shows what the same address would after a change.
    let after = behind(small());
    let (why, _) = refused(after.check_with(&[("host-key", &before.host_key)]));
    assert!(why.starts_with("host key: ") && why.contains(&after.host_key), "{why}");
}

#[test]
fn a_key_that_the_server_does_not_take_is_named_with_the_line_that_would_mend_it() {
    needs!(sshd);
    let behind = behind(small());
    let other = SshKey::make(behind.folder.path(), "other", "ed25519").unwrap();
    let path = other.private().display().to_string();
    let (why, remedy) = refused(behind.check_with(&[("key-file", &path)]));
    assert!(why.contains(&other.fingerprint), "{why}");
    let public = other.public.split(' ').nth(1).unwrap();
    assert!(remedy.contains("restrict ssh-ed25519 ") && remedy.contains(public), "{remedy}");
    let private = std::fs::read_to_string(other.private()).unwrap();
    let lines = private.lines().filter(|line| line.len() > 20 && !line.contains("-----"));
    assert!(lines.into_iter().all(|line| !why.contains(line) && !remedy.contains(line)));
}

#[test]
fn a_key_file_that_others_may_read_is_refused_before_anybody_is_asked() {
    needs!(sshd);
    let behind = behind(small());
    std::fs::set_permissions(behind.key.private(), std::fs::Permissions::from_mode(0o644)).unwrap();
    // Nobody is there to be asked, and that is not what is said.
    behind.sshd.stop().unwrap();
    let (why, remedy) = refused(behind.check_with(&[]));
    assert!(
        why.contains("others may read or change it (mode 0644)") && remedy.contains("chmod 0600"),
        "{why}"
    );
}

#[test]
fn an_encrypted_key_is_opened_with_the_passphrase_of_the_source() {
    needs!(sshd);
    let behind = behind(small());
    let changed = std::process::Command::new("ssh-keygen")
        .args(["-q", "-p", "-a", "1", "-P", "", "-N", "open sesame", "-f"])
        .arg(behind.key.private())
        .status();
    assert!(changed.unwrap().success());
    let (why, _) = refused(behind.check_with(&[]));
    assert!(why.contains("it is encrypted, and no passphrase was given"), "{why}");
    let source = behind.source_with(&[], Some("open sesame"));
    runtime().block_on(source.check()).unwrap();
    let source = behind.source_with(&[], Some("hunter2"));
    let (why, _) = refused(runtime().block_on(source.check()));
    assert!(why.contains("its passphrase is another one") && !why.contains("hunter2"), "{why}");
}

#[test]
fn a_key_of_another_kind_logs_in_too_and_rsa_says_that_it_cannot() {
    needs!(sshd);
    behind_by(small(), "ecdsa").check_with(&[]).unwrap();
    let (why, remedy) = refused(behind_by(small(), "rsa").check_with(&[]));
    assert!(why.contains("RSA") || why.contains("not a private key"), "{why}");
    assert!(remedy.contains("ssh-keygen -t ed25519"), "{remedy}");
}

#[test]
fn a_machine_is_known_again_whichever_way_it_is_read() {
    needs!(sshd);
    let behind = behind(small());
    let there = behind.check_with(&[]).unwrap().machine;
    let here = runtime().block_on(source(&behind.machine).check()).unwrap().machine;
    assert!(here.is_some() && here == there, "{here:?} {there:?}");
    let survey = behind.survey_with(&[]);
    let said = survey.seen.iter().find_map(|(_, seen)| match seen {
        Observation::Principal(one) if one.kind == PrincipalKind::Machine => {
            tenure_model::text(&one.facts, tenure_model::names::MACHINE_ID).map(str::to_owned)
        }
        _ => None,
    });
    assert_eq!(said, there);
    assert!(!format!("{:?}", survey.seen).contains("0123456789abcdef0123456789abcdef"));
}

#[test]
fn links_pipes_and_files_out_of_the_root_are_not_opened_over_ssh_either() {
    needs!(sshd);
    let mut machine = small();
    machine.put("etc/secret", 0o600, "machine git.example\nlogin root\npassword not-to-be-read-1\n");
    std::fs::create_dir_all(machine.path("home")).unwrap();
    for (name, to) in [("out", "/etc"), ("up", ".."), ("loop", "loop")] {
        std::os::unix::fs::symlink(to, machine.path(&format!("home/{name}"))).unwrap();
    }
    std::fs::create_dir_all(machine.path("home/eve/.aws")).unwrap();
    std::os::unix::fs::symlink("../../etc/secret", machine.path("home/eve/.netrc")).unwrap();
    std::os::unix::fs::symlink("/etc", machine.path("home/eve/.kube")).unwrap();
    let pipe = machine.path("home/eve/.pgpass");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let behind = behind(machine);
    let (here, there) = (observed(&*source(&behind.machine)), behind.survey_with(&[]));
    assert_eq!(here.seen, there.seen);
    let why = |of: &Recorder| match of.ended.get("home/eve") {
        Some(Completeness::Part { why, .. }) => why.clone(),
        other => panic!("{other:?} {:?}", of.ended),
    };
    assert_eq!(why(&here), why(&there));
    assert!(why(&there).contains("a symbolic link is on the way") && why(&there).contains("a named pipe"));
}

#[test]
fn each_limit_of_the_settings_ends_a_reading_and_says_so() {
    needs!(sshd);
    let mut machine = small();
    for number in 0..1_200 {
        machine.put(&format!("srv/ada/many/{number}"), 0o600, "x");
    }
    for number in 0..120 {
        machine.put(&format!("srv/ada/dirs/{number}/.env"), 0o600, "A=1\n");
    }
    for number in 0..3 {
        machine.put(&format!("srv/ada/{number}.pem"), 0o600, format!("{}\n", "x".repeat(99)).repeat(6_000));
    }
    let behind = behind(machine);
    let part = |options: &[(&str, &str)]| {
        let seen = behind.survey_with(options);
        match seen.ended.get("home/ada") {
            Some(Completeness::Part { why, .. }) => why.clone(),
            other => panic!("{options:?}: {other:?}"),
        }
    };
    for (option, limit) in [
        (("home-entries-max", "1000"), "home_entries_max"),
        (("bytes-max", "1048576"), "bytes_max"),
        (("opens-max", "100"), "files_max"),
    ] {
        let why = part(&[option]);
        assert!(why.contains(limit), "{option:?}: {why}");
    }
    let whole = behind.survey_with(&[]);
    assert_eq!(whole.ended.get("home/ada"), Some(&Completeness::Whole), "{:?}", whole.ended);
}

#[test]
fn a_log_that_is_larger_than_what_may_be_transferred_is_said_to_be_unread() {
    needs!(sshd);
    let mut machine = small();
    machine.put("var/log/auth.log", 0o640, format!("{}\n", "x".repeat(99)).repeat(12_000));
    let behind = behind(machine);
    let unread = |options: &[(&str, &str)]| {
        let seen = behind.survey_with(options);
        assert_eq!(seen.ended.get("home/ada"), Some(&Completeness::Whole));
        seen.notes
            .iter()
            .any(|note| note.what.contains("logs which were not read") && note.why.contains("bytes_max"))
    };
    assert!(unread(&[("bytes-max", "1048576")]));
    assert!(!unread(&[]));
}

#[test]
fn nothing_is_changed_tried_or_claimed_over_ssh() {
    needs!(sshd);
    let behind = behind(small());
    let source = behind.source_with(&[], None);
    let runtime = runtime();
    let target = |key: &str| Target::principal(PrincipalKey(key.to_owned()), String::from("x"));
    let key = target("key:ada:SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
    let blast = runtime.block_on(source.blast_radius(&key, None)).unwrap();
    assert!(blast.refusals[0].contains("over SSH Tenure reads a machine and changes nothing"), "{blast:?}");
    assert!(blast.undo_restores_value.is_err());
    assert_eq!(RemoteConnector.manifest().steps, []);
    let by_hand = source.by_hand(&target("account:1000:ada"));
    let by_hand = by_hand.join("; ");
    assert!(by_hand.starts_with("on 127.0.0.1: usermod --root '/"), "of the image: {by_hand}");
    assert!(by_hand.ends_with("' --lock --expiredate 1 -- 'ada'"), "{by_hand}");
    assert!(source.by_hand(&key)[0].contains("sshd -T -C 'user=ada'"));
    let value = Secret::new(String::from("x"));
    let primary = ShortName::parse("primary").unwrap();
    let answer = runtime.block_on(source.probe(&primary, &key, &value));
    assert!(matches!(answer, ProbeAnswer::CannotKnow { .. }));
    assert!(matches!(runtime.block_on(source.control_plane(&key)), ControlPlane::Unread { .. }));
    let effect = runtime.block_on(source.effect(&key, StepKind::Delete, None));
    assert!(matches!(effect, tenure_connect::Effect::Unobserved { .. }));
    assert!(runtime.block_on(source.keepsake(&key)).unwrap().is_none());
    assert_eq!(runtime.block_on(source.derived(&key)).unread.len(), 1);
    assert!(!behind.sshd.log().unwrap().contains("Accepted"), "nobody was asked");
}

#[test]
fn who_has_not_pinned_a_host_key_is_shown_it_and_how_to_make_sure() {
    needs!(sshd);
    let behind = behind(small());
    let runtime = runtime();
    let asked = |options: &BTreeMap<String, String>| {
        runtime.block_on(RemoteConnector.introduction(&behind.url(), options)).unwrap()
    };
    assert_eq!(asked(&BTreeMap::new()), None, "nobody is asked before the rest can be used");
    let mut options = BTreeMap::from([(String::from("key-file"), String::from("/etc/tenure/key"))]);
    let shown = asked(&options).unwrap();
    assert_eq!(shown.option, (String::from("host-key"), behind.host_key.clone()));
    assert!(
        shown.shown.contains(&behind.host_key) && shown.check.contains("ssh_host_ed25519_key.pub"),
        "{shown:?}"
    );
    options.extend([shown.option]);
    assert_eq!(asked(&options), None);
    assert!(!behind.sshd.log().unwrap().contains("Accepted"));
}

#[test]
fn a_server_without_sftp_says_what_it_lacks() {
    needs!(sshd);
    let Behind { machine, key, folder, .. } = behind(small());
    let keys = folder.path().join("authorized_keys");
    let sshd = Sshd::start(SshdOptions { key_files: vec![keys], further: Vec::new() }).unwrap();
    let host_key = fingerprint(&folder, &sshd.host_key().unwrap());
    let without = Behind { machine, sshd, key, host_key, folder };
    let (why, remedy) = refused(without.check_with(&[]));
    assert!(why.contains("has no SFTP") && remedy.contains("Subsystem sftp"), "{why} {remedy}");
}
