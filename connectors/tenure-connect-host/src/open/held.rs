//! The way from `/` down to the root of a source, taken without trusting anybody on it.
//!
//! The address of a source is its administrator's word; what lies on that way may be somebody else's. The last component is
//! never a link, and one further up is followed only where nobody but root and ourselves could have put it there. What
//! is opened so is held: its device and number go into what a plan binds. This file must never open anything but
//! directories. Next: `../blast_file.rs`, which says who could change that way.

use super::{DIRECTORY, Root, Way, device, identity, is_link, looking};
use crate::limits::FileSystems;
use crate::unread::{Unread, from_errno};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Links on one way, at most (path_resolution(7)).
const LINKS_MAX: usize = 40;
/// In a folder with this bit nobody but its owner, or the folder's, replaces a name.
const STICKY: u32 = 0o1000;
/// Bits by which others than the owner change a folder; an access list that lets somebody shows in them, too (acl(5)).
const CHANGED_BY_OTHERS: u32 = 0o022;

/// A folder on the way, by its real path.
pub(crate) struct Passed {
    pub(crate) path: PathBuf,
    handle: OwnedFd,
}

impl AsFd for Passed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl Root {
    /// Opens the root of a source: see the head of this file.
    pub(crate) fn of_source(path: &Path, file_systems: FileSystems) -> Result<Self, Unread> {
        let way = way_down(path)?;
        let last = way.last().ok_or(Unread::NotADirectory)?;
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let directory = rustix::fs::openat(last, ".", flags, Mode::empty()).map_err(from_errno)?;
        let stat = rustix::fs::fstat(&directory).map_err(from_errno)?;
        let held = (way.len() > 1).then(|| identity(&stat));
        Ok(Self { directory, device: device(&stat), file_systems, way: Way::Kernel, held })
    }
}

/// The folders from `/` to the one at this path, which is the last.
pub(crate) fn way_down(path: &Path) -> Result<Vec<Passed>, Unread> {
    let start = rustix::fs::open("/", looking() | DIRECTORY, Mode::empty()).map_err(from_errno)?;
    let mut way = vec![Passed { path: PathBuf::from("/"), handle: start }];
    let mut left: VecDeque<OsString> = names(path).map(OsStr::to_owned).collect();
    let mut links = 0;
    while let Some(name) = left.pop_front() {
        if name == ".." {
            way.truncate(way.len().saturating_sub(1).max(1));
            continue;
        }
        let folder = way.last().ok_or(Unread::NotADirectory)?;
        match rustix::fs::openat(folder, &name, looking() | DIRECTORY, Mode::empty()) {
            Ok(handle) => {
                let path = folder.path.join(&name);
                way.push(Passed { path, handle });
            }
            // With O_DIRECTORY and O_NOFOLLOW a link answers ENOTDIR, or ELOOP.
            Err(Errno::NOTDIR | Errno::LOOP) if is_link(folder.as_fd(), name.as_bytes()) => {
                links += 1;
                if left.is_empty() || links > LINKS_MAX || !nobody_else_put(folder, &name)? {
                    return Err(Unread::RootIsLink);
                }
                let to = rustix::fs::readlinkat(folder, &name, Vec::new()).map_err(from_errno)?;
                let to = Path::new(OsStr::from_bytes(to.as_bytes()));
                if to.is_absolute() {
                    way.truncate(1);
                }
                names(to).rev().for_each(|name| left.push_front(name.to_owned()));
            }
            Err(errno) => return Err(from_errno(errno)),
        }
    }
    Ok(way)
}

fn names(path: &Path) -> impl DoubleEndedIterator<Item = &OsStr> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    })
}

/// Whether nobody but root and ourselves could have put this link into the folder.
fn nobody_else_put(folder: &Passed, name: &OsStr) -> Result<bool, Unread> {
    let us = rustix::process::geteuid().as_raw();
    let ours = |uid: u32| uid == 0 || uid == us;
    let of_folder = super::facts(&rustix::fs::fstat(folder).map_err(from_errno)?);
    let link = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(from_errno)?;
    let closed = of_folder.mode & CHANGED_BY_OTHERS == 0 || of_folder.mode & STICKY != 0;
    Ok(closed && ours(of_folder.uid) && ours(link.st_uid))
}

#[cfg(test)]
mod tests {
    use super::way_down;
    use crate::limits::FileSystems;
    use crate::open::Root;
    use crate::unread::Unread;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_is_no_root_and_one_on_the_way_is_followed_only_where_nobody_else_could_put_it() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let open = |path: &str| Root::of_source(&base.join(path), FileSystems::All).map(drop);
        fs::create_dir_all(base.join("real/img")).unwrap();
        fs::create_dir(base.join("links")).unwrap();
        symlink(base.join("real/img"), base.join("links/img")).unwrap();
        symlink("../real", base.join("links/up")).unwrap();
        symlink("round", base.join("links/round")).unwrap();
        assert_eq!(open("real/img"), Ok(()));
        assert_eq!(open("links/img"), Err(Unread::RootIsLink), "a link at the end");
        assert_eq!(open("links/up/img"), Ok(()), "our own link on the way");
        assert_eq!(open("links/round/img"), Err(Unread::RootIsLink), "in a circle");
        let way = way_down(&base.join("links/up/img")).unwrap();
        assert_eq!(way.last().unwrap().path, base.join("real/img"), "by its real path");
        fs::set_permissions(base.join("links"), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(open("links/up/img"), Err(Unread::RootIsLink), "anybody could have put it there");
        assert_eq!(open("nothing/img"), Err(Unread::Absent));
    }
}
