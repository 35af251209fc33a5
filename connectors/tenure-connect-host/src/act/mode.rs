//! Changing the mode of one file, and reading back what it is: the second place that writes, and it writes modes only.
//!
//! t0 the file is opened without following a link and compared with what was planned for: the same file, owner and mode;
//! t1 its mode is changed through that same handle; t2 it is read back, and its name must still lead to it. A mode is never
//! looser than it was, except when a plan is taken back. The group bits of a file with an access list are the mask of the
//! list: taking them closes the list without changing an entry, and giving them back restores it exactly. This file must
//! never open by anything but `open.rs`. Next: `readers.rs`, `try_reading.rs`, `../blast_file.rs`.

use super::readers::{Access, People};
use super::ways_in::{Ground, Machine};
use crate::open::held::{self, Passed};
use crate::open::{FileFacts, Root, facts, identity};
use crate::place::Place;
use crate::read::access_list::{self, Whom};
use crate::unread::Unread;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::path::PathBuf;
use tenure_connect::{DerivedReading, Done, Effect, OutsideFailure};
use tenure_model::{ControlPlane, Derived, Fact, Facts, FileTarget, FileWas, PRIMARY, names, printable};

/// A file that was opened and looked at.
pub(crate) struct Looked {
    handle: OwnedFd,
    /// By which it is known again.
    pub(crate) identity: String,
    pub(crate) access: Access,
    /// Why its access list is not understood, where it is not.
    pub(crate) list_not_known: Option<&'static str>,
    pub(crate) links: u64,
}

impl Looked {
    fn is(&self, was: &FileWas) -> bool {
        self.identity == was.identity && (self.access.uid, self.access.gid) == (was.owner, was.group)
    }

    /// Its access list without the mask, as a plan keeps it.
    pub(crate) fn list(&self) -> String {
        let entries = self.access.list.iter().filter(|entry| entry.whom != Whom::Mask);
        entries.map(|entry| format!("{:?}={:o}", entry.whom, entry.bits)).collect::<Vec<_>>().join(" ")
    }

    /// Why its mode cannot be changed whoever asks, as far as the system shows.
    pub(crate) fn in_the_way(&self) -> Option<&'static str> {
        let mounted = rustix::fs::fstatvfs(&self.handle);
        if mounted.is_ok_and(|found| found.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY)) {
            return Some("it is on a file system that is mounted read-only");
        }
        self.fixed()
    }

    #[cfg(target_os = "linux")]
    fn fixed(&self) -> Option<&'static str> {
        use rustix::fs::IFlags;
        let flags = rustix::fs::ioctl_getflags(&self.handle).ok()?;
        flags
            .intersects(IFlags::IMMUTABLE | IFlags::APPEND)
            .then_some("it is marked immutable (chattr +i or +a)")
    }

    #[cfg(not(target_os = "linux"))]
    fn fixed(&self) -> Option<&'static str> {
        None
    }
}

