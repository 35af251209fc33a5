//! The only place that writes: a file is replaced whole.
//!
//! A new file is written beside the old one, made equal to it in owner, group, mode and extended attributes, confirmed on
//! the disk, and renamed over it only if the old one is still what was read. t0 read, t1 written beside, t2 looked at
//! the old one once more, t3 renamed: whoever writes between t2 and t3 loses that write, and nobody else can. This file
//! must never open by a path (only by name in a directory that `open.rs` opened), follow a link, or leave half a file
//! under the name that is read. Next: `../act.rs`.

use crate::open::{FILE, ReadFile, Root, Stamp, content, facts};
use crate::place::{Place, shown};
use crate::unread::Unread;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Bytes of one extended attribute, and of the list of their names, at most (xattr(7)).
const ATTRIBUTE_BYTES_MAX: usize = 65_536;

/// Why a file was not replaced. Nothing was changed, except where it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotReplaced {
    /// It could not be opened or read.
    #[error("{0}")]
    Unread(#[from] Unread),
    /// Somebody else wrote to it meanwhile.
    #[error("it was changed by somebody else meanwhile")]
    Changed,
    /// The other names would keep the old content.
    #[error("it has {0} names (hard links), and only one of them would change")]
    OtherNames(u64),
    /// The new file could not be made like the old one.
    #[error("its {what} could not be kept (error number {number})")]
    NotKept {
        /// What.
        what: &'static str,
        /// The system's error number.
        number: i32,
    },
    /// The system refused.
    #[error("{what} was refused (error number {number})")]
    System {
        /// What was asked.
        what: &'static str,
        /// The system's error number.
        number: i32,
    },
    /// It was replaced, and whether that survives a power failure is not known.
    #[error("it was replaced, and the disk did not confirm it (error number {0})")]
    NotConfirmed(i32),
}

/// Replaces what `was` was read from. `mark` names the file beside it, so that one left behind by a crash is known.
pub(crate) fn replace(
    root: &Root,
    place: &Place,
    was: &ReadFile,
    new: &[u8],
    mark: &str,
) -> Result<(), NotReplaced> {
    if was.facts.links > 1 {
        return Err(NotReplaced::OtherNames(was.facts.links));
    }
    let directory = root.directory(&place.parent())?;
    let name = OsStr::from_bytes(place.name());
    let old = root.open_content(place)?;
    unchanged(directory.as_fd(), name, &old, was)?;
    let beside = Beside::create(directory.as_fd(), &beside_of(place, mark))?;
    write_all(beside.file.as_fd(), new)?;
    keep_what_it_is(&old, &beside.file, was)?;
    rustix::fs::fsync(&beside.file).map_err(system("confirming the new file"))?;
    unchanged(directory.as_fd(), name, &old, was)?;
    beside.become_name(name)?;
    rustix::fs::fsync(directory.as_fd()).map_err(|errno| NotReplaced::NotConfirmed(errno.raw_os_error()))
}

/// Removes what a crash left beside a file under this mark.
pub(crate) fn clear_leftover(root: &Root, place: &Place, mark: &str) {
    if let Ok(directory) = root.directory(&place.parent()) {
        let _ = rustix::fs::unlinkat(&directory, beside_of(place, mark), AtFlags::empty());
    }
}

fn beside_of(place: &Place, mark: &str) -> String {
    format!(".{}.tenure-{mark}", shown(place.name()))
}

/// The name still leads to the file that was read, and that file to the content that was read.
fn unchanged(
    directory: BorrowedFd<'_>,
    name: &OsStr,
    old: &OwnedFd,
    was: &ReadFile,
) -> Result<(), NotReplaced> {
    let named =
        rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).map_err(system("looking at it"))?;
    let opened = rustix::fs::fstat(old).map_err(system("looking at it"))?;
    let regular = FileType::from_raw_mode(named.st_mode) == FileType::RegularFile;
    if !regular || Stamp::of(&named) != was.stamp || Stamp::of(&opened) != was.stamp {
        return Err(NotReplaced::Changed);
    }
    // Two writes within one tick of the file system's clock leave the same stamp.
    rustix::fs::seek(old, rustix::fs::SeekFrom::Start(0)).map_err(system("reading it again"))?;
    let again = content(old, was.facts.bytes, was.facts.bytes.saturating_add(1))?;
    let digest = |bytes: &[u8]| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    if digest(again.expose()).as_ref() == digest(was.content.expose()).as_ref() {
        Ok(())
    } else {
        Err(NotReplaced::Changed)
    }
}

