//! A disk in memory that forgets what was never fsynced.
//!
//! `kill -9` keeps the page cache, so only a model shows a power cut. Content and names are
//! durable apart from each other, as on a journalling file system: a name may survive with
//! nothing behind it, which is the classic way to lose a key file.

use crate::disk::{Disk, DiskFile, FileFacts, Found};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tenure_model::Secret;

/// What a power cut leaves of that which was not fsynced. Both happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survives {
    /// Neither content nor names.
    Nothing,
    /// All names, with only the content that was fsynced behind them.
    Names,
}

#[derive(Debug, Default, Clone)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
}

/// A disk in memory with one flat set of files; every directory exists.
#[derive(Debug, Clone, Default)]
pub struct PowerCutDisk(Arc<Mutex<State>>);

impl PowerCutDisk {
    /// Cuts the power and starts again.
    pub fn cut(&self, survives: Survives) {
        let mut state = self.state();
        for content in &mut state.contents {
            content.now = content.durable.clone();
        }
        match survives {
            Survives::Nothing => state.names = state.durable_names.clone(),
            Survives::Names => state.durable_names = state.names.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct OpenContent {
    state: Arc<Mutex<State>>,
    number: usize,
    position: usize,
}

impl DiskFile for OpenContent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let content = state.contents.get_mut(self.number).ok_or(io::ErrorKind::NotFound)?;
        for byte in bytes {
            match content.now.get_mut(self.position) {
                Some(place) => *place = *byte,
                None => content.now.push(*byte),
            }
            self.position = self.position.saturating_add(1);
        }
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let content = state.contents.get_mut(self.number).ok_or(io::ErrorKind::NotFound)?;
        content.durable = content.now.clone();
        Ok(())
    }
}

impl Disk for PowerCutDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = state.contents.len();
        state.contents.push(Content::default());
        state.names.insert(path.to_path_buf(), number);
        Ok(Box::new(OpenContent { state: Arc::clone(&self.0), number, position: 0 }))
    }

    fn open_to_overwrite(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let number = *self.state().names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(OpenContent { state: Arc::clone(&self.0), number, position: 0 }))
    }

    fn read(&self, path: &Path, bytes_max: usize) -> io::Result<Found> {
        let facts = self.facts(path)?;
        let state = self.state();
        let number = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        let content = state.contents.get(number).ok_or(io::ErrorKind::NotFound)?;
        let read = content.now.iter().copied().take(bytes_max.saturating_add(1)).collect();
        Ok(Found { facts, content: Secret::new(read) })
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        let state = self.state();
        let owner = rustix::process::geteuid().as_raw();
        if state.names.keys().any(|name| name.parent() == Some(path)) {
            return Ok(FileFacts { is_file: false, is_directory: true, mode: 0o700, owner, bytes: 0 });
        }
        let number = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        let content = state.contents.get(number).ok_or(io::ErrorKind::NotFound)?;
        let bytes = u64::try_from(content.now.len()).unwrap_or(u64::MAX);
        Ok(FileFacts { is_file: true, is_directory: false, mode: 0o600, owner, bytes })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_path_buf(), number);
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_path_buf(), number);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.state().names.remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn make_directory(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let within = |name: &Path| name.parent() == Some(path);
        state.durable_names.retain(|name, _| !within(name));
        let now: Vec<_> =
            state.names.iter().filter(|(name, _)| within(name)).map(|(name, n)| (name.clone(), *n)).collect();
        state.durable_names.extend(now);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let state = self.state();
        let within = state.names.keys().filter(|name| name.parent() == Some(path));
        Ok(within.filter_map(|name| name.file_name().map(OsString::from)).collect())
    }
}