/// Opens a regular file and looks at it.
pub(crate) fn look(root: &Root, place: &Place) -> Result<Looked, Unread> {
    // Looking first: opening a pipe or a device may do things.
    root.facts(place)?;
    let handle = root.open_content(place)?;
    let stat = rustix::fs::fstat(&handle).map_err(crate::unread::from_errno)?;
    // What was put there between the two is not what was looked at.
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(Unread::Replaced);
    }
    let seen = facts(&stat);
    let (list, list_not_known) = match access_list_of(&handle) {
        Ok(list) => (list, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Ok(Looked {
        identity: known_by(root, &handle, &stat),
        access: Access {
            mode: seen.mode,
            uid: seen.uid,
            gid: seen.gid,
            list,
            list_unread: list_not_known.is_some(),
        },
        list_not_known,
        links: seen.links,
        handle,
    })
}

/// By which a file is known again, and with it the root of the image it is in.
pub(crate) fn known_by(root: &Root, handle: &OwnedFd, stat: &Stat) -> String {
    let (device, inode) = identity(stat);
    format!("{device:x}:{inode}:{}{}", born(handle), root.held())
}

/// When it was made, where the file system keeps that: a number of a file is given again, this is not.
#[cfg(target_os = "linux")]
fn born(handle: &OwnedFd) -> String {
    use rustix::fs::{AtFlags, StatxFlags, statx};
    let seen = statx(handle, "", AtFlags::EMPTY_PATH, StatxFlags::BTIME).ok();
    let seen = seen.filter(|seen| StatxFlags::from_bits_retain(seen.stx_mask).contains(StatxFlags::BTIME));
    seen.map(|seen| format!("{}.{:09}", seen.stx_btime.tv_sec, seen.stx_btime.tv_nsec)).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn born(_: &OwnedFd) -> String {
    String::new()
}

/// What decides about a directory. What cannot be read of it is never taken for nothing.
pub(crate) fn directory(root: &Root, place: &Place) -> Result<Access, Unread> {
    match root.directory(place) {
        Ok(opened) => Ok(of_directory(opened.facts, access_list_of(&opened).ok())),
        Err(_) => root.directory_facts(place).map(|seen| of_directory(seen, None)),
    }
}

fn of_directory(seen: FileFacts, list: Option<Vec<access_list::Entry>>) -> Access {
    let list_unread = list.is_none();
    Access { mode: seen.mode, uid: seen.uid, gid: seen.gid, list: list.unwrap_or_default(), list_unread }
}

/// The folders above the root of an image, by their real paths, from `/` down, and what decides about each.
pub(crate) fn above(ground: &Ground) -> Result<Vec<(PathBuf, Access)>, Unread> {
    let mut way = held::way_down(&ground.root)?;
    way.pop();
    let of = |passed: Passed| -> Result<(PathBuf, Access), Unread> {
        let opened = rustix::fs::openat(&passed, ".", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let list = opened.ok().and_then(|opened| access_list_of(&opened).ok());
        let stat = rustix::fs::fstat(&passed).map_err(crate::unread::from_errno)?;
        Ok((passed.path, of_directory(facts(&stat), list)))
    };
    way.into_iter().map(of).collect()
}

/// Entries of the access list where there is one.
#[cfg(target_os = "linux")]
fn access_list_of(handle: impl AsFd) -> Result<Vec<access_list::Entry>, &'static str> {
    const BYTES_MAX: usize = 65_536;
    const OTHERS: [&str; 2] = ["system.nfs4_acl", "system.richacl"];
    let mut value = vec![0_u8; BYTES_MAX];
    if OTHERS.iter().any(|name| rustix::fs::fgetxattr(&handle, *name, &mut value[..]).is_ok()) {
        return Err("it has an access list of another kind than POSIX, which is not understood");
    }
    match rustix::fs::fgetxattr(&handle, "system.posix_acl_access", &mut value[..]) {
        Ok(bytes) => access_list::read(value.get(..bytes).unwrap_or_default())
            .ok_or("its access list is not understood"),
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(Vec::new()),
        Err(_) => Err("its access list cannot be read"),
    }
}

#[cfg(not(target_os = "linux"))]
fn access_list_of(_: impl AsFd) -> Result<Vec<access_list::Entry>, &'static str> {
    Err("access lists of this system are not understood, so nobody could say who reads it")
}

/// The place and the former state of a target that a plan has.
fn planned(file: &FileTarget) -> Result<(Place, &FileWas, u32), OutsideFailure> {
    let puzzling = |why: &str| OutsideFailure::Puzzling { why: why.to_owned() };
    let place =
        Place::parse(file.place.as_bytes()).ok_or_else(|| puzzling("the path of the plan is no path"))?;
    match (&file.was, file.mode_after()) {
        (Some(was), Some(after)) => Ok((place, was, after)),
        _ => Err(puzzling("the plan does not say what the file was")),
    }
}

/// Keeps others from reading it.
pub(crate) fn tighten(ground: &Ground, file: &FileTarget) -> Result<Done, OutsideFailure> {
    let (place, was, after) = planned(file)?;
    on(ground, &place, |root, looked| {
        if !looked.is(was) {
            return Err(changed(
                "another file is there, or it has another owner or group, than when this was planned",
            ));
        }
        if looked.access.mode == after {
            return Ok(Done { changed: false, detail: Facts::new() });
        }
        if looked.access.mode != was.mode {
            return Err(changed(&format!(
                "its mode is {:04o} and was {:04o} when this was planned; make a new plan",
                looked.access.mode, was.mode
            )));
        }
        if looked.list() != was.list {
            return Err(changed("its access list is another than when this was planned; make a new plan"));
        }
        set_mode(root, &place, looked, after)?;
        Ok(done(was.mode, after))
    })
}

/// Gives it back the mode it had, if it is still what was made of it.
pub(crate) fn loosen(ground: &Ground, file: &FileTarget) -> Result<Done, OutsideFailure> {
    let (place, was, after) = planned(file)?;
    let left = |why: &str| {
        let why = Fact::Text(format!("left as it is: {why}"));
        Ok(Done { changed: false, detail: Facts::from([(names::LEFT_AS_IT_IS.to_owned(), why)]) })
    };
    let loosened = on(ground, &place, |root, looked| {
        if !looked.is(was) {
            return left("another file is at its place now, or it has another owner or group");
        }
        if looked.access.mode == was.mode {
            return Ok(Done { changed: false, detail: Facts::new() });
        }
        if looked.access.mode != after {
            return left(&format!("somebody changed its mode since, to {:04o}", looked.access.mode));
        }
        if looked.list() != was.list {
            return left("somebody changed its access list since, and the former mode would open it to them");
        }
        set_mode(root, &place, looked, was.mode)?;
        Ok(done(after, was.mode))
    });
    match loosened {
        Err(OutsideFailure::TargetChanged { why }) => left(&why),
        other => other,
    }
}

fn on(
    ground: &Ground,
    place: &Place,
    act: impl FnOnce(&Root, &Looked) -> Result<Done, OutsideFailure>,
) -> Result<Done, OutsideFailure> {
    let done = ground.with(|machine| Ok(act(&machine.root, &look(&machine.root, place)?)));
    done.unwrap_or_else(|why| Err(not_looked_at(place, why)))
}

/// What it means that the planned file could not be looked at.
pub(crate) fn not_looked_at(place: &Place, why: Unread) -> OutsideFailure {
    match why {
        Unread::NotPermitted => refused(format!("{place}: {why}"), AS_OWNER),
        Unread::Absent
        | Unread::Link
        | Unread::RootIsLink
        | Unread::NotRegular(_)
        | Unread::NotADirectory
        | Unread::Replaced => changed(&format!("{place}: {why}")),
        Unread::TooLarge { .. }
        | Unread::OtherFileSystem
        | Unread::Limit(_)
        | Unread::Format
        | Unread::RefusedByServer(_)
        | Unread::System(_) => refused(format!("{place}: {why}"), "change its mode by hand, where it is"),
    }
}

/// Said to whoever may not.
pub(crate) const AS_OWNER: &str = "run Tenure as root, or as the account whose file it is";

fn set_mode(root: &Root, place: &Place, looked: &Looked, mode: u32) -> Result<(), OutsideFailure> {
    rustix::fs::fchmod(&looked.handle, Mode::from_raw_mode(mode))
        .map_err(|errno| not_changed(place, looked, errno))?;
    // Until the disk has it, a power failure brings the former mode back; a reading after it would say so.
    let kept = rustix::fs::fsync(&looked.handle);
    let lost = |why: &str| OutsideFailure::Lost { why: format!("{place}: {why}") };
    kept.map_err(|errno| {
        lost(&format!("the disk did not confirm it (error number {})", errno.raw_os_error()))
    })?;
    let again = look(root, place).map_err(|why| lost(&format!("it was changed, and then: {why}")))?;
    if again.identity != looked.identity || again.access.mode != mode {
        return Err(lost("it was changed, and it is another now"));
    }
    Ok(())
}

fn not_changed(place: &Place, looked: &Looked, errno: Errno) -> OutsideFailure {
    match errno {
        Errno::PERM | Errno::ACCESS => {
            let fixed = looked.in_the_way();
            let why = fixed.unwrap_or("our account may not change its mode");
            let remedy = if fixed.is_some() {
                "take the mark away (chattr -i -a FILE), then make a new plan"
            } else {
                AS_OWNER
            };
            refused(format!("{place}: {why}"), remedy)
        }
        Errno::ROFS => refused(
            format!("{place}: it is on a file system that is mounted read-only"),
            "change it where the file system can be written",
        ),
        other => refused(
            format!("{place}: the system refused with error number {}", other.raw_os_error()),
            "change its mode by hand",
        ),
    }
}

fn refused(why: String, remedy: &str) -> OutsideFailure {
    OutsideFailure::Refused {
        code: String::from("file"),
        why: printable(&why, 300),
        remedy: remedy.to_owned(),
    }
}

fn changed(why: &str) -> OutsideFailure {
    OutsideFailure::TargetChanged { why: printable(why, 300) }
}

fn done(from: u32, to: u32) -> Done {
    let text = |mode: u32| Fact::Text(format!("{mode:04o}"));
    let detail = Facts::from([("mode_before".to_owned(), text(from)), ("mode_after".to_owned(), text(to))]);
    Done { changed: true, detail }
}

/// Which mode an effect means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Of a tightening.
    Tight,
    /// Of taking it back.
    Former,
}

