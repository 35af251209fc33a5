//! Trying to open a file as another account, so that a refusal is seen and not concluded.
//!
//! A thread of its own takes the groups and the *effective* number of the account, opens the file and ends; its real and saved
//! numbers stay ours, so that no process of that account may signal or trace it meanwhile (kill(2), ptrace(2)). With the
//! effective number go its capabilities (capabilities(7)), so what is answered is what the account would be answered.
//! Nothing is read. This file must never be used to change anything. Next: `mode.rs`.

use super::mode::{known_by, look};
use super::readers::People;
use super::ways_in::Ground;
use crate::place::Place;
use crate::unread::Unread;
use tenure_model::{FileTarget, ProbeAnswer};

/// Said where what was opened is not what was planned for.
const ANOTHER: &str = "another file is at its place";

fn cannot_know(why: impl Into<String>) -> ProbeAnswer {
    ProbeAnswer::CannotKnow { why: why.into() }
}

/// Whether the account that the plan names can open what is at the place.
pub(crate) fn answer(ground: &Ground, file: &FileTarget) -> ProbeAnswer {
    let (Some(uid), Some(place)) = (file.tried_as(), Place::parse(file.place.as_bytes())) else {
        return cannot_know("the plan names no account that could try");
    };
    let reader = ground.with(|machine| {
        let people = People::of(machine)?;
        Ok(people.readers.into_iter().find(|reader| reader.uid == uid))
    });
    let reader = match reader {
        Ok(Some(reader)) => reader,
        Ok(None) => return cannot_know(format!("the account {uid} that was to try is not there any more")),
        Err(why) => return cannot_know(why.to_string()),
    };
    match opened_as(ground, &place, reader.uid, &reader.gids) {
        Ok(Ok(identity)) if file.was.as_ref().is_some_and(|was| was.identity == identity) => {
            ProbeAnswer::Accepted
        }
        Ok(Ok(_)) => cannot_know(ANOTHER),
        Ok(Err(Unread::NotPermitted)) => refused(ground, file, &place, &reader.name),
        Ok(Err(why)) => cannot_know(format!("{place}: {why}")),
        Err(why) => cannot_know(why),
    }
}

/// A refusal speaks of the planned file only while that is what is at the place.
fn refused(ground: &Ground, file: &FileTarget, place: &Place, name: &str) -> ProbeAnswer {
    let seen = ground.with(|machine| look(&machine.root, place));
    match (seen, &file.was) {
        (Ok(looked), Some(was)) if looked.identity == was.identity => {
            ProbeAnswer::Refused { how: format!("EACCES for `{name}`, opening it") }
        }
        (Ok(_), _) => cannot_know(ANOTHER),
        (Err(why), _) => cannot_know(format!("{place}: {why}")),
    }
}

/// Why nobody can be asked to try from here, if so.
pub(crate) fn nobody_can_try() -> Option<&'static str> {
    if cfg!(not(target_os = "linux")) {
        return Some("on this system Tenure cannot take the number of another account for one thread alone");
    }
    if !rustix::process::geteuid().is_root() {
        return Some("Tenure does not run as root, so it cannot try to read it as somebody else");
    }
    (!may_take_numbers())
        .then_some("Tenure runs as root without the right to take the number of another account (CAP_SETUID, CAP_SETGID)")
}

/// In a container root may well not have it.
#[cfg(target_os = "linux")]
fn may_take_numbers() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID;
    capabilities(None).is_ok_and(|sets| sets.effective.contains(needed))
}

#[cfg(not(target_os = "linux"))]
const fn may_take_numbers() -> bool {
    false
}

#[cfg(target_os = "linux")]
fn opened_as(
    ground: &Ground,
    place: &Place,
    uid: u32,
    gids: &[u32],
) -> Result<Result<String, Unread>, String> {
    use crate::open::Root;
    use rustix::fs::{Gid, Uid};
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    if uid == 0 || gids.is_empty() {
        return Err(String::from("an administrator is refused nothing, so nothing would be shown"));
    }
    // Calls mean "leave it as it is" by this number (setresuid(2)), and nobody has it.
    if uid == u32::MAX || gids.contains(&u32::MAX) {
        return Err(format!("{} is the number of no account", u32::MAX));
    }
    let (root, limits, place) = (ground.root.clone(), ground.limits, place.clone());
    let groups: Vec<Gid> = gids.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let trying = std::thread::Builder::new().name(String::from("tries-to-read")).spawn(move || {
        let opened = match Root::of_source(&root, limits.file_systems) {
            Ok(opened) => opened,
            Err(why) => return Ok(Err(why)),
        };
        let primary = groups.first().copied();
        set_thread_groups(&groups)
            .and_then(|()| set_thread_res_gid(None, primary, None))
            .and_then(|()| set_thread_res_uid(None, Uid::from_raw(uid), None))
            .map_err(|errno| {
                format!(
                    "the number of the account could not be taken (error number {})",
                    errno.raw_os_error()
                )
            })?;
        Ok(opened.open_content(&place).and_then(|handle| {
            let stat = rustix::fs::fstat(&handle).map_err(crate::unread::from_errno)?;
            Ok(known_by(&opened, &handle, &stat))
        }))
    });
    let trying = trying.map_err(|why| format!("no thread could be started: {why}"))?;
    trying.join().unwrap_or_else(|_| Err(String::from("trying was cut off")))
}

#[cfg(not(target_os = "linux"))]
fn opened_as(_: &Ground, _: &Place, _: u32, _: &[u32]) -> Result<Result<String, Unread>, String> {
    Err(nobody_can_try().unwrap_or_default().to_owned())
}
