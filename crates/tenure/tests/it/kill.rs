//! `kill -9` against the real binary and a real PostgreSQL, at random moments of a revocation.
//!
//! After every kill the same command starts again and goes on. In the end nothing is lost (every
//! plan settled), nothing doubled (one removal per role, in the server's own log) and nothing
//! falsely proved (what is called dead is refused by the server itself).

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tenure_testbed::{Postgres, PostgresOptions, needs};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// Numbers from a seed (SplitMix64), so that a failure can be run again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

pub(crate) struct Deployment {
    pub(crate) directory: TempDir,
}

impl Deployment {
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn tenure(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tenure"))
            .arg("--data")
            .arg(self.data())
            .args(arguments)
            .env_remove("TENURE_KEY")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.tenure(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {}\n{out}{err}", output.status);
        out.into_owned()
    }

    pub(crate) fn up(&self) -> Up {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.directory.path().join("up.log"))
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tenure"))
            .arg("--data")
            .arg(self.data())
            .args(["up", "--listen", "none"])
            .env_remove("TENURE_KEY")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut up = Up(child);
        wait_for("the server to answer", || {
            assert!(up.0.try_wait().unwrap().is_none(), "it ended by itself: {}", self.log());
            std::os::unix::net::UnixStream::connect(self.data().join("socket")).is_ok()
        });
        up
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("up.log")).unwrap_or_default()
    }

    /// Entries in the log, as the checkpoint beside the database says.
    pub(crate) fn entries(&self) -> u64 {
        let checkpoint = std::fs::read_to_string(self.data().join("checkpoint")).unwrap_or_default();
        checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
    }
}

/// A running server; killed hard when dropped.
pub(crate) struct Up(Child);

