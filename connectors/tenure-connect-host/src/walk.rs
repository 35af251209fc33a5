//! Walking down a directory, within limits, in the order of names.
//!
//! One handle per level, opened below the root without following links, so a loop of links is never
//! entered and a directory that is swapped for a link on the way is noticed. Entries are handed over one by
//! one; nothing but the names of the directories being walked is kept. This file must never open a file
//! and never go into a file system that the root does not enter. Next: `survey.rs`.

use crate::files::Files;
use crate::limits::Budget;
use crate::open::Root;
use crate::place::Place;
use crate::unread::{NotRead, Spent, Unread, from_errno};
use rustix::fs::{Dir, FileType};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// What a directory says about a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link: never followed.
    Link,
    /// A pipe, a socket, a device.
    Special,
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub place: Place,
    /// What the directory says it is.
    pub kind: EntryKind,
}

/// What to do after an entry was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// Go on, into it if it is a directory.
    Enter,
    /// Go on, past it.
    Pass,
    /// Go no further.
    Stop,
}

/// One name in a listed directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name, as the system has it.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
}

/// Lists a directory in the order of its names. When a limit cuts the listing short, the limit is handed
/// back beside what was seen; then the names are those the system gave first, in order.
pub fn list(root: &Root, place: &Place, budget: &Budget<'_>) -> Result<(Vec<Listed>, Option<Spent>), Unread> {
    let directory = root.directory(place)?;
    if !root.may_enter(rustix::fd::AsFd::as_fd(&directory), directory.device) {
        return Err(Unread::OtherFileSystem);
    }
    let mut names = Vec::new();
    let mut cut = None;
    let entries = Dir::read_from(&directory).map_err(from_errno)?;
    for entry in entries {
        let Ok(entry) = entry else { break };
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let many = u64::try_from(names.len()).unwrap_or(u64::MAX);
        let full = many >= budget.limits().directory_entries_max;
        cut = if full { Some(Spent::DirectoryEntries) } else { budget.entry().err() };
        if cut.is_some() {
            break;
        }
        let kind = kind_of(&directory, name, entry.file_type());
        names.push(Listed { name: name.to_vec(), kind });
    }
    names.sort_unstable();
    Ok((names, cut))
}

/// Walks down from `start`, not showing `start` itself. Places that could not be listed go to `unread`.
/// Ends early, with the limit, when one of the whole reading is reached.
pub fn walk(
    files: &dyn Files,
    start: &Place,
    budget: &Budget<'_>,
    visit: &mut dyn FnMut(&Entry) -> Onward,
    unread: &mut dyn FnMut(NotRead),
) -> Result<(), Spent> {
    let mut levels: Vec<(Place, std::vec::IntoIter<Listed>)> = Vec::new();
    levels.extend(level(files, start.clone(), budget, unread)?);
    while let Some((place, names)) = levels.last_mut() {
        let Some(listed) = names.next() else {
            levels.pop();
            continue;
        };
        let entry = Entry { place: place.join(&listed.name), kind: listed.kind };
        let onward = visit(&entry);
        if onward == Onward::Stop {
            break;
        }
        if onward == Onward::Pass || entry.kind != EntryKind::Directory {
            continue;
        }
        if levels.len() > usize::try_from(budget.limits().depth_max).unwrap_or(usize::MAX) {
            unread(NotRead { place: entry.place, why: Unread::Limit(Spent::Depth) });
            continue;
        }
        levels.extend(level(files, entry.place, budget, unread)?);
    }
    Ok(())
}

/// One directory to walk; `None` when it could not be listed, which is not the end of the walk.
fn level(
    files: &dyn Files,
    place: Place,
    budget: &Budget<'_>,
    unread: &mut dyn FnMut(NotRead),
) -> Result<Option<(Place, std::vec::IntoIter<Listed>)>, Spent> {
    budget.time()?;
    match files.list(&place, budget) {
        Ok((names, cut)) => {
            if let Some(spent) = cut {
                unread(NotRead { place: place.clone(), why: Unread::Limit(spent) });
                if spent != Spent::DirectoryEntries {
                    return Err(spent);
                }
            }
            Ok(Some((place, names.into_iter())))
        }
        Err(why) => {
            unread(NotRead { place, why });
            Ok(None)
        }
    }
}

fn kind_of(directory: &impl rustix::fd::AsFd, name: &[u8], told: FileType) -> EntryKind {
    let found = if told == FileType::Unknown {
        // Some file systems leave the type out of the listing.
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::statat(directory, OsStr::from_bytes(name), flags)
            .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
    } else {
        told
    };
    match found {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => EntryKind::Special,
    }
}
