//! The disk as a port: the few calls that durable private files are made of.
//!
//! Everything that must survive a power cut goes through `files.rs`, which speaks only to
//! this trait, so that a full disk, a lost fsync or a power cut can be injected between any
//! two calls (`faults.rs`). This room must never decide anything: it does one call each and
//! reports what the system said.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use tenure_model::Secret;
use zeroize::Zeroizing;

/// What a file is, as the system reports it for the file that was really opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// A regular file.
    pub is_file: bool,
    /// A directory.
    pub is_directory: bool,
    /// Permission bits, the low twelve.
    pub mode: u32,
    /// User id of its owner.
    pub owner: u32,
    /// Size in bytes.
    pub bytes: u64,
}

/// A file's facts and its content, read through one handle.
#[derive(Debug)]
pub struct Found {
    /// What the file is.
    pub facts: FileFacts,
    /// Its content: empty when it is not a regular file; at most one byte more than asked.
    pub content: Secret<Vec<u8>>,
}

/// A file open for writing.
pub trait DiskFile: Send {
    /// Writes some of `bytes` and says how many, like `write(2)`: a short count is no error.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes what was written durable (`fsync(2)`). A failure is never retried: the
    /// system may have dropped the pages, and a second call would lie.
    fn sync(&mut self) -> io::Result<()>;
}

/// The calls that durable files need. Not atomic, not durable, each on its own: see
/// `files.rs` for what is. Safe to call from several threads.
pub trait Disk: core::fmt::Debug + Send + Sync {
    /// Creates a file with mode 0600 for writing; fails when the name exists.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an existing file for writing from its beginning, keeping its length.
    fn open_to_overwrite(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Reads a file, up to `bytes_max` + 1 bytes. Never waits for a writer, as on a pipe.
    fn read(&self, path: &Path, bytes_max: usize) -> io::Result<Found>;
    /// Reports what a path is, following symbolic links.
    fn facts(&self, path: &Path) -> io::Result<FileFacts>;
    /// Gives a file a second name; fails when that name exists.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames a file, replacing what has the new name in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Creates a directory with mode 0700; fails when the name exists.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Lists the names in a directory, in no particular order.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn open_to_overwrite(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let nofollow = open_flags(rustix::fs::OFlags::NOFOLLOW);
        Ok(Box::new(RealFile(OpenOptions::new().write(true).custom_flags(nofollow).open(path)?)))
    }

    fn read(&self, path: &Path, bytes_max: usize) -> io::Result<Found> {
        let nonblock = open_flags(rustix::fs::OFlags::NONBLOCK);
        let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path)?;
        let facts = facts_of(&file.metadata()?);
        // Reserved at once, with room for the final short read: a buffer that grows would
        // leave pieces of the content behind in freed memory.
        let expected = usize::try_from(facts.bytes).unwrap_or(usize::MAX).min(bytes_max);
        let mut content = Zeroizing::new(Vec::with_capacity(expected.saturating_add(64)));
        if facts.is_file {
            let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
            file.take(limit).read_to_end(&mut content)?;
        }
        Ok(Found { facts, content: Secret::new(core::mem::take(&mut *content)) })
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        std::fs::metadata(path).map(|metadata| facts_of(&metadata))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect()
    }
}

/// A real file open for writing.
struct RealFile(File);

impl DiskFile for RealFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// The facts that matter here out of what the system reports.
fn facts_of(metadata: &std::fs::Metadata) -> FileFacts {
    FileFacts {
        is_file: metadata.is_file(),
        is_directory: metadata.is_dir(),
        mode: metadata.mode() & 0o7777,
        owner: metadata.uid(),
        bytes: metadata.len(),
    }
}

/// Flags in the form the standard library takes them.
const fn open_flags(flags: rustix::fs::OFlags) -> i32 {
    flags.bits().cast_signed()
}
