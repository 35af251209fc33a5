//! Tests of `packaging/`: the unit and its hardening, the account, the scripts that dpkg runs.
//!
//! Where systemd's own tools are installed they are the judges; what they would not notice is checked by structure. Nothing
//! of the machine is changed: scripts run with a PATH that holds only what a test put there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::repository;

/// What the service must never lose: no right to become more, nothing to write but its own, a clean end.
const REQUIRED: [&str; 27] = [
    "User=tenure",
    "ExecStart=/usr/bin/tenure --quiet up",
    "Restart=on-failure",
    "RestartPreventExitStatus=2 4",
    "StateDirectory=tenure",
    "StateDirectoryMode=0700",
    "UMask=0077",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "RestrictSUIDSGID=yes",
    "RestrictNamespaces=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "LimitCORE=0",
];

/// systemd's own measure of exposure, times ten: 0 is none, 100 is all there is. docs/install.md names them.
const EXPOSURE_MAX: &str = "12";
const EXPOSURE_WITH_HOST_SURVEY_MAX: &str = "16";

fn packaging(name: &str) -> String {
    let path = repository::root().unwrap().join("packaging").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn missing(unit: &str) -> Vec<&'static str> {
    let lines: BTreeSet<&str> = unit.lines().map(str::trim).collect();
    REQUIRED.into_iter().filter(|required| !lines.contains(required)).collect()
}

/// The unit where its program exists, with or without the file that lets it read the whole machine.
fn unit(folder: &Path, text: &str, host_survey: bool) -> PathBuf {
    let path = folder.join("tenure.service");
    fs::write(&path, text.replace("/usr/bin/tenure", "/bin/sh")).unwrap();
    if host_survey {
        let beside = folder.join("tenure.service.d");
        fs::create_dir(&beside).unwrap();
        fs::write(beside.join("host-survey.conf"), packaging("tenure-host-survey.conf")).unwrap();
    }
    path
}

/// A tool of systemd, if it is installed; otherwise that is said.
fn tool(name: &str, arguments: &[&str], path: &Path) -> Option<Output> {
    let done = Command::new(name).args(arguments).arg(path).output();
    if done.is_err() {
        eprintln!("SKIPPED: {name} (not installed); the structure of the files is checked all the same");
    }
    done.ok()
}

#[test]
fn the_unit_holds_what_it_must_and_a_line_less_is_noticed() {
    let text = packaging("tenure.service");
    assert_eq!(missing(&text), Vec::<&str>::new());
    assert_eq!(missing(&text.replace("NoNewPrivileges=yes\n", "")), ["NoNewPrivileges=yes"]);
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    let verify = ["verify", "--man=no"];
    for host_survey in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = unit(folder.path(), &packaging("tenure.service"), host_survey);
        let Some(done) = tool("systemd-analyze", &verify, &path) else { return };
        assert_eq!(String::from_utf8_lossy(&done.stderr), "");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = unit(folder.path(), &(packaging("tenure.service") + "ProtectSystm=strict\n"), false);
    let done = tool("systemd-analyze", &verify, &path).unwrap();
    assert!(
        String::from_utf8_lossy(&done.stderr).contains("ProtectSystm"),
        "a wrong line would not be noticed"
    );
}

#[test]
fn the_exposure_is_the_documented_one() {
    let exposed = |text: &str, host_survey: bool, most: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = unit(folder.path(), text, host_survey);
        let most = format!("--threshold={most}");
        let done = tool("systemd-analyze", &["security", "--offline=true", "--no-pager", &most], &path)?;
        Some(!done.status.success())
    };
    let text = packaging("tenure.service");
    assert_ne!(exposed(&text, false, EXPOSURE_MAX), Some(true));
    assert_ne!(exposed(&text, true, EXPOSURE_WITH_HOST_SURVEY_MAX), Some(true));
    let open = text.replace("SystemCallFilter=@system-service\n", "");
    assert_ne!(exposed(&open, false, EXPOSURE_MAX), Some(false), "a unit without a filter would pass");
}

#[test]
fn the_account_owns_its_directory_and_has_no_shell() {
    let text = packaging("tenure.sysusers");
    let account = text.lines().find(|line| line.starts_with("u ")).unwrap();
    let fields: Vec<&str> = account.split_whitespace().collect();
    assert_eq!((fields[1], fields.last()), ("tenure", Some(&"-")));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("etc")).unwrap();
    let root = format!("--root={}", folder.path().display());
    let path = repository::root().unwrap().join("packaging/tenure.sysusers");
    let Some(done) = tool("systemd-sysusers", &[&root], &path) else { return };
    let accounts = fs::read_to_string(folder.path().join("etc/passwd"));
    let Ok(accounts) = accounts else {
        // Only root can make accounts, also below another root.
        eprintln!("SKIPPED: systemd-sysusers ({})", String::from_utf8_lossy(&done.stderr).trim());
        return;
    };
    assert!(accounts.starts_with("tenure:x:"), "{accounts}");
    assert!(accounts.ends_with(":/var/lib/tenure:/usr/sbin/nologin\n"), "{accounts}");
}

/// Runs a script of the package as dpkg does. Answers what it said, and the commands it called.
fn run(script: &str, argument: &str, commands: &[&str]) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let called = folder.path().join("called");
    for command in commands {
        let path = folder.path().join(command);
        fs::write(&path, format!("#!/bin/sh\necho {command} \"$@\" >> '{}'\n", called.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = repository::root().unwrap().join("packaging/deb").join(script);
    let done = Command::new("/bin/sh").arg(path).arg(argument).env("PATH", folder.path()).output().unwrap();
    (done, fs::read_to_string(&called).unwrap_or_default())
}

const COMMANDS: [&str; 2] = ["systemd-sysusers", "systemctl"];

/// Whether systemd runs this machine: the scripts speak to it only then.
fn systemd_runs() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

#[test]
fn configuring_makes_the_account_and_starts_nothing_that_did_not_run() {
    let (done, called) = run("postinst", "configure", &COMMANDS);
    assert!(done.status.success(), "{done:?}");
    let systemd =
        if systemd_runs() { "systemctl daemon-reload\nsystemctl try-restart tenure.service\n" } else { "" };
    assert_eq!(called, format!("systemd-sysusers tenure.conf\n{systemd}"));
    let (done, called) = run("postinst", "abort-upgrade", &COMMANDS);
    assert!(done.status.success() && called.is_empty(), "{called}");
    let (done, _) = run("postinst", "configure", &["systemctl"]);
    assert!(done.status.success(), "a machine without systemd has no need of the account: {done:?}");
}

#[test]
fn removing_ends_the_service_and_an_upgrade_does_not() {
    let (_, called) = run("prerm", "remove", &COMMANDS);
    assert_eq!(called, if systemd_runs() { "systemctl disable --now tenure.service\n" } else { "" });
    let (done, called) = run("prerm", "upgrade", &COMMANDS);
    assert!(done.status.success() && called.is_empty(), "{called}");
}

#[test]
fn no_script_ever_removes_what_was_recorded() {
    for script in ["postinst", "prerm", "postrm"] {
        let text = packaging(&format!("deb/{script}"));
        assert!(text.starts_with("#!/bin/sh\n") && text.contains("\nset -e\n"), "{script}");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(!words.contains(&"rm") && !words.contains(&"userdel"), "{script}");
    }
    let (done, called) = run("postrm", "purge", &["rm", "systemctl"]);
    assert!(done.status.success() && called.is_empty(), "{called}");
}