impl Up {
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn private_file(path: &Path, text: &str) {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The loop: a server, a deployment, and how often it was killed.
struct Stage {
    deployment: Deployment,
    postgres: Postgres,
    dice: Dice,
    seed: u64,
    kills: u64,
    killed: u64,
    up: Option<Up>,
}

/// A role that was revoked: its name, its former password, its plan's handle.
type Settled = (String, String, String);

pub(crate) fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

impl Stage {
    fn set() -> Self {
        let seed = number("TENURE_KILL_SEED", 7);
        let settings = vec![(String::from("log_statement"), String::from("ddl"))];
        let postgres = Postgres::start(&PostgresOptions { settings, ..PostgresOptions::default() }).unwrap();
        postgres.create_database("shop").unwrap();
        postgres.sql("shop", "CREATE ROLE bystander LOGIN PASSWORD 'BystanderValue001'").unwrap();
        let deployment = Deployment { directory: TempDir::new().unwrap() };
        let password = deployment.directory.path().join("password");
        private_file(&password, postgres.password());
        deployment.done(&["init"]);
        let (password, url) = (password.to_str().unwrap().to_owned(), postgres.url("shop"));
        let heir = format!("heir={}", postgres.superuser());
        let mut add = vec!["source", "add", "pg", &url, "--password-file", &password];
        add.extend(["--option", "lag-seconds=1", "--option", &heir]);
        deployment.done(&add);
        let up = Some(deployment.up());
        Self {
            deployment,
            postgres,
            dice: Dice(seed),
            seed,
            kills: number("TENURE_KILLS", 12),
            killed: 0,
            up,
        }
    }

    /// Makes a role that owns something, and begins to revoke it.
    fn begin(&self, round: u64) -> (String, String) {
        let (role, former) = (format!("victim_{round}"), format!("FormerValue{round:08}"));
        let create = format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{former}'; CREATE TABLE t_{round} (); \
             ALTER TABLE t_{round} OWNER TO {role}"
        );
        self.postgres.sql("shop", &create).unwrap();
        self.deployment.done(&["survey", "pg"]);
        let identity = format!("pg/{role}");
        let revoke = ["revoke", &identity, "--reason", "test", "--yes", &role, "--wait", "0"];
        let begun = self.deployment.tenure(&revoke);
        let said = [begun.stdout, begun.stderr].concat();
        assert_eq!(begun.status.code(), Some(4), "seed {}: {}", self.seed, String::from_utf8_lossy(&said));
        (role, former)
    }

    /// Kills and restarts at random moments until the plan has settled; returns its handle.
    fn carry_through(&mut self, role: &str) -> String {
        loop {
            let plan = plan_of(&self.deployment, role);
            if is_settled(&plan) {
                assert_eq!(plan["plan"]["level"], "P4", "seed {}: {plan:#}", self.seed);
                return plan["plan"]["handle"].as_str().unwrap().to_owned();
            }
            if self.killed < self.kills {
                self.kill_at_a_random_moment();
            } else {
                wait_for("the plan to settle", || is_settled(&plan_of(&self.deployment, role)));
            }
        }
    }

    fn kill_at_a_random_moment(&mut self) {
        let until = self.deployment.entries() + 1 + self.dice.below(8);
        let limit = Duration::from_millis(300 + self.dice.below(900));
        let begun = Instant::now();
        while self.deployment.entries() < until && begun.elapsed() < limit {
            std::thread::sleep(Duration::from_micros(500));
        }
        self.up.take().unwrap().kill();
        self.killed += 1;
        self.up = Some(self.deployment.up());
    }
}

pub(crate) fn is_settled(plan: &serde_json::Value) -> bool {
    plan["plan"]["state"] == "proved" || plan["plan"]["state"] == "short"
}

#[test]
fn kill_9_loses_doubles_and_falsely_proves_nothing() {
    needs!(postgres);
    let mut stage = Stage::set();
    let mut settled: Vec<Settled> = Vec::new();
    while stage.killed < stage.kills {
        let (role, former) = stage.begin(settled.len() as u64 + 1);
        let handle = stage.carry_through(&role);
        settled.push((role, former, handle));
    }
    stage.up.take().unwrap().kill();
    check_end(&stage.deployment, &stage.postgres, &settled, stage.seed);
    let (killed, proved) = (stage.killed, settled.len());
    println!("FIGURE real kill -9: kills, plans settled and checked at the server | {killed}, {proved}");
}

pub(crate) fn plan_of(deployment: &Deployment, role: &str) -> serde_json::Value {
    let plans: serde_json::Value = serde_json::from_str(&deployment.done(&["plans", "--json"])).unwrap();
    let items = plans["items"].as_array().or_else(|| plans.as_array()).unwrap();
    let plan =
        items.iter().find(|plan| plan["principal_name"] == *role || plan["plan"]["principal_name"] == *role);
    let handle =
        plan.and_then(|plan| plan["handle"].as_str().or_else(|| plan["plan"]["handle"].as_str())).unwrap();
    let shown = deployment.tenure(&["proof", handle, "--json"]);
    serde_json::from_slice(&shown.stdout).unwrap()
}

fn check_end(deployment: &Deployment, postgres: &Postgres, settled: &[Settled], seed: u64) {
    let log = postgres.log().unwrap();
    let key = deployment.done(&["evidence", "checkpoint", "--json"]);
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    let key = key["keys"][0].as_str().unwrap().to_owned();
    for (role, former, handle) in settled {
        let refused = postgres.sql_as(role, former, "shop", "SELECT 1").unwrap_err();
        assert_eq!(refused.refusal(), Some("28P01"), "seed {seed}: {role}: {refused:?}");
        let there =
            postgres.sql("shop", &format!("SELECT count(*) FROM pg_roles WHERE rolname = '{role}'")).unwrap();
        assert_eq!(there.trim(), "0", "seed {seed}: {role} is there");
        let file = deployment.directory.path().join(format!("{role}.tenure"));
        let file = file.to_str().unwrap();
        deployment.done(&["proof", handle, "--export", file]);
        deployment.done(&["evidence", "verify", file, "--log-key", &key]);
    }
    let kept = postgres.sql_as("bystander", "BystanderValue001", "shop", "SELECT 1").unwrap();
    assert_eq!(kept.trim(), "1", "seed {seed}: the bystander was touched");
    for (role, ..) in settled {
        let drops = log
            .lines()
            .filter(|line| line.contains("DROP ROLE") && line.contains(&format!("\"{role}\"")))
            .count();
        assert!(drops >= 1, "seed {seed}: {role} was never dropped: {log}");
    }
    assert!(
        !log.contains("ERROR:  role"),
        "seed {seed}: something was done to a role that was gone already: {log}"
    );
}
