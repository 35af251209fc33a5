//! Opening a file that somebody named: absolute, without following links, regular files only.
//!
//! The path is walked one component at a time, so that no link anywhere on it is followed. Opening never
//! blocks (a named pipe answers at once) and never takes a terminal. Must never write, create or
//! remove anything. Next: `read.rs`.

use crate::unreadable::Unreadable;
use rustix::{
    fd::{AsFd as _, OwnedFd},
    fs::{FileType, Mode, OFlags, Stat},
    io::Errno,
};
use std::{
    fs::File,
    io::Read as _,
    path::{Component, Path},
};

/// A file that was opened, and what it was then.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) file: File,
    state: State,
}

/// What tells whether a file was changed: which one it is, its size, and its times of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    bytes: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

#[expect(clippy::useless_conversion, reason = "these fields have other widths on other systems")]
fn state(stat: &Stat) -> State {
    State {
        bytes: i64::from(stat.st_size),
        modified: (i64::from(stat.st_mtime), i64::try_from(stat.st_mtime_nsec).unwrap_or(0)),
        changed: (i64::from(stat.st_ctime), i64::try_from(stat.st_ctime_nsec).unwrap_or(0)),
    }
}

impl Opened {
    /// True when nothing was written to it since it was opened, as far as the system tells. `bytes_read` is how
    /// much was read, if it was read to its end.
    pub(crate) fn is_as_it_was(&self, bytes_read: Option<u64>) -> bool {
        let now = rustix::fs::fstat(self.file.as_fd()).map(|stat| state(&stat));
        let all = bytes_read.is_none_or(|bytes| i64::try_from(bytes) == Ok(self.state.bytes));
        now == Ok(self.state) && all
    }
}

/// Opens a file to be read, if it has at most `bytes_max` bytes.
pub(crate) fn open(path: &Path, bytes_max: u64) -> Result<Opened, Unreadable> {
    let shown = || tenure_model::printable(&path.display().to_string(), 200);
    let handle = walk(path).map_err(|errno| match errno {
        Errno::NOENT => Unreadable::Absent { path: shown() },
        // A link that is not followed, or a component that is no directory: which is mostly a link, too.
        Errno::LOOP | Errno::MLINK => Unreadable::Link { path: shown() },
        Errno::NOTDIR if is_on_a_link(path) => Unreadable::Link { path: shown() },
        Errno::NOTDIR => Unreadable::Absent { path: shown() },
        Errno::ACCESS | Errno::PERM => Unreadable::NotPermitted { path: shown() },
        Errno::NXIO | Errno::ISDIR => Unreadable::NotRegular { path: shown() },
        other => Unreadable::Io { path: shown(), why: other.to_string() },
    })?;
    let stat = rustix::fs::fstat(&handle)
        .map_err(|errno| Unreadable::Io { path: shown(), why: errno.to_string() })?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Unreadable::NotRegular { path: shown() });
    }
    let bytes = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    if bytes > bytes_max {
        return Err(Unreadable::TooLarge { path: shown(), bytes, bytes_max });
    }
    Ok(Opened { state: state(&stat), file: File::from(handle) })
}

/// Reads a small file whole.
pub(crate) fn read_small(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Unreadable> {
    let opened = open(path, bytes_max)?;
    let mut content = Vec::new();
    let read = opened.file.take(bytes_max + 1).read_to_end(&mut content);
    read.map_err(|error| Unreadable::Io {
        path: tenure_model::printable(&path.display().to_string(), 200),
        why: error.to_string(),
    })?;
    Ok(content)
}

fn walk(path: &Path) -> Result<OwnedFd, Errno> {
    let on_the_way = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | looking();
    let at_the_end = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut held = rustix::fs::open("/", on_the_way, Mode::empty())?;
    let mut names = path.components().skip_while(|part| *part == Component::RootDir).peekable();
    while let Some(part) = names.next() {
        let Component::Normal(name) = part else { return Err(Errno::NOENT) };
        let flags = if names.peek().is_some() { on_the_way } else { at_the_end };
        held = rustix::fs::openat(&held, name, flags, Mode::empty())?;
    }
    Ok(held)
}

/// Where the system can, directories are passed without the right to list them.
#[cfg(target_os = "linux")]
const fn looking() -> OFlags {
    OFlags::PATH
}

#[cfg(not(target_os = "linux"))]
const fn looking() -> OFlags {
    OFlags::empty()
}

fn is_on_a_link(path: &Path) -> bool {
    path.ancestors().any(Path::is_symlink)
}

#[cfg(test)]
mod tests {
    use super::open;
    use crate::unreadable::Unreadable;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_regular_file_without_a_link_on_the_way_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::create_dir(root.join("real")).unwrap();
        let file = root.join("real/list.csv");
        std::fs::write(&file, "id\n").unwrap();
        assert!(open(&file, 100).is_ok());
        symlink(&file, root.join("link.csv")).unwrap();
        symlink(root.join("real"), root.join("way")).unwrap();
        for path in ["link.csv", "way/list.csv"] {
            assert!(matches!(open(&root.join(path), 100), Err(Unreadable::Link { .. })), "{path}");
        }
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe"), 0o600.into()).unwrap();
        for path in ["real", "pipe"] {
            assert!(matches!(open(&root.join(path), 100), Err(Unreadable::NotRegular { .. })), "{path}");
        }
        assert!(matches!(open("/dev/zero".as_ref(), 100), Err(Unreadable::NotRegular { .. })));
        for path in ["none.csv", "real/list.csv/x", "real/../real/list.csv"] {
            assert!(matches!(open(&root.join(path), 100), Err(Unreadable::Absent { .. })), "{path}");
        }
        assert!(matches!(open(&file, 2), Err(Unreadable::TooLarge { bytes: 3, bytes_max: 2, .. })));
    }

    #[test]
    fn a_change_after_the_opening_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::canonicalize(folder.path()).unwrap().join("list.csv");
        std::fs::write(&file, "id\n").unwrap();
        let opened = open(&file, 100).unwrap();
        assert!(opened.is_as_it_was(Some(3)));
        assert!(opened.is_as_it_was(None));
        assert!(!opened.is_as_it_was(Some(2)), "not all of it was read");
        std::fs::write(&file, "id\na\n").unwrap();
        assert!(!opened.is_as_it_was(Some(5)));
    }
}
