//! Taking authorised keys away, through the port, against a private SSH server that reads the planted files.
//!
//! The second opinion is the system's own client with the private half of each key. Every proof has a twin beside it
//! that must fail to prove: another file, another server, a server that takes anything. Next: `acts/refused.rs`.

mod refused;

use crate::machine::{Digest, Machine};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tenure_connect::{
    Act, Connector, DerivedReading, Done, Effect, OutsideFailure, Source, SourceConfig, Target,
};
use tenure_connect_host::HostConnector;
use tenure_model::{
    ActionId, ControlPlane, Instant, IntentId, IntentRecord, PlanId, Point, PrincipalKey, ProbeAnswer,
    RecordedIntent, Secret, ShortName, SourceId, StepKind,
};
use tenure_testbed::{SshKey, Sshd, SshdOptions, needs};

const KEYS: &str = "srv/it/.ssh/authorized_keys";

/// A machine whose SSH server runs, two keys that open its one account, and the connector to it.
pub(crate) struct Stage {
    pub(crate) machine: Machine,
    pub(crate) sshd: Option<Sshd>,
    pub(crate) user: String,
    pub(crate) ci: SshKey,
    pub(crate) other: SshKey,
    source: Arc<dyn Source>,
    runtime: tokio::runtime::Runtime,
}

fn name(text: &str) -> ShortName {
    ShortName::parse(text).unwrap()
}

fn source(machine: &Machine, port: u16) -> Arc<dyn Source> {
    let config = SourceConfig {
        id: SourceId::new(Instant::from_micros(0), [0; 10]),
        name: name("this-host"),
        points: vec![Point {
            name: name("primary"),
            url: format!("host://{}", machine.folder.path().display()),
        }],
        secret: None,
        options: BTreeMap::from([(String::from("sshd"), format!("127.0.0.1:{port}"))]),
        fingerprint: Arc::new(Digest),
    };
    HostConnector.source(config).unwrap()
}

impl Stage {
    /// A stage without a server, for what is read and written alone.
    pub(crate) fn dark(kind: &str) -> Self {
        let (machine, ci, other) = planted(kind);
        Self::of(machine, None, String::from("it"), 1_000, ci, other)
    }

    fn set(kind: &str, options: impl FnOnce(&Machine) -> SshdOptions) -> Self {
        let (machine, ci, other) = planted(kind);
        let mut options = options(&machine);
        options.key_files.push(machine.path(KEYS));
        let sshd = Sshd::start(options).unwrap();
        let (user, uid) = (sshd.user().to_owned(), sshd.user_id());
        Self::of(machine, Some(sshd), user, uid, ci, other)
    }

    fn of(
        mut machine: Machine,
        sshd: Option<Sshd>,
        user: String,
        uid: u32,
        ci: SshKey,
        other: SshKey,
    ) -> Self {
        let passwd = format!("root:x:0:0:root:/root:/bin/bash\n{user}:x:{uid}:{uid}::/srv/it:/bin/bash\n");
        machine.put("etc/passwd", 0o644, passwd);
        if let Some(sshd) = &sshd {
            machine.put("etc/ssh/ssh_host_ed25519_key.pub", 0o644, sshd.host_key().unwrap());
        }
        machine.put("proc/1/stat", 0o444, "1 (init) S 0 1 1 0");
        let source = source(&machine, sshd.as_ref().map_or(1, Sshd::port));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { machine, sshd, user, ci, other, source, runtime }
    }

