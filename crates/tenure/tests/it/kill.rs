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
const PATIENCE: Duration = Duration::from_secs(120);

/// Numbers from a seed (SplitMix64), so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

struct Deployment {
    directory: TempDir,
}

impl Deployment {
    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn tenure(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tenure"))
            .arg("--data")
            .arg(self.data())
            .args(arguments)
            .env_remove("TENURE_KEY")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.tenure(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {}\n{out}{err}", output.status);
        out.into_owned()
    }

    fn up(&self) -> Up {
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
    fn entries(&self) -> u64 {
        let checkpoint = std::fs::read_to_string(self.data().join("checkpoint")).unwrap_or_default();
        checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
    }
}

/// A running server; killed hard when dropped.
struct Up(Child);

impl Up {
    fn kill(mut self) {
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

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
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

#[test]
fn kill_9_loses_doubles_and_falsely_proves_nothing() {
    needs!(postgres);
    let kills: u64 = std::env::var("TENURE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let seed: u64 = std::env::var("TENURE_KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7);
    let mut dice = Dice(seed);
    let settings = vec![(String::from("log_statement"), String::from("ddl"))];
    let postgres = Postgres::start(&PostgresOptions { settings, ..PostgresOptions::default() }).unwrap();
    postgres.create_database("shop").unwrap();
    postgres.sql("shop", "CREATE ROLE bystander LOGIN PASSWORD 'BystanderValue001'").unwrap();
    let deployment = Deployment { directory: TempDir::new().unwrap() };
    let password = deployment.directory.path().join("password");
    private_file(&password, postgres.password());
    deployment.done(&["init"]);
    let (mut killed, mut round, mut settled) = (0, 0, Vec::new());
    let mut up = None;
    while killed < kills {
        round += 1;
        let role = format!("victim_{round}");
        let former = format!("FormerValue{round:08}");
        postgres.sql("shop", &format!("CREATE ROLE {role} LOGIN PASSWORD '{former}'; CREATE TABLE t_{round} (); ALTER TABLE t_{round} OWNER TO {role}")).unwrap();
        if round == 1 {
            let password = password.to_str().unwrap();
            let url = postgres.url("shop");
            let heir = format!("heir={}", postgres.superuser());
            deployment.done(&[
                "source",
                "add",
                "pg",
                &url,
                "--password-file",
                password,
                "--option",
                "lag-seconds=1",
                "--option",
                &heir,
            ]);
            up = Some(deployment.up());
        }
        deployment.done(&["survey", "pg"]);
        let begun = deployment.tenure(&[
            "revoke",
            &format!("pg/{role}"),
            "--reason",
            "test",
            "--yes",
            &role,
            "--wait",
            "0",
        ]);
        assert_eq!(
            begun.status.code(),
            Some(4),
            "seed {seed}: {}{}",
            String::from_utf8_lossy(&begun.stdout),
            String::from_utf8_lossy(&begun.stderr)
        );
        loop {
            let plan = plan_of(&deployment, &role);
            if plan["plan"]["state"] == "proved" || plan["plan"]["state"] == "short" {
                assert_eq!(plan["plan"]["level"], "P4", "seed {seed}: {plan:#}");
                settled.push((role.clone(), former, plan["plan"]["handle"].as_str().unwrap().to_owned()));
                break;
            }
            if killed < kills {
                let until = deployment.entries() + 1 + dice.below(8);
                let begun = Instant::now();
                let limit = Duration::from_millis(300 + dice.below(900));
                while deployment.entries() < until && begun.elapsed() < limit {
                    std::thread::sleep(Duration::from_micros(500));
                }
                up.take().unwrap().kill();
                killed += 1;
                up = Some(deployment.up());
            } else {
                wait_for("the plan to settle", || {
                    let state = plan_of(&deployment, &role)["plan"]["state"].clone();
                    state == "proved" || state == "short"
                });
            }
        }
    }
    up.take().unwrap().kill();
    check_end(&deployment, &postgres, &settled, seed);
    let proved = settled.len();
    println!(
        "FIGURE real kill -9: kills, plans that settled and were checked at the server | {killed}, {proved}"
    );
}

fn plan_of(deployment: &Deployment, role: &str) -> serde_json::Value {
    let plans: serde_json::Value = serde_json::from_str(&deployment.done(&["plans", "--json"])).unwrap();
    let items = plans["items"].as_array().or_else(|| plans.as_array()).unwrap();
    let plan =
        items.iter().find(|plan| plan["principal_name"] == *role || plan["plan"]["principal_name"] == *role);
    let handle =
        plan.and_then(|plan| plan["handle"].as_str().or_else(|| plan["plan"]["handle"].as_str())).unwrap();
    let shown = deployment.tenure(&["proof", handle, "--json"]);
    serde_json::from_slice(&shown.stdout).unwrap()
}

fn check_end(deployment: &Deployment, postgres: &Postgres, settled: &[(String, String, String)], seed: u64) {
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
