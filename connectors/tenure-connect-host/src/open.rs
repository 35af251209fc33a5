//! The only place that opens anything.
//!
//! Every open is below the root, follows no symbolic link in any component, never blocks (a named pipe
//! answers at once), never sets a controlling terminal, and hands out content of regular files only, after
//! looking at what was really opened. Where the system permits, access times stay as they are. This file
//! must never execute, write, create or delete anything, and never open by a path that was put together from
//! content without `Place::parse`. Next: `walk.rs`.

pub(crate) mod held;

use crate::limits::{Budget, FileSystems};
use crate::place::Place;
use crate::unread::{Special, Unread, from_errno};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tenure_model::Secret;
use zeroize::Zeroize;

/// How much is asked of the system in one read, in bytes.
const READ_BYTES: usize = 64 * 1024;

/// What a file is, as the system reports it for the handle that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Permission bits, the low twelve.
    pub mode: u32,
    /// User id of the owner.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Size in bytes.
    pub bytes: u64,
    /// Last change of the content, in seconds since the Unix epoch.
    pub modified_seconds: i64,
    /// Further names of the same file.
    pub links: u64,
}

/// A file that was read.
#[derive(Debug)]
pub struct ReadFile {
    /// What it is.
    pub facts: FileFacts,
    /// By which it is known again.
    pub(crate) stamp: Stamp,
    /// All of its content.
    pub content: Secret<Vec<u8>>,
}

/// By which a file is known again, and whether anything about it has changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    identity: (u64, u64),
    bytes: i64,
    /// Last change of the content, and of what the file is: seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of what the system reports.
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_fallible_conversions,
        reason = "types differ by system"
    )]
    pub(crate) fn of(stat: &Stat) -> Self {
        let nanos = |nanos| i64::try_from(nanos).unwrap_or(i64::MIN);
        Self {
            identity: identity(stat),
            bytes: i64::try_from(stat.st_size).unwrap_or(i64::MIN),
            modified: (i64::try_from(stat.st_mtime).unwrap_or(i64::MIN), nanos(stat.st_mtime_nsec)),
            changed: (i64::try_from(stat.st_ctime).unwrap_or(i64::MIN), nanos(stat.st_ctime_nsec)),
        }
    }
}

/// How the way to a file is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `openat2` where the kernel has it, else step by step.
    Kernel,
    /// Step by step, as on a system without `openat2`.
    Steps,
}

/// The root of a reading: a directory handle that everything is opened below.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
    device: u64,
    file_systems: FileSystems,
    way: Way,
    /// By which the root of an image is known again; nothing for the machine itself.
    held: Option<(u64, u64)>,
}

/// A directory below the root, opened to be listed.
#[derive(Debug)]
pub struct Directory {
    handle: OwnedFd,
    /// The device it is on: a mount below it is another.
    pub(crate) device: u64,
    /// What it is.
    pub facts: FileFacts,
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// `openat2` refuses any further flag beside `O_PATH`.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
pub(crate) const FILE: OFlags =
    OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

impl Root {
    /// Opens a root. The path itself may lead through links: it is the caller's word, not content.
    pub fn open(path: &Path, file_systems: FileSystems) -> Result<Self, Unread> {
        Self::open_by(path, file_systems, Way::Kernel)
    }

    /// The same, with the way to files chosen.
    pub fn open_by(path: &Path, file_systems: FileSystems, way: Way) -> Result<Self, Unread> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let directory = rustix::fs::open(path, flags, Mode::empty()).map_err(from_errno)?;
        let stat = rustix::fs::fstat(&directory).map_err(from_errno)?;
        Ok(Self { directory, device: device(&stat), file_systems, way, held: None })
    }

    /// A directory below as a root of its own: what is opened below it is in this very directory, whatever is put in its
    /// place meanwhile.
    pub(crate) fn within(&self, place: &Place) -> Result<Self, Unread> {
        let directory = self.beneath(place, looking() | DIRECTORY)?;
        let stat = rustix::fs::fstat(&directory).map_err(from_errno)?;
        let (file_systems, way) = (self.file_systems, self.way);
        Ok(Self { directory, device: device(&stat), file_systems, way, held: None })
    }

