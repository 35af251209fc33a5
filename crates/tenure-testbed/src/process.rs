//! What `/proc` says about processes, and signals to them.
//!
//! Never signals a process that was not named by its id, and callers that act on a *recorded* id first ask
//! [`names_directory`], because ids are reused.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

/// Whether a process with this id runs. A zombie has ended: it only waits to be counted.
pub(crate) fn is_alive(pid: u32) -> bool {
    stat_fields(pid).is_some_and(|fields| fields.state != 'Z' && fields.state != 'X')
}

/// When the process started, in clock ticks since boot: together with the id it names a process for good.
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    stat_fields(pid).map(|fields| fields.start_ticks)
}

/// Whether the process's command line names something inside `directory`.
pub(crate) fn names_directory(pid: u32, directory: &Path) -> bool {
    let Ok(command_line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let wanted = format!("{}/", directory.display());
    String::from_utf8_lossy(&command_line).contains(&wanted)
}

/// Ids of the direct children of a process.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|candidate| stat_fields(*candidate).is_some_and(|fields| fields.parent == pid))
        .collect()
}

/// Sends one signal to one process. A process that has ended meanwhile is not an error.
pub(crate) fn send(pid: u32, signal: Signal) -> Result<()> {
    let raw = i32::try_from(pid).context("process id out of range")?;
    let named = Pid::from_raw(raw).context("process id zero")?;
    match kill_process(named, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(errno) => Err(errno).with_context(|| format!("sending {signal:?} to process {pid}")),
    }
}

struct StatFields {
    state: char,
    parent: u32,
    start_ticks: u64,
}

fn stat_fields(pid: u32) -> Option<StatFields> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields of proc(5) `/proc/pid/stat`: 3 (state), 4 (parent) and 22 (start time). The name in field 2 may
/// hold spaces and parentheses, so counting starts after its *last* closing parenthesis.
fn parse_stat(text: &str) -> Option<StatFields> {
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let start_ticks = fields.nth(17)?.parse().ok()?;
    Some(StatFields { state, parent, start_ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let text = "42 (a) Z (b) S 7 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 991 0\n";
        let fields = parse_stat(text).unwrap();
        assert_eq!((fields.state, fields.parent, fields.start_ticks), ('S', 7, 991));
    }

    #[test]
    fn a_process_knows_itself_and_names_no_foreign_directory() {
        let own = std::process::id();
        assert!(is_alive(own));
        assert!(start_ticks(own).is_some());
        assert!(!names_directory(own, Path::new("/nowhere/at/all")));
    }
}
