//! The whole path as somebody else than root: what they close is shown by a fresh read (P2), and what is not theirs is refused.
//!
//! The program runs under another number in a private directory; only root can start it so, else these are skipped loudly. The
//! kernel is asked beside the program, as a third account. Next: `tightened.rs`.

use crate::kill::wait_for;
use serde_json::Value;
use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// Who runs the program, and who may not read what they close.
const THEY: u32 = 4_001;
const STRANGER: u32 = 4_002;
const FILE: &str = "/srv/ci/.aws/credentials";
const OF_ROOT: &str = "/srv/ci/.netrc";

struct Stage {
    directory: TempDir,
    program: PathBuf,
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn put(path: &Path, mode: u32, owner: u32, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    chown(path, Some(owner), Some(owner)).unwrap();
}

impl Stage {
    /// `None` where nobody else's number can be taken.
    fn set(lag_seconds: u64) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: running as somebody else (not root)");
            return None;
        }
        let directory = TempDir::new().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // Where it was built, others may not get to.
        let program = directory.path().join("tenure");
        let built = env!("CARGO_BIN_EXE_tenure");
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).unwrap();
        let stage = Self { directory, program };
        let passwd = "root:x:0:0:root:/root:/bin/bash\nci:x:4001:4001::/srv/ci:/bin/bash\nmate:x:4002:4002::/srv/mate:/bin/bash\n";
        put(&stage.at("/etc/passwd"), 0o644, 0, passwd);
        put(&stage.at("/etc/group"), 0o644, 0, "ci:x:4001:\nmate:x:4002:\n");
        put(&stage.at("/proc/1/stat"), 0o444, 0, "1 (init) S 0 1 1 0");
        let login = format!("machine build.example login ci password {}\n", "k7Qx2".repeat(4));
        put(&stage.at(OF_ROOT), 0o644, 0, &login);
        let (id, secret) = (format!("AKIA{}", "Q7ZM2XNB4VC6TK3W"), "p9Xw3".repeat(8));
        let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        put(&stage.at(FILE), 0o644, THEY, &text);
        for folder in ["/srv", "/srv/ci", "/srv/ci/.aws", "/etc"] {
            fs::set_permissions(stage.at(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::create_dir(stage.data()).unwrap();
        chown(stage.data(), Some(THEY), Some(THEY)).unwrap();
        fs::set_permissions(stage.data(), fs::Permissions::from_mode(0o700)).unwrap();
        stage.done(&["init"]);
        let address = format!("host://{}", stage.directory.path().join("machine").display());
        stage.done(&["source", "add", "box", &address, "--option", &format!("lag-seconds={lag_seconds}")]);
        stage.done(&["survey", "box"]);
        Some(stage)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.directory.path().join("machine").join(path.trim_start_matches('/'))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data").arg(self.data()).args(arguments).env_remove("TENURE_KEY");
        // The number alone leaves the groups of whoever starts it; the standard library takes them away with it.
        command.uid(THEY).gid(THEY).stdin(Stdio::null()).current_dir("/");
        command
    }

    fn tenure(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let (code, said) = self.tenure(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    }

    fn up(&self) -> Running {
        let mut command = self.command(&["up", "--listen", "none"]);
        let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_for("the server to answer", || {
            std::os::unix::net::UnixStream::connect(self.data().join("socket")).is_ok()
        });
        running
    }

    fn plan(&self) -> Value {
        self.proof()["plan"].clone()
    }

    fn proof(&self) -> Value {
        let listed: Value = serde_json::from_str(&self.done(&["plans", "--json"])).unwrap();
        let first = listed.as_array().or_else(|| listed["items"].as_array()).unwrap()[0].clone();
        let handle = first["handle"].as_str().unwrap().to_owned();
        let output = self.command(&["proof", &handle, "--json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.at(path)).unwrap().permissions().mode() & 0o7777
    }

    /// The kernel's word.
    fn a_stranger_reads(&self, path: &str) -> bool {
        let mut cat = Command::new("cat");
        cat.arg(self.at(path)).uid(STRANGER).gid(STRANGER).stdout(Stdio::null()).stderr(Stdio::null());
        cat.current_dir("/").status().unwrap().success()
    }
}

#[test]
fn their_own_file_is_closed_and_shown_to_p2_and_no_more_is_promised() {
    let Some(stage) = Stage::set(1) else { return };
    assert!(stage.a_stranger_reads(FILE));
    let (code, said) = stage.tenure(&["tighten", FILE, "--yes", FILE, "--wait", "60"]);
    assert_eq!(code, Some(0), "{said}");
    let words = "Tenure does not run as root, so it cannot try to read it as somebody else";
    assert!(said.contains("to P2") && !said.contains("P3"), "{said}");
    let one_line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains(words), "{said}");
    let plan = stage.plan();
    assert_eq!((plan["state"].as_str(), plan["level"].as_str()), (Some("proved"), Some("P2")), "{plan:#}");
    assert!(!stage.a_stranger_reads(FILE), "the kernel says so too");
    assert_eq!(stage.mode(FILE), 0o600);
    stage.done(&["undo", plan["handle"].as_str().unwrap()]);
    assert_eq!(stage.mode(FILE), 0o644);
}

#[test]
fn what_lives_on_is_never_called_closed() {
    let Some(stage) = Stage::set(10) else { return };
    let running = stage.up();
    let (code, said) = stage.tenure(&["tighten", FILE, "--yes", FILE, "--wait", "0"]);
    assert_eq!(code, Some(4), "{said}");
    let is_tight = |proof: &Value| {
        let steps = proof["steps"].as_array().unwrap();
        steps.iter().any(|step| step["kind"] == "tighten" && step["state"] == "done")
    };
    // Changed, and known to be: before that an act whose answer was lost is done again.
    wait_for("the mode to change", || is_tight(&stage.proof()));
    // The twin: they open it again before the lag has passed.
    fs::set_permissions(stage.at(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    let settled = || ["proved", "short"].contains(&stage.plan()["state"].as_str().unwrap());
    wait_for("the plan to settle", settled);
    drop(running);
    let plan = stage.plan();
    assert_eq!((plan["state"].as_str(), plan["level"].as_str()), (Some("short"), Some("P1")), "{plan:#}");
    assert!(stage.a_stranger_reads(FILE));
}

#[test]
fn the_file_of_another_is_refused_with_who_could_close_it() {
    let Some(stage) = Stage::set(1) else { return };
    let (code, said) = stage.tenure(&["tighten", OF_ROOT]);
    let one_line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code, Some(1), "{said}");
    let words = "it is the file of `root`, and run Tenure as root, or as the account whose file it is";
    assert!(one_line.contains(words), "{said}");
    assert_eq!(stage.mode(OF_ROOT), 0o644);
    let listed: Value = serde_json::from_str(&stage.done(&["plans", "--json"])).unwrap();
    assert!(!listed.to_string().contains("handle"), "no plan was made: {listed}");
}