    /// By which the root of an image is known again, in words; empty for the machine itself.
    pub(crate) fn held(&self) -> String {
        self.held.map(|(device, inode)| format!("@{device:x}:{inode}")).unwrap_or_default()
    }

    /// Opens a directory to be listed.
    pub fn directory(&self, place: &Place) -> Result<Directory, Unread> {
        let handle = self.beneath(place, OFlags::RDONLY | OFlags::NONBLOCK | DIRECTORY)?;
        let stat = rustix::fs::fstat(&handle).map_err(from_errno)?;
        Ok(Directory { handle, device: device(&stat), facts: facts(&stat) })
    }

    /// What a directory is, without the right to list it.
    pub fn directory_facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        let handle = self.beneath(place, looking() | DIRECTORY)?;
        rustix::fs::fstat(&handle).map(|stat| facts(&stat)).map_err(from_errno)
    }

    /// Reads a regular file, whole, or says why not. Spends one entry for looking, and one file and its bytes if
    /// there is something to read.
    pub fn read(&self, place: &Place, budget: &Budget<'_>) -> Result<ReadFile, Unread> {
        budget.entry().map_err(Unread::Limit)?;
        let seen = self.look(place)?;
        budget.file().map_err(Unread::Limit)?;
        let limit = budget.limits().file_bytes_max;
        if seen.facts.bytes > limit {
            return Err(Unread::TooLarge { bytes: seen.facts.bytes, bytes_max: limit });
        }
        budget.bytes(seen.facts.bytes).map_err(Unread::Limit)?;
        let handle = self.open_content(place)?;
        let stat = rustix::fs::fstat(&handle).map_err(from_errno)?;
        if identity(&stat) != seen.identity {
            return Err(Unread::Replaced);
        }
        let content = content(&handle, seen.facts.bytes, limit)?;
        Ok(ReadFile { facts: facts(&stat), stamp: Stamp::of(&stat), content })
    }

    /// The last bytes of a regular file, at most `bytes_max`; a log is as long as it is.
    pub(crate) fn tail(&self, place: &Place, bytes_max: u64) -> Result<Secret<Vec<u8>>, Unread> {
        let seen = self.look(place)?;
        let handle = self.open_content(place)?;
        let stat = rustix::fs::fstat(&handle).map_err(from_errno)?;
        if identity(&stat) != seen.identity {
            return Err(Unread::Replaced);
        }
        let from = facts(&stat).bytes.saturating_sub(bytes_max);
        rustix::fs::seek(&handle, rustix::fs::SeekFrom::Start(from)).map_err(from_errno)?;
        // It may grow while it is read, as logs do.
        content(&handle, bytes_max.min(facts(&stat).bytes), bytes_max.saturating_add(1 << 20))
    }

    /// What a regular file is, without reading it.
    pub fn facts(&self, place: &Place) -> Result<FileFacts, Unread> {
        self.look(place).map(|seen| seen.facts)
    }

    /// Looks at a file without opening its content: opening a device or a pipe may do things, looking
    /// at it does not.
    fn look(&self, place: &Place) -> Result<Seen, Unread> {
        let parent = self.beneath(&place.parent(), looking() | DIRECTORY)?;
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let name = OsStr::from_bytes(place.name());
        let stat = rustix::fs::statat(&parent, name, flags).map_err(from_errno)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Seen { facts: facts(&stat), identity: identity(&stat) }),
            FileType::Symlink => Err(Unread::Link),
            other => Err(Unread::NotRegular(special(other))),
        }
    }

    pub(crate) fn open_content(&self, place: &Place) -> Result<OwnedFd, Unread> {
        // Only the owner of a file, or root, may leave its access time alone (open(2), O_NOATIME).
        match self.beneath(place, OFlags::RDONLY | FILE | quietly()) {
            Err(Unread::NotPermitted) => self.beneath(place, OFlags::RDONLY | FILE),
            opened => opened,
        }
    }

    fn beneath(&self, place: &Place, flags: OFlags) -> Result<OwnedFd, Unread> {
        if self.way == Way::Kernel {
            match by_kernel(self.directory.as_fd(), place, flags) {
                // ENOSYS: an older kernel. EPERM: a filter of system calls that does not know it; step by
                // step, a true refusal comes again. EXDEV: a mount is on the way, and may be one we enter.
                Err(Errno::NOSYS | Errno::PERM | Errno::XDEV | Errno::AGAIN) => {}
                opened => return opened.map_err(from_errno),
            }
        }
        self.by_steps(place, flags)
    }

    /// One component after the other, each without following links, each mount looked at before it is
    /// entered.
    fn by_steps(&self, place: &Place, flags: OFlags) -> Result<OwnedFd, Unread> {
        let names: Vec<&[u8]> = place.components().collect();
        let Some((last, way)) = names.split_last() else {
            return rustix::fs::openat(&self.directory, ".", flags, Mode::empty()).map_err(from_errno);
        };
        let mut held: Option<OwnedFd> = None;
        let mut on = self.device;
        for name in way {
            let from = held.as_ref().map_or(self.directory.as_fd(), |fd| fd.as_fd());
            let next = step(from, name, looking() | DIRECTORY)?;
            on = self.entered(next.as_fd(), on)?;
            held = Some(next);
        }
        let from = held.as_ref().map_or(self.directory.as_fd(), |fd| fd.as_fd());
        let opened = step(from, last, flags)?;
        self.entered(opened.as_fd(), on)?;
        Ok(opened)
    }

    /// The device of a handle, if its file system is one we enter.
    fn entered(&self, handle: BorrowedFd<'_>, from: u64) -> Result<u64, Unread> {
        let stat = rustix::fs::fstat(handle).map_err(from_errno)?;
        let device = device(&stat);
        let may = device == from || self.may_enter(handle, device);
        may.then_some(device).ok_or(Unread::OtherFileSystem)
    }

    pub(crate) fn may_enter(&self, handle: BorrowedFd<'_>, device: u64) -> bool {
        match self.file_systems {
            FileSystems::OfRoot => device == self.device,
            FileSystems::Local => device == self.device || is_local(handle),
            FileSystems::All => true,
        }
    }
}

