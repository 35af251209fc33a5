//! One private server process with its directory, its log and its watcher.
//!
//! Knows nothing of PostgreSQL or PgBouncer; it launches, signals, waits and cleans up. It signals only
//! its own child and that child's children. Order of an end: process gone, watcher dismissed, directory
//! removed; a test process killed between any two of these leaves the rest to the watcher.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::account::Account;
use crate::home;
use crate::leftovers;
use crate::process;
use crate::wait::{self, PATIENCE};
use crate::watcher::Watcher;

/// Records the id the server is going to have before it becomes the server, so that there is no moment at
/// which a server runs and its directory does not say which process it is.
const RECORD_AND_BECOME: &str = r#"echo "$$" >"$1/pid" && shift && exec "$@""#;

/// A server that may or may not be running; all methods may be called from several threads.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) account: Account,
    crash_signal: Signal,
    child: Mutex<Option<Child>>,
    watcher: Watcher,
    directory: TempDir,
}

impl Server {
    /// A directory and a watcher, no process yet. `crash_signal` ends such a server at once, children
    /// included; `crash_signal_name` is its name for a shell.
    pub(crate) fn prepare(
        kind: &'static str,
        crash_signal: Signal,
        crash_signal_name: &str,
    ) -> Result<Server> {
        leftovers::sweep_once();
        let account = Account::choose()?;
        let directory = home::server_directory(kind, &account)?;
        let watcher = Watcher::set_on(directory.path(), crash_signal_name)?;
        Ok(Server { account, crash_signal, child: Mutex::new(None), watcher, directory })
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the process; its two output streams go to the end of the log.
    pub(crate) fn launch(&self, program: &Path, arguments: &[String]) -> Result<()> {
        let mut child = self.child();
        if child.is_some() {
            bail!("{} already runs", program.display());
        }
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.log_path())
            .with_context(|| format!("opening {}", self.log_path().display()))?;
        let mut command = self.account.command("/bin/sh");
        command.args(["-c", RECORD_AND_BECOME, "tenure-testbed-server"]);
        command.arg(self.directory()).arg(program).args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let started = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        *child = Some(started);
        Ok(())
    }

    /// The id of the running process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// True if the process ended by itself; it is then forgotten, and may be launched again.
    pub(crate) fn has_ended(&self) -> Result<bool> {
        let mut child = self.child();
        let ended = match child.as_mut() {
            None => true,
            Some(running) => running.try_wait().context("looking after a server")?.is_some(),
        };
        if ended {
            *child = None;
        }
        Ok(ended)
    }

    /// Sends a signal to the server process alone.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        match self.pid() {
            Some(pid) => process::send(pid, signal),
            None => bail!("the server does not run"),
        }
    }

    /// Asks the server to end with `signal` and waits until it and its children have. Stopping a server
    /// that does not run is no error.
    pub(crate) fn end(&self, signal: Signal) -> Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let family = family(pid);
        process::send(pid, signal)?;
        for member in &family {
            process::send(*member, Signal::CONT)?;
        }
        self.wait_for_end(&family)
    }

    /// SIGKILL for the server and every child of it: what a crash of the machine's power does to processes.
    pub(crate) fn kill9(&self) -> Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        // Stopped first, so that it cannot start a child we have not counted.
        process::send(pid, Signal::STOP)?;
        let family = family(pid);
        for member in &family {
            process::send(*member, Signal::KILL)?;
        }
        self.wait_for_end(&family)
    }

    /// SIGSTOP for the server, then for its children. Connections hang from here on; none is refused.
    pub(crate) fn pause(&self) -> Result<()> {
        let pid = self.pid().context("the server does not run")?;
        process::send(pid, Signal::STOP)?;
        family(pid).into_iter().try_for_each(|member| process::send(member, Signal::STOP))
    }

    /// SIGCONT for the server and its children.
    pub(crate) fn resume(&self) -> Result<()> {
        let pid = self.pid().context("the server does not run")?;
        family(pid).into_iter().try_for_each(|member| process::send(member, Signal::CONT))
    }

    /// Everything the server has written to its log.
    pub(crate) fn log(&self) -> Result<String> {
        let bytes = fs::read(self.log_path()).context("reading a server's log")?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn log_path(&self) -> PathBuf {
        self.directory().join("log")
    }

    fn wait_for_end(&self, family: &[u32]) -> Result<()> {
        wait::until("a private server to end", PATIENCE, || {
            Ok(self.has_ended()? && !family.iter().any(|member| process::is_alive(*member)))
        })
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.end(self.crash_signal).or_else(|_| self.kill9());
        match ended {
            Ok(()) => self.watcher.dismiss(),
            // The watcher is not dismissed: it tries once more when it sees its pipe close.
            Err(error) => eprintln!("tenure-testbed: ending a server: {error:#}"),
        }
    }
}

/// The server's id and its children's.
fn family(pid: u32) -> Vec<u32> {
    let mut members = process::children(pid);
    members.push(pid);
    members
}
