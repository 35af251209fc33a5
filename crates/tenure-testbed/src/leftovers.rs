//! Removing what test processes left behind that no watcher could remove (a killed watcher, a power cut).
//!
//! A directory is a leftover only if the process named in its name has ended. A process is ended only if
//! its id was recorded in that directory *and* its command line names that directory. Everything else,
//! above all servers of test processes that still run, is left alone.

use std::fs;
use std::path::Path;
use std::sync::Once;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::home::{self, Owner};
use crate::process;
use crate::wait::{self, PATIENCE};

/// Ends servers and removes directories whose test process is gone. Answers how many directories went.
///
/// Runs by itself before a process starts its first server; safe to call at any time, from many processes.
pub fn sweep_leftovers() -> Result<usize> {
    sweep(&home::root()?)
}

/// Sweeps once per process. A leftover that resists must not keep a new test from running.
pub(crate) fn sweep_once() {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| {
        if let Err(error) = sweep_leftovers() {
            eprintln!("tenure-testbed: sweeping leftovers: {error:#}");
        }
    });
}

fn sweep(root: &Path) -> Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(root).with_context(|| format!("reading {}", root.display()))? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(Owner::of_directory) else { continue };
        if owner.is_alive() {
            continue;
        }
        end_recorded_process(&entry.path())?;
        match fs::remove_dir_all(entry.path()) {
            Ok(()) => removed += 1,
            // The directory's own watcher, or another sweep, was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("removing {}", entry.path().display())),
        }
    }
    Ok(removed)
}

fn end_recorded_process(directory: &Path) -> Result<()> {
    let Some(pid) = recorded_pid(directory) else { return Ok(()) };
    if !process::names_directory(pid, directory) {
        return Ok(());
    }
    let mut all = process::children(pid);
    all.push(pid);
    for victim in &all {
        process::send(*victim, Signal::KILL)?;
    }
    wait::until("a leftover server to end", PATIENCE, || Ok(!all.iter().any(|pid| process::is_alive(*pid))))
}

/// The process id a server wrote into its directory before it became a server.
pub(crate) fn recorded_pid(directory: &Path) -> Option<u32> {
    fs::read_to_string(directory.join("pid")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(root: &Path, name: &str, pid: u32) -> std::path::PathBuf {
        let directory = root.join(name);
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("pid"), pid.to_string()).unwrap();
        directory
    }

    #[test]
    fn only_directories_of_ended_owners_are_removed() {
        let root = tempfile::tempdir().unwrap();
        let own = Owner::this_process().unwrap();
        let live = make(root.path(), &format!("postgres-{}-{}-aaaaaaaa", own.pid, own.start_ticks), own.pid);
        let reused = make(root.path(), &format!("postgres-{}-1-bbbbbbbb", own.pid), own.pid);
        let foreign = make(root.path(), "template-15", own.pid);
        assert_eq!(sweep(root.path()).unwrap(), 1);
        assert!(live.exists() && foreign.exists());
        assert!(!reused.exists(), "a reused process id does not keep a directory");
    }

    #[test]
    fn a_recorded_process_whose_command_line_names_another_directory_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let mut bystander = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let directory = make(root.path(), "pgbouncer-1-1-cccccccc", bystander.id());
        assert_eq!(sweep(root.path()).unwrap(), 1);
        assert!(!directory.exists());
        let ended = bystander.try_wait().unwrap();
        bystander.kill().unwrap();
        bystander.wait().unwrap();
        assert_eq!(ended, None, "the bystander was killed");
    }
}
