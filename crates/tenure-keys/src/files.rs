//! Private files that survive a power cut: written whole, or not there.
//!
//! The one durable-file layer. A file is written beside its place under a temporary name,
//! fsynced, given its name in one step, and the directory is fsynced; a reader therefore
//! sees the old content or the new one, whole, whatever breaks in between. Only the owner
//! may read it, and a file that others can read is refused. One process writes a given
//! file at a time: the lock on the data directory sees to that. This room must never put
//! content into an error, and never retry an fsync.

use crate::disk::{Disk, DiskFile, FileFacts};
use std::io;
use std::path::{Path, PathBuf};
use tenure_model::Secret;

/// Largest private file, in bytes. Key files hold a few hundred.
pub const PRIVATE_BYTES_MAX: usize = 64 * 1024;

/// What was being done with a file when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStep {
    /// Looking at it.
    Inspect,
    /// Reading it.
    Read,
    /// Creating it under its temporary name.
    Create,
    /// Writing its content.
    Write,
    /// Making its content durable.
    Sync,
    /// Giving it its name.
    Place,
    /// Making its name durable.
    SyncDirectory,
    /// Removing it.
    Remove,
    /// Listing a directory.
    List,
}

impl core::fmt::Display for FileStep {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Inspect => "looked at",
            Self::Read => "read",
            Self::Create => "created",
            Self::Write => "written",
            Self::Sync => "made durable",
            Self::Place => "put in place",
            Self::SyncDirectory => "made durable in its directory",
            Self::Remove => "removed",
            Self::List => "listed",
        })
    }
}

/// Why a private file could not be read or written. Says the path, what happened and what
/// to do; never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum FileRefused {
    /// There is no such file.
    #[error("{} does not exist", shown(path))]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file exists, and this operation never overwrites.
    #[error("{} exists already and is not overwritten; move it away first", shown(path))]
    AlreadyThere {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read or change it.
    #[error(
        "{} is open to others than its owner (mode {mode:04o}); run `chmod {wanted} {}`, \
         and replace the keys in it if somebody may have read them",
        shown(path),
        bare(path)
    )]
    OpenToOthers {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What `chmod` should be told.
        wanted: &'static str,
    },
    /// It belongs to somebody else, who could change it at will.
    #[error(
        "{} belongs to user id {owner}, and this process runs as {reader}; run `chown {reader} {}`",
        shown(path),
        bare(path)
    )]
    NotOurs {
        /// The file or directory.
        path: PathBuf,
        /// User id of its owner.
        owner: u32,
        /// User id of this process.
        reader: u32,
    },
    /// A directory, pipe or device where a regular file is needed.
    #[error("{} is not a regular file", shown(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A directory is needed and this is something else.
    #[error("{} is not a directory", shown(path))]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Larger than any file of this kind.
    #[error("{} is larger than {bytes_max} bytes, so it is not a file of this kind", shown(path))]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit.
        bytes_max: usize,
    },
    /// No room. The file that was there before is unchanged.
    #[error("{} could not be {step}: the disk or quota is full; make room and try again", shown(path))]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        step: FileStep,
        /// What the system said.
        source: io::Error,
    },
    /// The file system does not accept changes. The file that was there is unchanged.
    #[error("{} could not be {step}: the file system is read-only; remount it for writing", shown(path))]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        step: FileStep,
        /// What the system said.
        source: io::Error,
    },
    /// The system does not let this process.
    #[error("{} could not be {step}: permission denied to user id {}", shown(path), our_user())]
    Denied {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        step: FileStep,
        /// What the system said.
        source: io::Error,
    },
    /// fsync failed: what was written may not survive a power cut. Never retried.
    #[error(
        "{} could not be {step}: fsync failed, so the disk may be losing writes; \
         stop, check the disk, and start again",
        shown(path)
    )]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// [`FileStep::Sync`]: the old file is unchanged. [`FileStep::SyncDirectory`]: the
        /// new file is in place, and may be the old one again after a power cut.
        step: FileStep,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else the system reported.
    #[error("{} could not be {step}", shown(path))]
    Failed {
        /// The file.
        path: PathBuf,
        /// The step that failed.
        step: FileStep,
        /// What the system said.
        source: io::Error,
    },
}