struct Seen {
    facts: FileFacts,
    identity: (u64, u64),
}

fn step(from: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> Result<OwnedFd, Unread> {
    rustix::fs::openat(from, OsStr::from_bytes(name), flags, Mode::empty()).map_err(|errno| match errno {
        // With O_DIRECTORY and O_NOFOLLOW a link answers ENOTDIR; a look tells it from a file.
        Errno::NOTDIR if is_link(from, name) => Unread::Link,
        other => from_errno(other),
    })
}

fn is_link(from: BorrowedFd<'_>, name: &[u8]) -> bool {
    rustix::fs::statat(from, OsStr::from_bytes(name), rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

#[cfg(target_os = "linux")]
fn by_kernel(root: BorrowedFd<'_>, place: &Place, flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    // With O_NOFOLLOW beside O_PATH a link at the end would be opened as itself; without it, it is refused.
    let flags = flags.difference(OFlags::NOFOLLOW);
    rustix::fs::openat2(root, place.as_path(), flags, Mode::empty(), resolve)
}

#[cfg(not(target_os = "linux"))]
fn by_kernel(_root: BorrowedFd<'_>, _place: &Place, _flags: OFlags) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// Flags that only look: no content is reachable through such a handle.
#[cfg(target_os = "linux")]
const fn looking() -> OFlags {
    OFlags::PATH
}

#[cfg(not(target_os = "linux"))]
const fn looking() -> OFlags {
    OFlags::RDONLY
}

#[cfg(target_os = "linux")]
const fn quietly() -> OFlags {
    OFlags::NOATIME
}

#[cfg(not(target_os = "linux"))]
const fn quietly() -> OFlags {
    OFlags::empty()
}

/// File systems on disks and in memory of this machine (`statfs(2)` and linux/magic.h).
#[cfg(target_os = "linux")]
fn is_local(handle: BorrowedFd<'_>) -> bool {
    const LOCAL: [u32; 9] = [
        0x0000_ef53, // ext2, ext3, ext4
        0x5846_5342, // xfs
        0x9123_683e, // btrfs
        0xf2f5_2010, // f2fs
        0x2fc1_2fc1, // zfs
        0xca45_1a4e, // bcachefs
        0x0102_1994, // tmpfs
        0x794c_7630, // overlayfs
        0x7371_7368, // squashfs
    ];
    rustix::fs::fstatfs(handle).is_ok_and(|found| {
        u32::try_from(found.f_type & 0xffff_ffff).is_ok_and(|magic| LOCAL.contains(&magic))
    })
}

/// The system itself says which are local: `/Users` is on another volume than `/`.
#[cfg(target_os = "macos")]
fn is_local(handle: BorrowedFd<'_>) -> bool {
    /// `MNT_LOCAL` of sys/mount.h.
    const LOCAL: u32 = 0x1000;
    rustix::fs::fstatfs(handle).is_ok_and(|found| found.f_flags & LOCAL != 0)
}

/// Elsewhere there is no way that we tested; other file systems are not entered.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn is_local(_handle: BorrowedFd<'_>) -> bool {
    false
}

pub(crate) fn content(handle: &OwnedFd, bytes: u64, bytes_max: u64) -> Result<Secret<Vec<u8>>, Unread> {
    // One more than it has, so that the end is seen without a second piece.
    // What the kernel makes up while it is read says that it has none.
    let much = usize::try_from(bytes.saturating_add(1)).unwrap_or(READ_BYTES).clamp(256, READ_BYTES);
    let mut content = Vec::new();
    let mut piece = vec![0_u8; much];
    let outcome = loop {
        match rustix::io::read(handle, &mut piece[..]) {
            Ok(0) => break Ok(()),
            Ok(read) => {
                let now = u64::try_from(content.len() + read).unwrap_or(u64::MAX);
                if now > bytes_max {
                    // It grew while it was read.
                    break Err(Unread::TooLarge { bytes: now, bytes_max });
                }
                append(&mut content, piece.get(..read).unwrap_or_default());
            }
            Err(Errno::INTR) => {}
            Err(errno) => break Err(from_errno(errno)),
        }
    };
    piece.zeroize();
    let content = Secret::new(content);
    outcome.map(|()| content)
}

/// Appends without leaving a copy behind where the vector grew.
pub(crate) fn append(content: &mut Vec<u8>, piece: &[u8]) {
    if content.capacity() - content.len() < piece.len() {
        let mut larger = Vec::with_capacity((content.len() + piece.len()) * 2);
        larger.extend_from_slice(content);
        content.zeroize();
        *content = larger;
    }
    content.extend_from_slice(piece);
}

#[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "device numbers are only compared")]
fn device(stat: &Stat) -> u64 {
    stat.st_dev as u64
}

pub(crate) fn identity(stat: &Stat) -> (u64, u64) {
    (device(stat), stat.st_ino)
}

#[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions, reason = "as above")]
pub(crate) fn facts(stat: &Stat) -> FileFacts {
    FileFacts {
        mode: u32::from(stat.st_mode) & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        bytes: u64::try_from(stat.st_size).unwrap_or(0),
        modified_seconds: i64::try_from(stat.st_mtime).unwrap_or(0),
        links: u64::try_from(stat.st_nlink).unwrap_or(1),
    }
}

fn special(file_type: FileType) -> Special {
    match file_type {
        FileType::Directory => Special::Directory,
        FileType::Fifo => Special::Fifo,
        FileType::Socket => Special::Socket,
        FileType::BlockDevice | FileType::CharacterDevice => Special::Device,
        FileType::RegularFile | FileType::Symlink | FileType::Unknown => Special::Unnamed,
    }
}