/// Whether the planned file has the mode.
pub(crate) fn effect(ground: &Ground, file: &FileTarget, wanted: Wanted) -> Effect {
    let (place, was, after) = match planned(file) {
        Ok(planned) => planned,
        Err(why) => return Effect::Unobserved { why: why.to_string() },
    };
    let mode = match wanted {
        Wanted::Tight => after,
        Wanted::Former => was.mode,
    };
    match ground.with(|machine| look(&machine.root, &place)) {
        Ok(looked) if looked.is(was) && looked.access.mode == mode => Effect::Present,
        Ok(_) => Effect::Missing,
        Err(why) if is_elsewhere(why) => Effect::Missing,
        Err(why) => Effect::Unobserved { why: format!("{place}: {why}") },
    }
}

/// There is no such file at the place.
const fn is_elsewhere(why: Unread) -> bool {
    matches!(
        why,
        Unread::Absent | Unread::Link | Unread::NotRegular(_) | Unread::NotADirectory | Unread::Replaced
    )
}

/// What mode and access list say about who can read it.
pub(crate) fn control_plane(ground: &Ground, file: &FileTarget) -> ControlPlane {
    let unread = |why: String| ControlPlane::Unread { why };
    let (place, was, _) = match planned(file) {
        Ok(planned) => planned,
        Err(why) => return unread(why.to_string()),
    };
    let read = ground.with(|machine| {
        let looked = look(&machine.root, &place)?;
        let people = People::of(machine).unwrap_or_default();
        Ok((looked, people))
    });
    match read {
        Ok((looked, _)) if looked.identity != was.identity => ControlPlane::Absent,
        Ok((looked, people)) => match looked.list_not_known {
            Some(why) => unread(why.to_owned()),
            None if looked.is(was) && looked.access.others(file.readers, &people).is_empty() => {
                ControlPlane::Disabled
            }
            None => ControlPlane::Enabled,
        },
        Err(why) if is_elsewhere(why) => ControlPlane::Absent,
        Err(why) => unread(format!("{place}: {why}")),
    }
}