impl FileRefused {
    /// True when it is unknown whether the change happened: the new file was put in place
    /// and may or may not survive a power cut. Everything else left the old file alone.
    pub const fn outcome_is_unknown(&self) -> bool {
        matches!(self, Self::NotDurable { step: FileStep::SyncDirectory, .. })
    }

    /// Sorts what the system said about one step.
    pub(crate) fn from_system(path: &Path, step: FileStep, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match (step, source.kind()) {
            (FileStep::Sync | FileStep::SyncDirectory, _) => Self::NotDurable { path, step, source },
            (_, io::ErrorKind::NotFound) => Self::Missing { path },
            (_, io::ErrorKind::AlreadyExists) => Self::AlreadyThere { path },
            (_, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                Self::DiskFull { path, step, source }
            }
            (_, io::ErrorKind::ReadOnlyFilesystem) => Self::ReadOnly { path, step, source },
            (_, io::ErrorKind::PermissionDenied) => Self::Denied { path, step, source },
            (FileStep::List, io::ErrorKind::NotADirectory) => Self::NotADirectory { path },
            _ => Self::Failed { path, step, source },
        }
    }
}

/// Reads a file that only its owner may read: at most [`PRIVATE_BYTES_MAX`] bytes.
pub fn read_private(disk: &dyn Disk, path: &Path) -> Result<Secret<Vec<u8>>, FileRefused> {
    let found = disk
        .read(path, PRIVATE_BYTES_MAX)
        .map_err(|said| FileRefused::from_system(path, FileStep::Read, said))?;
    if !found.facts.is_file {
        return Err(FileRefused::NotAFile { path: path.to_path_buf() });
    }
    refuse_what_others_reach(path, found.facts, our_user(), "600")?;
    if found.content.expose().len() > PRIVATE_BYTES_MAX {
        return Err(FileRefused::TooLarge { path: path.to_path_buf(), bytes_max: PRIVATE_BYTES_MAX });
    }
    Ok(found.content)
}

/// Writes a file that must not exist yet, mode 0600. Durable when it returns `Ok`; after an
/// error no file is there, except when [`FileRefused::outcome_is_unknown`].
pub fn write_new_private(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<(), FileRefused> {
    let temporary = write_beside(disk, path, content)?;
    let placed = disk.link(&temporary, path);
    // The second name goes in any case. If it cannot go it is swept by the next write; it
    // names the same file, so nothing may overwrite a leftover, only remove it.
    let _ = disk.remove(&temporary);
    placed.map_err(|said| FileRefused::from_system(path, FileStep::Place, said))?;
    sync_parent(disk, path)
}

/// Replaces a file, or creates it, mode 0600. Durable when it returns `Ok`; after an error
/// the old file is there unchanged, except when [`FileRefused::outcome_is_unknown`]; never a
/// mixture of the two.
pub fn replace_private(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<(), FileRefused> {
    let temporary = write_beside(disk, path, content)?;
    if let Err(said) = disk.rename(&temporary, path) {
        let _ = disk.remove(&temporary);
        return Err(FileRefused::from_system(path, FileStep::Place, said));
    }
    sync_parent(disk, path)
}

/// Creates a directory that only its owner may enter (mode 0700), durably, or checks one
/// that is there already. Its parent must exist.
pub fn make_private_directory(disk: &dyn Disk, path: &Path) -> Result<(), FileRefused> {
    match disk.make_directory(path) {
        Ok(()) => sync_parent(disk, path),
        Err(said) if said.kind() == io::ErrorKind::AlreadyExists => check_private_directory(disk, path),
        Err(said) => Err(FileRefused::from_system(path, FileStep::Create, said)),
    }
}

/// Refuses a directory that others can enter or that belongs to somebody else.
pub fn check_private_directory(disk: &dyn Disk, path: &Path) -> Result<(), FileRefused> {
    let facts = disk.facts(path).map_err(|said| FileRefused::from_system(path, FileStep::Inspect, said))?;
    if !facts.is_directory {
        return Err(FileRefused::NotADirectory { path: path.to_path_buf() });
    }
    refuse_what_others_reach(path, facts, our_user(), "700")
}

/// Overwrites a file's content in place with zeros and makes that durable. The length of
/// the file does not change, so that a full disk is no hindrance.
pub(crate) fn overwrite_with_zeros(disk: &dyn Disk, path: &Path) -> Result<(), FileRefused> {
    let failed = |step| move |said| FileRefused::from_system(path, step, said);
    let facts = disk.facts(path).map_err(failed(FileStep::Inspect))?;
    let length = usize::try_from(facts.bytes).unwrap_or(usize::MAX).min(PRIVATE_BYTES_MAX);
    let mut file = disk.open_to_overwrite(path).map_err(failed(FileStep::Write))?;
    write_all(file.as_mut(), &vec![0; length]).map_err(failed(FileStep::Write))?;
    file.sync().map_err(failed(FileStep::Sync))
}

/// Removes a name and makes that durable.
pub(crate) fn remove_durably(disk: &dyn Disk, path: &Path) -> Result<(), FileRefused> {
    disk.remove(path).map_err(|said| FileRefused::from_system(path, FileStep::Remove, said))?;
    sync_parent(disk, path)
}

/// Makes the names in the directory that holds `path` durable.
pub(crate) fn sync_parent(disk: &dyn Disk, path: &Path) -> Result<(), FileRefused> {
    disk.sync_directory(parent_of(path))
        .map_err(|said| FileRefused::from_system(path, FileStep::SyncDirectory, said))
}

/// The temporary name beside a file: hidden, and always the same, so that the leftover of
/// a crash is found and swept by the next write.
pub(crate) fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    parent_of(path).join(name)
}

/// True for a name that [`temporary_beside`] gives.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|rest| rest.strip_suffix(".new").is_some())
}