/// A new file beside the one it will replace; removed again unless it takes its name.
struct Beside<'directory> {
    directory: BorrowedFd<'directory>,
    name: String,
    file: OwnedFd,
    renamed: bool,
}

impl<'directory> Beside<'directory> {
    fn create(directory: BorrowedFd<'directory>, name: &str) -> Result<Self, NotReplaced> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | FILE;
        let open = || rustix::fs::openat(directory, name, flags, Mode::RUSR | Mode::WUSR);
        let opened = match open() {
            // The same step was cut off before: this name is of no other.
            Err(Errno::EXIST) => {
                rustix::fs::unlinkat(directory, name, AtFlags::empty())
                    .map_err(system("removing what a crash left"))?;
                open()
            }
            opened => opened,
        };
        let file = opened.map_err(system("making a new file beside it"))?;
        Ok(Self { directory, name: name.to_owned(), file, renamed: false })
    }

    fn become_name(mut self, name: &OsStr) -> Result<(), NotReplaced> {
        rustix::fs::renameat(self.directory, self.name.as_str(), self.directory, name)
            .map_err(system("putting the new file in its place"))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Beside<'_> {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = rustix::fs::unlinkat(self.directory, self.name.as_str(), AtFlags::empty());
        }
    }
}

fn write_all(file: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), NotReplaced> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(NotReplaced::System { what: "writing", number: 0 }),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(system("writing")(errno)),
        }
    }
    Ok(())
}

