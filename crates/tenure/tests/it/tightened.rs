//! A file that others can read, on a planted machine, tightened by the program and shown to be closed.
//!
//! As root the proof is an account that is refused (P3), else a fresh read (P2). Each has a twin that must not prove, and the
//! program is killed at random moments: the file has the one mode or the other, and nothing between. Next: `kill.rs`.

use crate::kill::{Deployment, Dice, Up, is_settled, number, wait_for};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The file, as a path of the machine.
const FILE: &str = "/srv/ci/.aws/credentials";

struct Stage {
    deployment: Deployment,
    root: PathBuf,
}

fn put(path: &Path, mode: u32, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn level() -> &'static str {
    if rustix::process::geteuid().is_root() { "P3" } else { "P2" }
}

impl Stage {
    fn set(lag_seconds: u64) -> Self {
        let deployment = Deployment { directory: TempDir::new().unwrap() };
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(deployment.directory.path(), open).unwrap();
        let root = deployment.directory.path().join("machine");
        let us = rustix::process::geteuid().as_raw();
        let passwd = format!(
            "root:x:0:0:root:/root:/bin/bash\nus:x:{us}:{us}::/srv/us:/bin/bash\nci:x:4001:4001::/srv/ci:/bin/bash\n\
             mate:x:4002:4002::/srv/mate:/bin/bash\n"
        );
        put(&root.join("etc/passwd"), 0o644, &passwd);
        put(&root.join("etc/group"), 0o644, "ci:x:4001:\nmate:x:4002:\n");
        let unit = "[Service]\nUser=mate\nExecStart=/bin/true\n";
        put(&root.join("etc/systemd/system/nightly.service"), 0o644, unit);
        put(&root.join("proc/1/stat"), 0o444, "1 (init) S 0 1 1 0");
        let stage = Self { deployment, root };
        stage.write(0o644);
        for folder in ["srv", "srv/ci", "srv/ci/.aws"] {
            fs::set_permissions(stage.root.join(folder), fs::Permissions::from_mode(0o755)).unwrap();
        }
        stage.deployment.done(&["init"]);
        let (address, lag) =
            (format!("host://{}", stage.root.display()), format!("lag-seconds={lag_seconds}"));
        stage.deployment.done(&["source", "add", "box", &address, "--option", &lag]);
        stage.deployment.done(&["survey", "box"]);
        stage
    }

    /// No credential of anybody: made up here.
    fn write(&self, mode: u32) {
        let id = format!("AKIA{}", "Q7ZM2XNB4VC6TK3W");
        let secret = "p9Xw3".repeat(8);
        let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        put(&self.path(), mode, &text);
    }

    fn path(&self) -> PathBuf {
        self.root.join(FILE.trim_start_matches('/'))
    }

