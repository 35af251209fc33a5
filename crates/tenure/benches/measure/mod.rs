//! What every bench here measures with: processor time and memory as `/proc` tells them, medians, and the
//! `FIGURE` lines that `cargo xtask bench` collects.
//!
//! Nothing here asserts a time; a figure is for reading. Linux only, like the servers the benches start.
#![allow(dead_code, reason = "each bench uses a part of it")]

use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tenure_connect::Connector;
use tenure_connect_host::HostConnector;
use tenure_connect_postgres::PostgresConnector;
use tenure_engine::{Actor, Database, Deadlines, Deployment, OpenOptions, SystemClock};
use tenure_keys::{RealDisk, SystemRandomness};

/// One tick of the times in `/proc/<pid>/stat`: `USER_HZ` is 100 on every Linux architecture (time(7)).
const TICK: Duration = Duration::from_millis(10);
/// How long a server may take to have ended its sessions.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints a figure in the form that `cargo xtask bench` collects.
pub(crate) fn figure(what: &str, value: &str) {
    println!("FIGURE {what} | {value}");
}

/// Milliseconds, for reading.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1_000.0)
}

/// The value in the middle; of an even number of values the upper one.
pub(crate) fn median<T: PartialOrd + Copy>(values: impl IntoIterator<Item = T>) -> Result<T> {
    let mut sorted: Vec<T> = values.into_iter().collect();
    sorted.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    sorted.get(sorted.len() / 2).copied().context("nothing was measured")
}

/// The fields of `/proc/<pid>/stat` after the command's name, which may itself hold blanks (proc(5)).
fn stat_fields(pid: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, rest) = text.rsplit_once(')').context("/proc/<pid>/stat has another form")?;
    Ok(rest.split_whitespace().map(str::to_owned).collect())
}

/// Field number `number` of proc(5), which counts from 1 and has the state as the third.
fn field(fields: &[String], number: usize) -> Result<u32> {
    let text = fields.get(number - 3).with_context(|| format!("/proc/<pid>/stat has no field {number}"))?;
    Ok(text.parse()?)
}

/// Processor time a process has taken, in user and kernel mode, with that of the children it has waited
/// for when `with_ended_children`.
fn processor_time(pid: u32, with_ended_children: bool) -> Result<Duration> {
    let fields = stat_fields(pid)?;
    let counted = if with_ended_children { 14..=17 } else { 14..=15 };
    counted.map(|number| field(&fields, number).map(|ticks| TICK * ticks)).sum()
}

/// Processor time this process has taken so far.
pub(crate) fn own_processor_time() -> Result<Duration> {
    processor_time(std::process::id(), false)
}

/// Processor time another process has taken so far, without its children.
pub(crate) fn processor_time_of(pid: u32) -> Result<Duration> {
    processor_time(pid, false)
}

/// A line of `/proc/<pid>/status` in MiB: `VmRSS` (resident now) or `VmHWM` (resident at most).
pub(crate) fn memory_mib(pid: u32, line: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let found = status.lines().find_map(|each| each.strip_prefix(line)?.strip_prefix(':'));
    let kib: u32 = found
        .and_then(|value| value.split_whitespace().next())
        .with_context(|| format!("no {line} in /proc/{pid}/status"))?
        .parse()?;
    Ok(f64::from(kib) / 1024.0)
}

fn children(pid: u32) -> Result<BTreeSet<u32>> {
    let processes = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(processes
        .filter(|candidate| {
            // A process that ended meanwhile is nobody's child any more.
            stat_fields(*candidate).and_then(|fields| field(&fields, 4)).is_ok_and(|parent| parent == pid)
        })
        .collect())
}

/// What a PostgreSQL takes of the processor: the postmaster, its children, and those that have ended.
pub(crate) struct ServerTime {
    postmaster: u32,
    /// The children it has while nobody is connected.
    idle: BTreeSet<u32>,
}

impl ServerTime {
    /// Looks at a server to which nobody is connected. Its autovacuum must be off, because workers of it
    /// would be counted as ours.
    pub(crate) fn of_idle(postmaster: u32) -> Result<Self> {
        // The session that set the server up may still be leaving.
        let deadline = Instant::now() + PATIENCE;
        let mut idle = children(postmaster)?;
        let mut looks_alike = 0;
        while looks_alike < 20 {
            if Instant::now() > deadline {
                bail!("the server never came to rest");
            }
            std::thread::sleep(TICK);
            let now = children(postmaster)?;
            looks_alike = if now == idle { looks_alike + 1 } else { 0 };
            idle = now;
        }
        Ok(Self { postmaster, idle })
    }

    /// Processor time so far, once every session has ended.
    pub(crate) fn taken(&self) -> Result<Duration> {
        let deadline = Instant::now() + PATIENCE;
        while !children(self.postmaster)?.is_subset(&self.idle) {
            if Instant::now() > deadline {
                bail!("a session of the server did not end");
            }
            std::thread::sleep(TICK);
        }
        let living: Result<Duration> = self.idle.iter().map(|pid| processor_time(*pid, false)).sum();
        Ok(processor_time(self.postmaster, true)? + living?)
    }
}

/// What some work cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Processor time of this process.
    pub(crate) own: Duration,
    /// Processor time of the server.
    pub(crate) server: Duration,
    /// From beginning to end.
    pub(crate) wall: Duration,
}

impl Cost {
    /// Own processor time in percent of the server's.
    pub(crate) fn percent(&self) -> f64 {
        100.0 * self.own.as_secs_f64() / self.server.as_secs_f64()
    }

    /// Measures `rounds` times the same work and says what one costs on average, since a tick is coarse.
    pub(crate) fn of_one(
        server: &ServerTime,
        rounds: u32,
        mut work: impl FnMut() -> Result<()>,
    ) -> Result<Self> {
        let (own, taken, begun) = (own_processor_time()?, server.taken()?, Instant::now());
        for _ in 0..rounds {
            work()?;
        }
        let wall = begun.elapsed();
        let own = own_processor_time()?.saturating_sub(own);
        let server = server.taken()?.saturating_sub(taken);
        Ok(Self { own: own / rounds, server: server / rounds, wall: wall / rounds })
    }
}

/// A deployment on the embedded database, exactly as `tenure up` opens it.
pub(crate) async fn open(directory: &Path) -> Result<Deployment> {
    open_with(directory, vec![Arc::new(PostgresConnector), Arc::new(HostConnector)]).await
}

/// A deployment with other connectors.
pub(crate) async fn open_with(directory: &Path, connectors: Vec<Arc<dyn Connector>>) -> Result<Deployment> {
    let options = OpenOptions {
        directory: directory.to_owned(),
        database: Database::Embedded,
        kek: None,
        disk: Arc::new(RealDisk),
        clock: Arc::new(SystemClock::default()),
        randomness: Box::new(SystemRandomness),
        connectors,
        deadlines: Deadlines::default(),
        mail: None,
        chats: Vec::new(),
        ldap: Vec::new(),
        events: Vec::new(),
        ticket_hooks: Vec::new(),
        first_person: (String::from("bench"), 1_000),
        commit_fault: None,
    };
    Ok(Deployment::open(options).await?)
}

/// The person a new deployment has.
pub(crate) async fn first_person(deployment: &Deployment) -> Result<Actor> {
    let people = deployment.engine.store().read("people", |tx| tx.people()).await?;
    let person = people.first().context("a new deployment has nobody")?;
    Ok(Actor { person: person.id, role: person.role, local: true })
}
