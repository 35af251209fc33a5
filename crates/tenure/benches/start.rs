//! How long `tenure up` takes until its socket answers, what it holds while idle, and how big it is.
//!
//! Every start is a new process, paired with a bare peer: a process that opens an empty SQLite in WAL
//! mode, commits once with a sync, and answers on a socket. What the peer takes is the machine's, not ours.

mod measure;

use anyhow::{Context as _, Result, bail};
use measure::{figure, median, memory_mib, milliseconds, processor_time_of};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Pairs of starts.
const ROUNDS: usize = 10;
/// How long a start may take before the bench gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at a socket.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
/// How long an idle process is watched.
const IDLE: Duration = Duration::from_secs(10);
/// The argument that makes this program the peer.
const PEER: &str = "--be-the-peer-in";
const TENURE: &str = env!("CARGO_BIN_EXE_tenure");

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != PEER).skip(1);
    if let Some(directory) = arguments.next() {
        return peer(Path::new(&directory));
    }
    let (mut new, mut again, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let home = TempDir::new()?;
        let (taken, running) = started(tenure(home.path()), &home.path().join("data/socket"))?;
        new.push(taken);
        if round == 0 {
            idle(&running)?;
        }
        running.stop()?;
        let (taken, running) = started(tenure(home.path()), &home.path().join("data/socket"))?;
        again.push(taken);
        running.stop()?;
        let home = TempDir::new()?;
        let (taken, running) = started(bare(home.path())?, &home.path().join("socket"))?;
        peers.push(taken);
        running.stop()?;
    }
    let ratio = median(new.iter().zip(&peers).map(|(ours, bare)| ours.as_secs_f64() / bare.as_secs_f64()))?;
    figure("start: `up` on an empty directory until the socket answers", &milliseconds(median(new)?));
    figure("start: `up` on an existing deployment", &milliseconds(median(again)?));
    figure("start: bare peer (SQLite, one sync, a socket)", &milliseconds(median(peers)?));
    figure("start: `up` on an empty directory against the peer", &format!("{ratio:.1} times"));
    let bytes = u32::try_from(std::fs::metadata(TENURE)?.len())?;
    figure("binary", &format!("{:.1} MiB", f64::from(bytes) / 1_048_576.0));
    Ok(())
}

fn tenure(home: &Path) -> Command {
    let mut command = Command::new(TENURE);
    command.arg("--data").arg(home.join("data")).args(["up", "--listen", "127.0.0.1:0"]);
    command.env_clear().env("HOME", home);
    command
}

fn bare(home: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(PEER).arg(home).env_clear();
    Ok(command)
}

/// A process that answers; killed when it is dropped.
struct Running(Child);

impl Running {
    /// Asks it to end, and waits.
    fn stop(mut self) -> Result<()> {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::TERM)?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a process and waits until its socket answers with a success.
fn started(mut command: Command, socket: &PathBuf) -> Result<(Duration, Running)> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut running = Running(command.spawn().context("starting a process")?);
    while !answers(socket) {
        if let Some(status) = running.0.try_wait()? {
            bail!("the process ended before it answered: {status}");
        }
        if begun.elapsed() > PATIENCE {
            bail!("no answer within {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok((begun.elapsed(), running))
}

fn answers(socket: &PathBuf) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = UnixStream::connect(socket)?;
        stream.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut first = [0; 12];
        stream.read_exact(&mut first)?;
        Ok(first == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

fn idle(running: &Running) -> Result<()> {
    let pid = running.0.id();
    std::thread::sleep(IDLE);
    let before = processor_time_of(pid)?;
    std::thread::sleep(IDLE);
    let taken = processor_time_of(pid)?.saturating_sub(before);
    figure("idle after 20 s: resident memory", &format!("{:.1} MiB", memory_mib(pid, "VmRSS")?));
    figure("since its start: resident memory at most", &format!("{:.1} MiB", memory_mib(pid, "VmHWM")?));
    figure("idle for 10 s: processor time", &milliseconds(taken));
    Ok(())
}

/// The least a server on SQLite can do before it answers.
fn peer(directory: &Path) -> Result<()> {
    let database = rusqlite::Connection::open(directory.join("peer.sqlite"))?;
    database.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE; CREATE TABLE t (x INTEGER) STRICT; \
         INSERT INTO t VALUES (1); COMMIT",
    )?;
    for stream in UnixListener::bind(directory.join("socket"))?.incoming() {
        let mut stream = stream?;
        let mut request = [0; 512];
        if stream.read(&mut request)? > 0 {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
    Ok(())
}