    fn mode(&self) -> u32 {
        fs::metadata(self.path()).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(&self, mode: u32) {
        fs::set_permissions(self.path(), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn tighten(&self, further: &[&str]) -> (Option<i32>, String) {
        let arguments = [&["tighten", FILE, "--yes", FILE], further].concat();
        said(&self.deployment.tenure(&arguments))
    }

    /// The newest plan.
    fn plan(&self) -> Value {
        let listed: Value = serde_json::from_str(&self.deployment.done(&["plans", "--json"])).unwrap();
        let first = listed.as_array().or_else(|| listed["items"].as_array()).unwrap()[0].clone();
        let handle = first["handle"].as_str().unwrap().to_owned();
        // Its exit code says whether the level was reached.
        serde_json::from_slice(&self.deployment.tenure(&["proof", &handle, "--json"]).stdout).unwrap()
    }
}

fn said(output: &Output) -> (Option<i32>, String) {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn handle(plan: &Value) -> String {
    plan["plan"]["handle"].as_str().unwrap().to_owned()
}

#[test]
fn a_file_is_tightened_shown_closed_and_given_its_mode_back() {
    let stage = Stage::set(1);
    let before = fs::read(stage.path()).unwrap();
    let (code, said) = stage.tighten(&["--wait", "60"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(stage.mode(), 0o600);
    for words in [
        "Mode 0644 → 0600",
        "mate",
        "`nightly.service` runs as `mate`",
        "goes on working",
        "Next: tenure survey box",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let plan = stage.plan();
    let ended = (plan["plan"]["state"].as_str(), plan["plan"]["level"].as_str());
    assert_eq!(ended, (Some("proved"), Some(level())), "{plan:#}");
    assert!(!plan.to_string().contains("p9Xw3"), "no value is in what is shown");
    let sentence = plan["plan"]["sentence"].as_str().unwrap();
    assert!(sentence.ends_with("what lies in it goes on working"), "{sentence}");
    assert!(!["dead", "revoked", "retired"].iter().any(|word| sentence.contains(word)), "{sentence}");

    // The identity is as present as before: nothing of it ended.
    let listed = stage.deployment.done(&["principals", "--json"]);
    assert!(!listed.contains("retired") && !listed.contains("unproven"), "{listed}");

    let undone = stage.deployment.done(&["undo", &handle(&plan)]);
    assert!(undone.contains("the file has the mode it had before"), "{undone}");
    assert_eq!((stage.mode(), fs::read(stage.path()).unwrap()), (0o644, before));

    // Found by the name of the identity as well; the group may go on.
    let identity = plan["identity_name"].as_str().unwrap();
    let output =
        stage.deployment.tenure(&["tighten", identity, "--group-may-read", "--yes", FILE, "--wait", "60"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stage.mode(), 0o640);
}

#[test]
fn the_finding_names_the_way_and_is_gone_after_the_next_survey() {
    let stage = Stage::set(1);
    let found = stage.deployment.tenure(&["findings", "--json"]);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(found.contains("readable_by_others") && found.contains("tenure tighten FILE"), "{found}");
    stage.tighten(&["--wait", "60"]);
    stage.deployment.done(&["survey", "box"]);
    let left = stage.deployment.tenure(&["findings", "--json"]);
    assert!(!String::from_utf8_lossy(&left.stdout).contains("readable_by_others"), "{left:?}");
}

#[test]
fn what_others_may_change_and_not_read_is_found_closed_and_gone_after_the_next_survey() {
    let stage = Stage::set(1);
    stage.set_mode(0o622);
    stage.deployment.done(&["survey", "box"]);
    let found =
        || String::from_utf8_lossy(&stage.deployment.tenure(&["findings", "--json"]).stdout).into_owned();
    assert!(found().contains("writable_by_others") && !found().contains("readable_by_others"), "{}", found());
    let (code, said) = stage.tighten(&["--wait", "60"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("can change it now, and will not: ci, mate"), "{said}");
    // Nobody could read it before, so nobody can be seen to be refused.
    assert_eq!((stage.mode(), stage.plan()["plan"]["level"].as_str()), (0o600, Some("P2")));
    stage.deployment.done(&["survey", "box"]);
    assert!(!found().contains("writable_by_others"), "{}", found());
}

#[test]
fn what_is_tight_already_is_said_and_is_no_failure() {
    let stage = Stage::set(1);
    stage.set_mode(0o600);
    let (code, said) = stage.tighten(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Nothing to do: /srv/ci/.aws/credentials has mode 0600"), "{said}");
    let (code, said) = stage.tighten(&["--json"]);
    let document: Value = serde_json::from_str(&said).unwrap();
    assert!(code == Some(0) && document["nothing_to_do"].is_string(), "{document}");
    assert_eq!(stage.deployment.done(&["plans", "--json"]).matches("\"handle\"").count(), 0);
}

#[test]
fn what_cannot_be_tightened_is_refused_before_a_plan_is_made() {
    let stage = Stage::set(1);
    let check = |path: &str, code: i32, words: &str| {
        let (ended, said) = said(&stage.deployment.tenure(&["tighten", path]));
        assert_eq!(ended, Some(code), "{path}: {said}");
        assert!(said.contains(words), "{path}: {said}");
    };
    check("/etc/hosts", 1, "no survey saw a credential in `/etc/hosts`");
    check("/srv/ci/../ci/.aws/credentials", 1, "is not the path of a file");
    check("box/nobody", 1, "there is no identity");
    let away = stage.root.join("srv/ci/away");
    fs::rename(stage.path(), &away).unwrap();
    check(FILE, 1, "it is not there");
    std::os::unix::fs::symlink(&away, stage.path()).unwrap();
    check(FILE, 1, "a symbolic link is on the way");
    fs::remove_file(stage.path()).unwrap();
    fs::create_dir(stage.path()).unwrap();
    check(FILE, 1, "it is a directory");
    let (code, said) = said(&stage.deployment.tenure(&["revoke", FILE, "--reason", "x", "--yes", "x"]));
    assert_eq!(code, Some(1), "{said}");
}

/// Kills the program once the file is tight, does something, and lets it go on to the proof.
fn meanwhile(stage: &Stage, act: impl FnOnce()) -> Value {
    let up = stage.deployment.up();
    let (code, said) = stage.tighten(&["--wait", "0"]);
    assert_eq!(code, Some(4), "{said}");
    let is_tight = |plan: &Value| {
        let steps = plan["steps"].as_array().unwrap();
        steps.iter().any(|step| step["kind"] == "tighten" && step["state"] == "done")
    };
    wait_for("the mode to change", || is_tight(&stage.plan()));
    up.kill();
    act();
    let up = stage.deployment.up();
    wait_for("the plan to settle", || is_settled(&stage.plan()));
    up.kill();
    stage.plan()
}

#[test]
fn a_mode_that_somebody_puts_back_is_never_called_closed() {
    let stage = Stage::set(15);
    let plan = meanwhile(&stage, || stage.set_mode(0o644));
    let ended = (plan["plan"]["state"].as_str(), plan["plan"]["level"].as_str());
    assert_eq!(ended, (Some("short"), Some("P1")), "{plan:#}");
    assert_eq!(stage.mode(), 0o644, "who opened it is not fought with");
}

#[test]
fn another_file_with_the_former_mode_is_never_called_closed() {
    let stage = Stage::set(15);
    let beside = stage.root.join("srv/ci/.aws/beside");
    let plan = meanwhile(&stage, || {
        put(&beside, 0o644, "another");
        fs::rename(&beside, stage.path()).unwrap();
    });
    let ended = (plan["plan"]["state"].as_str(), plan["plan"]["level"].as_str());
    assert_eq!(ended, (Some("short"), Some("P1")), "{plan:#}");
    let undone = stage.deployment.done(&["undo", &handle(&plan)]);
    assert!(undone.contains("left as it is: another file is at its place"), "{undone}");
    assert_eq!((stage.mode(), fs::read(stage.path()).unwrap()), (0o644, b"another".to_vec()));
}

/// Kills and restarts at random moments until the plan has settled; the mode is looked at all the time.
fn carry_through(stage: &Stage, mut up: Up, dice: &mut Dice, left: &mut u64) -> Up {
    let whole = [0o644, 0o600];
    while !is_settled(&stage.plan()) {
        if *left == 0 {
            wait_for("the plan to settle", || is_settled(&stage.plan()));
            continue;
        }
        let until = stage.deployment.entries() + 1 + dice.below(4);
        let limit = Duration::from_millis(20 + dice.below(400));
        let begun = Instant::now();
        while stage.deployment.entries() < until && begun.elapsed() < limit {
            assert!(whole.contains(&stage.mode()), "{:o}", stage.mode());
        }
        up.kill();
        *left -= 1;
        assert!(whole.contains(&stage.mode()), "after a kill: {:o}", stage.mode());
        up = stage.deployment.up();
    }
    up
}

#[test]
fn kill_9_leaves_the_file_with_one_mode_or_the_other_and_the_plan_comes_to_its_end() {
    let (seed, mut left) = (number("TENURE_KILL_SEED", 7), number("TENURE_TIGHTEN_KILLS", 6));
    let kills = left;
    let mut dice = Dice(seed);
    let stage = Stage::set(1);
    let mut up = stage.deployment.up();
    let mut settled = 0_u64;
    while left > 0 {
        stage.set_mode(0o644);
        let (code, said) = stage.tighten(&["--wait", "0"]);
        assert_eq!(code, Some(4), "seed {seed}: {said}");
        up = carry_through(&stage, up, &mut dice, &mut left);
        let plan = stage.plan();
        let ended = (plan["plan"]["state"].as_str(), plan["plan"]["level"].as_str());
        assert_eq!(ended, (Some("proved"), Some(level())), "seed {seed}: {plan:#}");
        assert_eq!(stage.mode(), 0o600, "seed {seed}: falsely shown");
        settled += 1;
    }
    up.kill();
    println!("FIGURE real kill -9 while a file is tightened: kills, plans settled | {kills}, {settled}");
}

#[test]
fn a_file_of_an_image_is_named_by_its_path_here_too_and_both_are_shown() {
    let stage = Stage::set(0);
    let here = stage.path().display().to_string();
    let planned = stage.deployment.tenure(&["plan", "tighten", &here, "--reason", "test"]);
    let (code, text) = said(&planned);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("tighten {here}: test")), "{text}");
    assert!(text.contains(&format!("In `box` it is {FILE}.")), "{text}");
    let other = stage.root.join("srv/ci/nothing").display().to_string();
    let (code, text) = said(&stage.deployment.tenure(&["tighten", &other, "--yes", &other]));
    assert!(code == Some(1) && text.contains("no survey saw a credential"), "{text}");
    let (code, text) = said(&stage.deployment.tenure(&["tighten", &here, "--yes", &here]));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(stage.mode(), 0o600);
}