    pub(crate) fn target(&self, key: &SshKey) -> Target {
        Target::principal(
            PrincipalKey(format!("key:{}:{}", self.user, key.fingerprint)),
            format!("{}/key:ci", self.user),
        )
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn act(&self, key: &SshKey, act: &Act<'_>) -> Result<Done, OutsideFailure> {
        let now = Instant::from_micros(1);
        let target = self.target(key);
        let intent = RecordedIntent::for_conformance(IntentRecord {
            id: IntentId::new(now, [1; 10]),
            plan: PlanId::new(now, [2; 10]),
            action: ActionId::new(now, [3; 10]),
            attempt: 1,
            source: SourceId::new(now, [4; 10]),
            principal: target.key,
            principal_name: target.name,
            file: None,
            deadline: now.plus(Duration::from_mins(1)),
        });
        self.wait(self.source.act(&intent, act))
    }

    pub(crate) fn keepsake(&self, key: &SshKey) -> Option<Secret<String>> {
        self.wait(self.source.keepsake(&self.target(key))).unwrap()
    }

    pub(crate) fn probe(&self, key: &SshKey, kept: &Secret<String>) -> ProbeAnswer {
        self.wait(self.source.probe(&name("primary"), &self.target(key), kept))
    }

    pub(crate) fn plane(&self, key: &SshKey) -> ControlPlane {
        self.wait(self.source.control_plane(&self.target(key)))
    }

    pub(crate) fn effect(&self, key: &SshKey, step: StepKind, kept: Option<&Secret<String>>) -> Effect {
        self.wait(self.source.effect(&self.target(key), step, kept))
    }

    pub(crate) fn derived(&self, key: &SshKey) -> DerivedReading {
        self.wait(self.source.derived(&self.target(key)))
    }

    pub(crate) fn blast(&self, key: &SshKey) -> tenure_connect::BlastRadius {
        self.wait(self.source.blast_radius(&self.target(key), None)).unwrap()
    }

    pub(crate) fn keys(&self) -> Vec<u8> {
        fs::read(self.machine.path(KEYS)).unwrap()
    }

    fn is_let_in(&self, key: &SshKey) -> bool {
        self.sshd.as_ref().unwrap().lets_in(key).unwrap()
    }
}

/// The files, with a key `ci` of this kind between other lines.
fn planted(kind: &str) -> (Machine, SshKey, SshKey) {
    let mut machine = Machine::new(11);
    machine.put("srv/keys/.keep", 0o600, "");
    let folder = machine.path("srv/keys");
    let ci = SshKey::make(&folder, "ci", kind).unwrap();
    let other = SshKey::make(&folder, "bystander", "ed25519").unwrap();
    let text =
        format!("# keys\r\n\n{}\nrestrict,pty {}\n{}", other.public, ci.public, "no key at all \u{fffd}");
    machine.put(KEYS, 0o644, text);
    (machine, ci, other)
}

fn was_accepted(answer: &ProbeAnswer) -> bool {
    *answer == ProbeAnswer::Accepted
}

fn check_taken_out_and_put_back(kind: &str) {
    let stage = Stage::set(kind, |_| SshdOptions::default());
    let before = stage.keys();
    let kept = stage.keepsake(&stage.ci).unwrap();
    assert_eq!(stage.probe(&stage.ci, &kept), ProbeAnswer::Accepted, "{kind}");
    assert_eq!((stage.plane(&stage.ci), stage.is_let_in(&stage.ci)), (ControlPlane::Enabled, true));
    let facts = fs::metadata(stage.machine.path(KEYS)).unwrap();

    assert!(stage.act(&stage.ci, &Act::Disable).unwrap().changed);
    let refused = stage.probe(&stage.ci, &kept);
    assert!(
        matches!(&refused, ProbeAnswer::Refused { how } if how.starts_with("USERAUTH_FAILURE")),
        "{refused:?}"
    );
    assert_eq!((stage.plane(&stage.ci), stage.is_let_in(&stage.ci)), (ControlPlane::Absent, false));
    assert!(stage.is_let_in(&stage.other), "the other key still opens it");
    assert_eq!(stage.effect(&stage.ci, StepKind::Disable, None), Effect::Present);
    let rest: Vec<u8> = String::from_utf8(before.clone())
        .unwrap()
        .split_inclusive('\n')
        .filter(|line| !line.contains(&stage.ci.public))
        .collect::<String>()
        .into_bytes();
    assert_eq!(stage.keys(), rest);
    assert!(
        !stage.act(&stage.ci, &Act::Delete { heir: None }).unwrap().changed,
        "done twice it is done once"
    );

    let back = Act::Enable { keepsake: Some(&kept) };
    assert_eq!(stage.effect(&stage.ci, StepKind::Enable, Some(&kept)), Effect::Missing);
    assert!(stage.act(&stage.ci, &back).unwrap().changed);
    assert_eq!(stage.keys(), before, "byte for byte");
    assert!(!stage.act(&stage.ci, &back).unwrap().changed);
    assert_eq!(stage.effect(&stage.ci, StepKind::Enable, Some(&kept)), Effect::Present);
    assert!(was_accepted(&stage.probe(&stage.ci, &kept)) && stage.is_let_in(&stage.ci));
    let now = fs::metadata(stage.machine.path(KEYS)).unwrap();
    assert_eq!((facts.mode(), facts.uid(), facts.gid()), (now.mode(), now.uid(), now.gid()));
    let left: Vec<_> = fs::read_dir(stage.machine.path("srv/it/.ssh")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn an_ed25519_key_is_taken_out_shown_to_be_refused_and_put_back() {
    needs!(sshd);
    check_taken_out_and_put_back("ed25519");
}

#[test]
fn an_rsa_key_is_taken_out_shown_to_be_refused_and_put_back() {
    needs!(sshd);
    check_taken_out_and_put_back("rsa");
}

#[test]
fn an_ecdsa_key_is_taken_out_shown_to_be_refused_and_put_back() {
    needs!(sshd);
    check_taken_out_and_put_back("ecdsa");
}

#[test]
fn a_second_file_that_only_the_server_knows_keeps_the_key_alive_and_the_server_says_so() {
    needs!(sshd);
    let elsewhere = |machine: &Machine| SshdOptions {
        key_files: vec![machine.path("srv/second")],
        ..SshdOptions::default()
    };
    let mut stage = Stage::set("ed25519", elsewhere);
    let line = format!("{}\n", stage.ci.public);
    stage.machine.put("srv/second", 0o644, line);
    let kept = stage.keepsake(&stage.ci).unwrap();
    assert!(stage.act(&stage.ci, &Act::Disable).unwrap().changed);
    assert_eq!(stage.plane(&stage.ci), ControlPlane::Absent, "the files we know say nothing");
    assert!(was_accepted(&stage.probe(&stage.ci, &kept)) && stage.is_let_in(&stage.ci));
}

type Change = Box<dyn Fn(&mut Stage)>;

/// Each of these may let the same key in for somebody else, or in a way that asking for the key does not show.
#[test]
fn where_the_server_may_read_more_than_we_do_a_refusal_proves_nothing() {
    needs!(sshd);
    let refused_with = |change: &dyn Fn(&mut Stage)| {
        let mut stage = Stage::set("ed25519", |_| SshdOptions::default());
        let kept = stage.keepsake(&stage.ci).unwrap();
        change(&mut stage);
        assert!(stage.act(&stage.ci, &Act::Disable).unwrap().changed);
        let blast = stage.blast(&stage.other);
        (stage.probe(&stage.ci, &kept), blast.warnings.iter().any(|says| says.contains("P2 at most")))
    };
    let settings =
        |text: &'static str| move |stage: &mut Stage| stage.machine.put("etc/ssh/sshd_config", 0o644, text);
    let line = |line: &'static str| {
        move |stage: &mut Stage| {
            let text = [stage.keys(), format!("\n{line}\n").into_bytes()].concat();
            stage.machine.put(KEYS, 0o644, text);
        }
    };
    let authority = |stage: &mut Stage| {
        let text = [stage.keys(), format!("\ncert-authority {}\n", stage.other.public).into_bytes()].concat();
        stage.machine.put(KEYS, 0o644, text);
    };
    let cases: [(&str, Change); 6] = [
        ("match", Box::new(settings("Match Address 127.0.0.9\nAuthorizedKeysFile /srv/second\n"))),
        ("include", Box::new(settings("Include /etc/ssh/extra/*.conf\n"))),
        ("token", Box::new(settings("AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/alt/%U\n"))),
        ("command", Box::new(settings("AuthorizedKeysCommand /usr/bin/keys\n"))),
        ("line", Box::new(line("from=\"127.0.0.9\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5!"))),
        ("authority", Box::new(authority)),
    ];
    for (name, change) in &cases {
        let (answer, warned) = refused_with(change);
        assert!(matches!(answer, ProbeAnswer::CannotKnow { .. }), "{name}: {answer:?}");
        assert!(warned, "{name}");
    }
    let (answer, warned) = refused_with(&|_| {});
    assert!(matches!(answer, ProbeAnswer::Refused { .. }) && !warned, "without any of it: {answer:?}");
}

#[test]
fn a_key_in_two_files_that_the_settings_name_is_taken_out_of_both() {
    needs!(sshd);
    let second = |machine: &Machine| SshdOptions {
        key_files: vec![machine.path("etc/ssh/keys/it")],
        ..SshdOptions::default()
    };
    let mut stage = Stage::set("ed25519", second);
    stage.machine.put(
        "etc/ssh/sshd_config",
        0o644,
        "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/it\n",
    );
    let text = format!("{0}\n# here\n{0}\n", stage.ci.public);
    stage.machine.put("etc/ssh/keys/it", 0o644, &text);
    let warnings = stage.blast(&stage.ci).warnings.join("\n");
    assert!(warnings.contains("lines 1, 3 of /etc/ssh/keys/it"), "{warnings}");
    assert!(warnings.contains("line 4 of /srv/it/.ssh/authorized_keys"), "{warnings}");
    let kept = stage.keepsake(&stage.ci).unwrap();
    stage.act(&stage.ci, &Act::Disable).unwrap();
    assert_eq!(fs::read_to_string(stage.machine.path("etc/ssh/keys/it")).unwrap(), "# here\n");
    assert!(matches!(stage.probe(&stage.ci, &kept), ProbeAnswer::Refused { .. }));
    stage.act(&stage.ci, &Act::Enable { keepsake: Some(&kept) }).unwrap();
    assert_eq!(fs::read_to_string(stage.machine.path("etc/ssh/keys/it")).unwrap(), text);
}

#[test]
fn a_server_that_takes_any_key_shows_nothing() {
    needs!(sshd);
    let anything = |_: &Machine| SshdOptions {
        further: vec![
            String::from("AuthorizedKeysCommand /bin/echo %t %k"),
            String::from("AuthorizedKeysCommandUser {user}"),
        ],
        ..SshdOptions::default()
    };
    let stage = Stage::set("ed25519", anything);
    let kept = stage.keepsake(&stage.ci).unwrap();
    let answer = stage.probe(&stage.ci, &kept);
    let log = stage.sshd.as_ref().unwrap().log().unwrap();
    let cannot = matches!(&answer, ProbeAnswer::CannotKnow { why } if why.contains("nobody authorised"));
    assert!(cannot, "{answer:?}: {log}");
}

#[test]
fn another_server_at_the_address_proves_nothing() {
    needs!(sshd);
    let mut stage = Stage::set("ed25519", |_| SshdOptions::default());
    let kept = stage.keepsake(&stage.ci).unwrap();
    let elsewhere = stage.other.public.clone();
    stage.machine.put("etc/ssh/ssh_host_ed25519_key.pub", 0o644, elsewhere);
    let answer = stage.probe(&stage.ci, &kept);
    assert!(
        matches!(&answer, ProbeAnswer::CannotKnow { why } if why.contains("is not this machine's: its host key is SHA256:")),
        "{answer:?}"
    );
    fs::remove_file(stage.machine.path("etc/ssh/ssh_host_ed25519_key.pub")).unwrap();
    let answer = stage.probe(&stage.ci, &kept);
    assert!(
        matches!(&answer, ProbeAnswer::CannotKnow { why } if why.contains("no public host key")),
        "{answer:?}"
    );
}

#[test]
fn a_server_that_is_away_is_unreachable_and_never_refuses() {
    needs!(sshd);
    let stage = Stage::set("ed25519", |_| SshdOptions::default());
    let kept = stage.keepsake(&stage.ci).unwrap();
    stage.sshd.as_ref().unwrap().stop().unwrap();
    let answer = stage.probe(&stage.ci, &kept);
    assert!(matches!(answer, ProbeAnswer::Unreachable { .. }), "{answer:?}");
}

/// What a plan may promise, asked before anybody approves it. The twins: the same key, and a server that is or is not there.
#[test]
fn how_well_an_end_can_be_shown_is_asked_of_the_server_before_it_is_approved() {
    needs!(sshd);
    let mut stage = Stage::set("ed25519", |_| SshdOptions::default());
    assert_eq!(stage.blast(&stage.ci).at_most, None, "it is taken now, and its refusal would show its end");
    let most = |stage: &Stage| {
        let most = stage.blast(&stage.ci).at_most.unwrap();
        assert_eq!(most.level, tenure_model::ProofLevel::P2, "{most:?}");
        most.why.replace(&stage.sshd.as_ref().unwrap().port().to_string(), "PORT")
    };
    let settings = "AuthorizedKeysCommand /usr/bin/keys\n";
    stage.machine.put("etc/ssh/sshd_config", 0o644, settings);
    assert!(most(&stage).contains("which is not enough"), "{}", most(&stage));
    stage.machine.put("etc/ssh/sshd_config", 0o644, "");
    let host_key = fs::read(stage.machine.path("etc/ssh/ssh_host_ed25519_key.pub")).unwrap();
    stage.machine.put("etc/ssh/ssh_host_ed25519_key.pub", 0o644, &stage.ci.public);
    assert!(most(&stage).contains("is not this machine's"), "{}", most(&stage));
    stage.machine.put("etc/ssh/ssh_host_ed25519_key.pub", 0o644, host_key);
    assert_eq!(stage.blast(&stage.ci).at_most, None);
    let expired = format!("expiry-time=\"20200101\" {}\n", stage.ci.public);
    let keys = stage.keys();
    stage.machine.put(KEYS, 0o644, expired);
    assert!(most(&stage).contains("does not take this key now"), "{}", most(&stage));
    stage.machine.put(KEYS, 0o644, keys);
    stage.sshd.as_ref().unwrap().stop().unwrap();
    let said = most(&stage);
    assert!(
        said.starts_with("no SSH server answers at 127.0.0.1:PORT (")
            && said.contains("with the option sshd"),
        "{said}"
    );
}

#[test]
fn where_no_server_is_known_the_plan_says_that_it_shows_less() {
    let stage = Stage::dark("ed25519");
    let most = stage.blast(&stage.ci).at_most.unwrap();
    assert_eq!(most.level, tenure_model::ProofLevel::P2);
    assert!(!most.why.is_empty(), "{most:?}");
}

#[test]
fn the_server_logs_who_asked_and_that_nobody_was_let_in() {
    needs!(sshd);
    let stage = Stage::set("ed25519", |_| SshdOptions {
        further: vec!["LogLevel DEBUG1".into()],
        ..SshdOptions::default()
    });
    let kept = stage.keepsake(&stage.ci).unwrap();
    stage.probe(&stage.ci, &kept);
    let log = stage.sshd.as_ref().unwrap().log().unwrap();
    assert!(log.contains("Tenure_"), "{log}");
    assert!(!log.contains("Accepted publickey"), "{log}");
}

#[test]
fn an_open_session_is_found_by_the_log_and_unread_without_it() {
    needs!(sshd);
    let mut stage = Stage::set("ed25519", |_| SshdOptions::default());
    assert_eq!(stage.derived(&stage.ci), DerivedReading::default(), "nobody is logged in");
    let sshd = stage.sshd.take().unwrap();
    let mut session = sshd.session(&stage.ci).unwrap();
    fs::remove_dir_all(stage.machine.path("proc")).unwrap();
    std::os::unix::fs::symlink("/proc", stage.machine.path("proc")).unwrap();
    let unread = stage.derived(&stage.ci);
    assert!(unread.found.is_empty() && unread.unknowable[0].1.contains("is not in the log"), "{unread:?}");
    let pid = session_of(sshd.pid().unwrap());
    let line = |key: &SshKey| {
        format!(
            "Nov 22 06:26:13 box sshd[{pid}]: Accepted publickey for {} from 127.0.0.1 port 1 ssh2: ED25519 {}\n",
            stage.user, key.fingerprint
        )
    };
    let (ours, another) = (line(&stage.ci), line(&stage.other));
    stage.machine.put("var/log/auth.log", 0o640, &ours);
    let read = stage.derived(&stage.ci);
    assert!(read.unread.is_empty() && read.found[0].name.contains(&pid.to_string()), "{read:?}");
    assert_eq!(stage.derived(&stage.other), DerivedReading::default(), "it is not the other key's");
    stage.machine.put("var/log/auth.log", 0o640, format!("{ours}{another}"));
    assert_eq!(stage.derived(&stage.ci).unread.len(), 1, "two keys for one process: not known");
    assert!(!stage.act(&stage.ci, &Act::EndSessions).unwrap().changed, "what cannot be named is not ended");
    assert!(session.goes_on().unwrap());
    stage.machine.put("var/log/auth.log", 0o640, &ours);
    assert!(!stage.act(&stage.other, &Act::EndSessions).unwrap().changed, "nor is another key's");
    assert_eq!(stage.effect(&stage.ci, StepKind::EndSessions, None), Effect::Missing);
    let open_root =
        |mode| fs::set_permissions(stage.machine.path(""), fs::Permissions::from_mode(mode)).unwrap();
    open_root(0o777);
    assert!(stage.act(&stage.ci, &Act::EndSessions).is_err(), "anybody could have led `proc` there");
    assert!(session.goes_on().unwrap());
    open_root(0o755);
    assert!(stage.act(&stage.ci, &Act::EndSessions).unwrap().changed);
    session.wait().unwrap();
    assert_eq!(stage.derived(&stage.ci), DerivedReading::default());
    assert_eq!(stage.effect(&stage.ci, StepKind::EndSessions, None), Effect::Present);
    assert!(!stage.act(&stage.ci, &Act::EndSessions).unwrap().changed);
}

#[test]
fn a_process_of_another_machine_is_never_signalled() {
    let mut stage = Stage::dark("ed25519");
    let mut bystander = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let pid = bystander.id();
    stage.machine.put(&format!("proc/{pid}/cmdline"), 0o444, "sshd: it@notty\0");
    stage.machine.put(&format!("proc/{pid}/stat"), 0o444, format!("{pid} (sshd) S 1 1 1 0"));
    let line = format!(
        "Nov 22 06:26:13 box sshd[{pid}]: Accepted publickey for it from 127.0.0.1 port 1 ssh2: ED25519 {}\n",
        stage.ci.fingerprint
    );
    stage.machine.put("var/log/auth.log", 0o640, line);
    assert_eq!(stage.derived(&stage.ci).found.len(), 1);
    let answer = stage.act(&stage.ci, &Act::EndSessions).unwrap_err();
    assert!(answer.to_string().contains("not those of the machine that Tenure runs on"), "{answer}");
    // Whoever makes up the rest makes that up, too.
    let own = std::process::id().to_string();
    std::os::unix::fs::symlink(own, stage.machine.path("proc/self")).unwrap();
    let answer = stage.act(&stage.ci, &Act::EndSessions).unwrap_err();
    assert!(answer.to_string().contains("not those of the machine that Tenure runs on"), "{answer}");
    assert_eq!(bystander.try_wait().unwrap(), None, "it goes on");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

/// The first process below the server that is somebody's session.
fn session_of(server: u32) -> u32 {
    let processes: Vec<PathBuf> =
        fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).collect();
    let below = |path: &&PathBuf| {
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        let parent =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        let title = fs::read_to_string(path.join("cmdline")).unwrap_or_default();
        parent == Some(server) && title.starts_with("sshd")
    };
    processes.iter().find(below).unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap()
}

#[test]
fn the_mode_of_the_file_stays_also_when_it_is_an_odd_one() {
    let stage = Stage::dark("ed25519");
    fs::set_permissions(stage.machine.path(KEYS), fs::Permissions::from_mode(0o2640)).unwrap();
    stage.act(&stage.ci, &Act::Disable).unwrap();
    assert_eq!(fs::metadata(stage.machine.path(KEYS)).unwrap().mode() & 0o7777, 0o2640);
}