/// Writes `content`, durably, under the temporary name. On failure nothing stays behind.
fn write_beside(disk: &dyn Disk, path: &Path, content: &[u8]) -> Result<PathBuf, FileRefused> {
    let temporary = temporary_beside(path);
    match disk.remove(&temporary) {
        Err(said) if said.kind() != io::ErrorKind::NotFound => {
            return Err(FileRefused::from_system(&temporary, FileStep::Remove, said));
        }
        Ok(()) | Err(_) => {}
    }
    let mut file = disk.create_new(&temporary).map_err(|said| at_parent(path, FileStep::Create, said))?;
    let written = write_all(file.as_mut(), content)
        .map_err(|said| FileRefused::from_system(path, FileStep::Write, said))
        .and_then(|()| file.sync().map_err(|said| FileRefused::from_system(path, FileStep::Sync, said)));
    match written {
        Ok(()) => Ok(temporary),
        Err(refused) => {
            let _ = disk.remove(&temporary);
            Err(refused)
        }
    }
}

/// When creating a file fails because something is missing, it is its directory.
fn at_parent(path: &Path, step: FileStep, said: io::Error) -> FileRefused {
    if said.kind() == io::ErrorKind::NotFound {
        return FileRefused::Missing { path: parent_of(path).to_path_buf() };
    }
    FileRefused::from_system(path, step, said)
}

/// Writes everything, whatever the length of the single writes.
fn write_all(file: &mut dyn DiskFile, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        match file.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(said) if said.kind() == io::ErrorKind::Interrupted => {}
            Err(said) => return Err(said),
        }
    }
    Ok(())
}

/// Refuses what others than `reader` can read or change.
fn refuse_what_others_reach(
    path: &Path,
    facts: FileFacts,
    reader: u32,
    wanted: &'static str,
) -> Result<(), FileRefused> {
    let path = path.to_path_buf();
    if facts.owner != reader {
        return Err(FileRefused::NotOurs { path, owner: facts.owner, reader });
    }
    if facts.mode & 0o077 != 0 {
        return Err(FileRefused::OpenToOthers { path, mode: facts.mode, wanted });
    }
    Ok(())
}

/// The directory that holds a path.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

/// The user this process acts as.
fn our_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A path, quoted and safe to print.
pub(crate) fn shown(path: &Path) -> String {
    format!("`{}`", bare(path))
}

/// A path, safe to print.
fn bare(path: &Path) -> String {
    tenure_model::printable(&path.display().to_string(), 500)
}

#[cfg(test)]
mod tests;
