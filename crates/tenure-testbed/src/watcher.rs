//! A tiny guard per server that outlives a killed test process, and ends what that process left.
//!
//! The watcher is a shell waiting on a pipe whose other end only the test process holds. When the test
//! process ends without a word, however it ends, the pipe closes and the watcher ends exactly the recorded
//! process (if its command line still names the server's directory) and removes that directory. It must
//! never act on a word it does not know, on another process, or outside its directory.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result};

/// `$1` is the server's directory, `$2` the signal that ends the server at once. Stopped children are
/// woken first: a stopped process would not see that its parent ends.
const SCRIPT: &str = r#"
IFS= read -r word
[ "$word" = stopped ] && exit 0
pid=$(cat "$1/pid" 2>/dev/null)
ours() { [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$1/"; }
if ours "$1"; then
  for child in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do kill -CONT "$child" 2>/dev/null; done
  kill -CONT "$pid" 2>/dev/null
  kill "-$2" "$pid" 2>/dev/null
  looks=0
  while ours "$1" && [ "$looks" -lt 100 ]; do sleep 0.1; looks=$((looks + 1)); done
  ours "$1" && kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$1"
"#;

/// The guard of one server directory. Dropping it without [`Watcher::dismiss`] lets it do its work.
#[derive(Debug)]
pub(crate) struct Watcher {
    shell: Child,
    word: Option<ChildStdin>,
}

impl Watcher {
    /// Sets a guard on `directory`, in a process group of its own so that a signal to the tests' group
    /// does not reach it.
    pub(crate) fn set_on(directory: &Path, ending_signal: &str) -> Result<Watcher> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "tenure-testbed-watcher"])
            .arg(directory)
            .arg(ending_signal)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("starting the watcher of a private server")?;
        let word = shell.stdin.take();
        Ok(Watcher { shell, word })
    }

    /// Tells the guard that the server was stopped properly, and waits for it to leave.
    pub(crate) fn dismiss(&mut self) {
        if let Some(mut word) = self.word.take() {
            let _ = word.write_all(b"stopped\n");
        }
        let _ = self.shell.wait();
    }
}
