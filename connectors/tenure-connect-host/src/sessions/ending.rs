//! Ending the sessions that a key opened: a signal to the server's process of each, and nothing else.
//!
//! A process id comes again. So a handle on the process is taken first, then it is asked once more whose session that is,
//! and the signal goes to the handle. Only where the processes read are those of this very kernel is anything signalled.
//! Next: `../sessions.rs`.

use super::derived_of;
use crate::act::KeyOf;
use crate::act::ways_in::Ground;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant as Clock};
use tenure_connect::{Done, OutsideFailure};
use tenure_model::{Fact, Facts};

/// How long a session may take to end after it was told to.
const PATIENCE: Duration = Duration::from_secs(5);
/// The bits with which others change a directory.
const OTHERS_CHANGE: u32 = 0o022;
/// Between two looks whether it has.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Ends what the log says this key opened. What it does not name stays, and the proof says that it could not be read.
pub(crate) fn end(ground: &Ground, key: &KeyOf) -> Result<Done, OutsideFailure> {
    let seen = derived_of(ground, key);
    if seen.ours.is_empty() {
        return Ok(Done { changed: false, detail: Facts::new() });
    }
    if !are_our_processes(ground) {
        return Err(refused("the sessions are not those of the machine that Tenure runs on"));
    }
    let mut told = Vec::new();
    for pid in &seen.ours {
        // Gone by now is ended.
        let Some(handle) = handle(*pid)? else { continue };
        if derived_of(ground, key).ours.contains(pid) {
            tell(&handle)?;
            told.push(*pid);
        }
    }
    wait_for(ground, key, &told)?;
    let mut detail = Facts::new();
    detail
        .insert(String::from("sessions_ended"), Fact::Number(i64::try_from(told.len()).unwrap_or(i64::MAX)));
    Ok(Done { changed: !told.is_empty(), detail })
}

/// Whether the processes below the root are those that our own process is among.
///
/// Whoever owns a copy of a machine could lead `proc` to this machine's, or make one up: it has to be the kernel's own, and
/// nobody but root and we may have put it there.
fn are_our_processes(ground: &Ground) -> bool {
    let proc = ground.root.join("proc");
    let us = rustix::process::geteuid().as_raw();
    let ours =
        |facts: std::io::Result<std::fs::Metadata>| facts.is_ok_and(|facts| [0, us].contains(&facts.uid()));
    let closed = std::fs::metadata(&ground.root).is_ok_and(|facts| facts.mode() & OTHERS_CHANGE == 0);
    let own = getpid().as_raw_nonzero().to_string();
    ours(std::fs::metadata(&ground.root))
        && closed
        && ours(std::fs::symlink_metadata(&proc))
        && is_of_the_kernel(&proc)
        && std::fs::read_link(proc.join("self")).is_ok_and(|link| link.as_os_str() == own.as_str())
}

#[cfg(target_os = "linux")]
fn is_of_the_kernel(proc: &std::path::Path) -> bool {
    rustix::fs::statfs(proc).is_ok_and(|facts| facts.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

/// Elsewhere no processes are read below a root.
#[cfg(not(target_os = "linux"))]
fn is_of_the_kernel(_: &std::path::Path) -> bool {
    false
}

fn handle(pid: u32) -> Result<Option<OwnedFd>, OutsideFailure> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(None) };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => Ok(Some(handle)),
        Err(Errno::SRCH) => Ok(None),
        Err(errno) => {
            Err(refused(&format!("no handle on process {pid:?} (error number {})", errno.raw_os_error())))
        }
    }
}

/// The server ends a session in order when it is asked to terminate.
fn tell(handle: &OwnedFd) -> Result<(), OutsideFailure> {
    match pidfd_send_signal(handle, Signal::TERM) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => {
            Err(refused(&format!("the process may not be ended (error number {})", errno.raw_os_error())))
        }
    }
}

fn wait_for(ground: &Ground, key: &KeyOf, told: &[u32]) -> Result<(), OutsideFailure> {
    let began = Clock::now();
    loop {
        let seen = derived_of(ground, key);
        if !told.iter().any(|pid| seen.ours.contains(pid)) {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            let why = format!("a session has not ended {} s after it was told to", PATIENCE.as_secs());
            return Err(OutsideFailure::Lost { why });
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

fn refused(why: &str) -> OutsideFailure {
    OutsideFailure::Refused {
        code: String::from("session"),
        why: why.to_owned(),
        remedy: String::from("end the session by hand (kill), or run Tenure as root on the machine itself"),
    }
}