/// Copies that others can read.
pub(crate) fn copies(ground: &Ground, file: &FileTarget) -> DerivedReading {
    let mut reading = DerivedReading::default();
    let read = ground.with(|machine| {
        let people = People::of(machine).unwrap_or_default();
        for copy in &file.copies {
            match copy_of(machine, copy, file, &people) {
                Ok(None) => {}
                Ok(Some(name)) => {
                    reading.found.push(Derived {
                        point: PRIMARY.to_owned(),
                        kind: String::from("copy"),
                        name,
                    });
                }
                Err(why) => reading.unread.push((copy.clone(), why)),
            }
        }
        Ok(())
    });
    if let Err(why) = read {
        reading.unread.push((PRIMARY.to_owned(), why.to_string()));
    }
    reading
}

/// A copy that others can read, in words; a further name of the same file is no copy.
fn copy_of(
    machine: &Machine<'_>,
    copy: &str,
    file: &FileTarget,
    people: &People,
) -> Result<Option<String>, String> {
    let Some(place) = Place::parse(copy.as_bytes()) else { return Ok(None) };
    let looked = match look(&machine.root, &place) {
        Ok(looked) => looked,
        Err(why) if is_elsewhere(why) => return Ok(None),
        Err(why) => return Err(why.to_string()),
    };
    if file.was.as_ref().is_some_and(|was| was.identity == looked.identity) {
        return Ok(None);
    }
    if let Some(why) = looked.list_not_known {
        return Err(why.to_owned());
    }
    let others = looked.access.others(file.readers, people);
    let said = || format!("{place} (mode {:04o}, {})", looked.access.mode, others.join(", "));
    Ok((!others.is_empty()).then(said))
}
