//! Servers do not outlive the test process that started them, however it ends.
//!
//! The owner to be killed is this very test binary, started a second time on one test with a variable
//! set; it starts servers, reports them, and waits to be killed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tenure_testbed::{
    PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, PostgresOptions, Replica, needs,
    sweep_leftovers,
};

/// Set in the process that is going to be killed.
const VICTIM: &str = "TENURE_TESTBED_VICTIM";

/// Looks until there is an answer; fails after a minute.
pub(crate) fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(answer) = look() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited a minute in vain");
        std::thread::yield_now();
    }
}

/// Starts this binary again on the test `name`, and reads the servers it reports: process id and directory.
fn start_victim(name: &str) -> (Child, Vec<(u32, PathBuf)>) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let servers = lines.take_while(|line| line != "victim ready").filter_map(|line| {
        let (pid, directory) = line.strip_prefix("server ")?.split_once(' ')?;
        Some((pid.parse().unwrap(), PathBuf::from(directory)))
    });
    let servers = servers.collect();
    (victim, servers)
}

fn report(pid: u32, data: &std::path::Path) {
    println!("server {pid} {}", data.display());
}

/// Waits for the end that comes with a signal.
fn wait_to_be_killed() -> ! {
    println!("victim ready");
    loop {
        std::thread::park();
    }
}

fn is_gone(pid: u32, directory: &std::path::Path) -> bool {
    !PathBuf::from(format!("/proc/{pid}")).exists() && !directory.exists()
}

#[test]
fn servers_of_a_killed_test_process_end_and_their_directories_go() {
    needs!(postgres);
    let with_pooler = tenure_testbed::pgbouncer_available() == tenure_testbed::Availability::Present;
    if std::env::var_os(VICTIM).is_some() {
        let primary = Postgres::start(&PostgresOptions::default()).unwrap();
        let replica = Replica::start(&primary).unwrap();
        let options = PgBouncerOptions { auth: PgBouncerAuth::AuthQuery, pool_mode: PoolMode::Transaction };
        let pooler = with_pooler.then(|| PgBouncer::start(&primary, options).unwrap());
        report(primary.pid().unwrap(), &primary.data_dir());
        report(replica.pid().unwrap(), &replica.data_dir());
        if let Some(pooler) = &pooler {
            report(pooler.pid().unwrap(), &pooler.directory());
        }
        // A paused server must not survive either.
        replica.pause().unwrap();
        wait_to_be_killed();
    }
    let (mut victim, servers) =
        start_victim("leftovers::servers_of_a_killed_test_process_end_and_their_directories_go");
    assert_eq!(servers.len(), if with_pooler { 3 } else { 2 });
    assert!(servers.iter().all(|(pid, directory)| !is_gone(*pid, directory)));
    victim.kill().unwrap();
    victim.wait().unwrap();
    for (pid, directory) in servers {
        eventually(|| is_gone(pid, &directory).then_some(()));
    }
}

#[test]
fn a_sweep_removes_what_a_killed_watcher_left_and_spares_the_living() {
    needs!(postgres);
    if std::env::var_os(VICTIM).is_some() {
        let primary = Postgres::start(&PostgresOptions::default()).unwrap();
        report(primary.pid().unwrap(), &primary.data_dir());
        wait_to_be_killed();
    }
    let living = Postgres::start(&PostgresOptions::default()).unwrap();
    let (mut victim, servers) =
        start_victim("leftovers::a_sweep_removes_what_a_killed_watcher_left_and_spares_the_living");
    let (pid, data) = &servers[0];
    for watcher in watchers_of(data.parent().unwrap()) {
        assert!(Command::new("kill").args(["-KILL", &watcher.to_string()]).status().unwrap().success());
        eventually(|| command_line(watcher).is_empty().then_some(()));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();

    // With the watcher dead only a sweep can do it. Another test's sweep may be quicker than ours.
    sweep_leftovers().unwrap();
    eventually(|| is_gone(*pid, data.parent().unwrap()).then_some(()));
    assert_eq!(living.sql("postgres", "SELECT 1").unwrap(), "1");
}

/// Ids of the watcher shells of one server directory.
fn watchers_of(directory: &std::path::Path) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let found: Vec<u32> = pids
        .filter(|pid| {
            let line = command_line(*pid);
            line.contains("tenure-testbed-watcher") && line.contains(&directory.display().to_string())
        })
        .collect();
    assert_eq!(found.len(), 1, "one watcher per server");
    found
}

/// Empty once the process has ended.
fn command_line(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).into_owned()
}