/// Owner, group, extended attributes (with them labels and access lists) and mode, in this order: a change of owner
/// clears bits of the mode, and an access list writes to them.
fn keep_what_it_is(old: &OwnedFd, new: &OwnedFd, was: &ReadFile) -> Result<(), NotReplaced> {
    let made = facts(&rustix::fs::fstat(new).map_err(system("looking at the new file"))?);
    if (made.uid, made.gid) != (was.facts.uid, was.facts.gid) {
        let (owner, group) = (Uid::from_raw(was.facts.uid), Gid::from_raw(was.facts.gid));
        rustix::fs::fchown(new, Some(owner), Some(group)).map_err(not_kept("owner and group"))?;
    }
    keep_attributes(old, new)?;
    rustix::fs::fchmod(new, Mode::from_raw_mode(was.facts.mode)).map_err(not_kept("mode"))
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn keep_attributes(old: &OwnedFd, new: &OwnedFd) -> Result<(), NotReplaced> {
    let mut list = vec![0_u8; ATTRIBUTE_BYTES_MAX];
    let bytes = match rustix::fs::flistxattr(old, &mut list[..]) {
        Ok(bytes) => bytes,
        // A file system without them.
        Err(Errno::NOTSUP) => return Ok(()),
        Err(errno) => return Err(not_kept("extended attributes")(errno)),
    };
    let names =
        list.get(..bytes).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty());
    for name in names {
        let value = attribute(old, name)?;
        // The system gives a new file its label itself; mostly it is the same already.
        if attribute(new, name).is_ok_and(|there| there == value) {
            continue;
        }
        rustix::fs::fsetxattr(new, name, &value, rustix::fs::XattrFlags::empty())
            .map_err(not_kept("extended attributes"))?;
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn attribute(file: &OwnedFd, name: &[u8]) -> Result<Vec<u8>, NotReplaced> {
    let mut value = vec![0_u8; ATTRIBUTE_BYTES_MAX];
    let bytes = rustix::fs::fgetxattr(file, name, &mut value[..]).map_err(not_kept("extended attributes"))?;
    value.truncate(bytes);
    Ok(value)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn keep_attributes(_old: &OwnedFd, _new: &OwnedFd) -> Result<(), NotReplaced> {
    Ok(())
}

fn system(what: &'static str) -> impl Fn(Errno) -> NotReplaced {
    move |errno| NotReplaced::System { what, number: errno.raw_os_error() }
}

fn not_kept(what: &'static str) -> impl Fn(Errno) -> NotReplaced {
    move |errno| NotReplaced::NotKept { what, number: errno.raw_os_error() }
}

#[cfg(test)]
mod tests {
    use super::{NotReplaced, replace};
    use crate::limits::{Budget, FileSystems, Limits};
    use crate::open::{ReadFile, Root};
    use crate::place::Place;
    use std::fs;
    use std::path::PathBuf;
    use std::time::Duration;
    use tempfile::TempDir;

    struct Desk {
        folder: TempDir,
        root: Root,
        place: Place,
    }

    impl Desk {
        fn with(content: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("keys"), content).unwrap();
            let root = Root::open(folder.path(), FileSystems::All).unwrap();
            Self { folder, root, place: Place::parse(b"keys").unwrap() }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("keys")
        }

        fn read(&self) -> ReadFile {
            let elapsed = || Duration::ZERO;
            self.root.read(&self.place, &Budget::new(Limits::default(), &elapsed)).unwrap()
        }

        fn replace(&self, was: &ReadFile) -> Result<(), NotReplaced> {
            replace(&self.root, &self.place, was, b"new", "mark")
        }

        /// What is in the folder now.
        fn names(&self) -> Vec<String> {
            let names = fs::read_dir(self.folder.path()).unwrap().flatten();
            names.map(|entry| entry.file_name().into_string().unwrap()).collect()
        }
    }

    #[test]
    fn what_is_still_what_was_read_is_replaced_whole_and_nothing_is_left_beside_it() {
        let desk = Desk::with("old");
        desk.replace(&desk.read()).unwrap();
        assert_eq!(fs::read_to_string(desk.path()).unwrap(), "new");
        assert_eq!(desk.names(), ["keys"]);
    }

    #[test]
    fn a_file_that_was_written_to_since_it_was_read_is_not_replaced() {
        let desk = Desk::with("old");
        let was = desk.read();
        let times = fs::metadata(desk.path()).unwrap().modified().unwrap();
        // The same size and the same time: only what is in it tells.
        fs::write(desk.path(), "odd").unwrap();
        fs::File::options().write(true).open(desk.path()).unwrap().set_modified(times).unwrap();
        assert_eq!(desk.replace(&was), Err(NotReplaced::Changed));
        assert_eq!(fs::read_to_string(desk.path()).unwrap(), "odd");
        assert_eq!(desk.names(), ["keys"]);
    }

    #[test]
    fn another_file_of_the_same_content_in_its_place_is_not_replaced() {
        let desk = Desk::with("old");
        let was = desk.read();
        fs::write(desk.folder.path().join("other"), "old").unwrap();
        fs::rename(desk.folder.path().join("other"), desk.path()).unwrap();
        assert_eq!(desk.replace(&was), Err(NotReplaced::Changed));
    }

    #[test]
    fn a_link_that_took_its_place_is_not_followed() {
        let desk = Desk::with("old");
        let was = desk.read();
        let away = desk.folder.path().join("away");
        fs::rename(desk.path(), &away).unwrap();
        std::os::unix::fs::symlink(&away, desk.path()).unwrap();
        assert!(matches!(desk.replace(&was), Err(NotReplaced::Unread(_))));
        assert_eq!(fs::read_to_string(away).unwrap(), "old");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn extended_attributes_are_kept_where_the_file_system_has_them() {
        use rustix::fs::{XattrFlags, getxattr, setxattr};
        let desk = Desk::with("old");
        if setxattr(desk.path(), "user.note", b"kept", XattrFlags::empty()).is_err() {
            eprintln!("SKIPPED: this file system has no attributes of users");
            return;
        }
        desk.replace(&desk.read()).unwrap();
        let mut value = [0_u8; 16];
        let bytes = getxattr(desk.path(), "user.note", &mut value[..]).unwrap();
        assert_eq!(value.get(..bytes), Some(&b"kept"[..]));
    }
}
