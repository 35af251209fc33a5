//! A disk that begins to fail at a chosen call.
//!
//! Wraps another disk, counts the calls and records them as one line each, so that a test
//! can fail every step of an operation in turn and a person can review their order.

use crate::disk::{Disk, DiskFile, FileFacts, Found};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// How the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Calls that need room fail as on a full disk. Overwriting in place still works.
    Full,
    /// Everything that changes something fails.
    ReadOnly,
    /// fsync fails, on files and directories.
    SyncFails,
    /// Every write takes only one byte. No error: correct callers go on.
    ShortWrite,
    /// Every call fails, as if the process had stopped here.
    Crash,
}

/// Which calls a fault reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Look,
    Grow,
    Overwrite,
    Name,
    Sync,
}

#[derive(Debug, Default)]
struct State {
    trace: Vec<String>,
    fault: Option<(Fault, usize)>,
}

/// A disk that fails as told.
#[derive(Debug, Clone)]
pub struct FaultyDisk {
    inner: Arc<dyn Disk>,
    state: Arc<Mutex<State>>,
}

impl FaultyDisk {
    /// Wraps a disk; faithful until told otherwise.
    pub fn over(inner: Arc<dyn Disk>) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// From now on, after `calls` more calls have been answered faithfully, fails this way.
    pub fn fail_after(&self, calls: usize, fault: Fault) {
        let mut state = self.state();
        let first = state.trace.len().saturating_add(calls);
        state.fault = Some((fault, first));
    }

    /// Is faithful again.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// The calls so far, one line each: the verb and the file name.
    pub fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    /// Forgets the calls so far.
    pub fn clear_trace(&self) {
        self.state().trace.clear();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and answers how it fails, if it does.
    fn call(&self, call: Call, verb: &str, path: &Path) -> io::Result<Option<Fault>> {
        let mut state = self.state();
        let number = state.trace.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        state.trace.push(format!("{verb} {name}"));
        let Some((fault, first)) = state.fault else { return Ok(None) };
        if number < first {
            return Ok(None);
        }
        let refused = match (fault, call) {
            (Fault::Crash, _) => Some(io::ErrorKind::Other),
            (Fault::Full, Call::Grow) => Some(io::ErrorKind::StorageFull),
            (Fault::ReadOnly, Call::Grow | Call::Overwrite | Call::Name) => {
                Some(io::ErrorKind::ReadOnlyFilesystem)
            }
            (Fault::SyncFails, Call::Sync) => Some(io::ErrorKind::Other),
            (Fault::Full | Fault::ReadOnly | Fault::SyncFails | Fault::ShortWrite, _) => None,
        };
        refused.map_or(Ok(Some(fault)), |kind| Err(kind.into()))
    }

    fn opened(&self, inner: Box<dyn DiskFile>, path: &Path, call: Call) -> Box<dyn DiskFile> {
        Box::new(FaultyFile { inner, disk: self.clone(), path: path.to_path_buf(), call })
    }
}

struct FaultyFile {
    inner: Box<dyn DiskFile>,
    disk: FaultyDisk,
    path: std::path::PathBuf,
    call: Call,
}

impl DiskFile for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fault = self.disk.call(self.call, "write", &self.path)?;
        let taken = if fault == Some(Fault::ShortWrite) { 1 } else { bytes.len() };
        self.inner.write(bytes.get(..taken.min(bytes.len())).unwrap_or_default())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.call(Call::Sync, "sync", &self.path)?;
        self.inner.sync()
    }
}

impl Disk for FaultyDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.call(Call::Grow, "create", path)?;
        Ok(self.opened(self.inner.create_new(path)?, path, Call::Grow))
    }

    fn open_to_overwrite(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.call(Call::Overwrite, "open", path)?;
        Ok(self.opened(self.inner.open_to_overwrite(path)?, path, Call::Overwrite))
    }

    fn read(&self, path: &Path, bytes_max: usize) -> io::Result<Found> {
        self.call(Call::Look, "read", path)?;
        self.inner.read(path, bytes_max)
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        self.call(Call::Look, "look at", path)?;
        self.inner.facts(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Grow, "link", to)?;
        self.inner.link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Name, "rename to", to)?;
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Name, "remove", path)?;
        self.inner.remove(path)
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Grow, "make directory", path)?;
        self.inner.make_directory(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Sync, "sync directory", path)?;
        self.inner.sync_directory(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.call(Call::Look, "list", path)?;
        self.inner.list(path)
    }
}
