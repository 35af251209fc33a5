//! What tightening a file would touch: who can read it now and will not, and why it must not be done.
//!
//! Read afresh. What cannot be seen from the files of a machine is said each time: it is never taken for nobody. This
//! file must never decide that what could not be read is harmless. Next: `act/mode.rs`, `act/readers.rs`.

use crate::act::mode::{self, AS_OWNER, Looked};
use crate::act::readers::{Access, People};
use crate::act::try_reading::nobody_can_try;
use crate::act::ways_in::{Ground, Machine};
use crate::blast::empty;
use crate::place::Place;
use crate::unread::Unread;
use tenure_connect::{BlastRadius, FileChange, OutsideFailure};
use tenure_model::{FileTarget, FileWas, Readers, printable};

/// Names in one list, at most.
const NAMES_MAX: usize = 200;
/// Bits with which a program runs as its owner or group.
const RUNS_AS_ANOTHER: u32 = 0o6000;

/// Reads what tightening the file would touch.
pub(crate) fn of_file(ground: &Ground, file: &FileTarget) -> Result<BlastRadius, OutsideFailure> {
    let refused = |why: String| OutsideFailure::Refused {
        code: String::from("file"),
        why: printable(&why, 300),
        remedy: String::from(
            "name a regular file that is there; links are not followed, and directories are not tightened",
        ),
    };
    let Some(place) = Place::parse(file.place.as_bytes()) else {
        return Err(refused(format!("`{}` is no path", printable(&file.place, 200))));
    };
    let read = ground.with(|machine| {
        let looked = mode::look(&machine.root, &place)?;
        let people = People::of(machine)?;
        Ok(radius(machine, &place, file, &looked, &people))
    });
    let mut blast = read.map_err(|why| match why {
        Unread::NotPermitted => OutsideFailure::Refused {
            code: String::from("file"),
            why: format!("{place}: {why}"),
            remedy: AS_OWNER.to_owned(),
        },
        other => refused(format!("{place}: {other}")),
    })?;
    for copy in mode::copies(ground, file).found {
        blast
            .warnings
            .push(format!("others can also read a copy: {}; this plan does not touch it", copy.name));
    }
    Ok(blast)
}

fn radius(
    machine: &Machine<'_>,
    place: &Place,
    file: &FileTarget,
    looked: &Looked,
    people: &People,
) -> BlastRadius {
    let access = &looked.access;
    let after = access.with_mode(file.readers.keep_of(access.mode));
    let (places, way): (Vec<Place>, Vec<Access>) = way_to(machine, place).into_iter().unzip();
    let can: Vec<_> = people.who_can_read(&way, access).collect();
    let will: Vec<_> = people.who_can_read(&way, &after).collect();
    let lost: Vec<_> = can.iter().filter(|reader| !will.contains(reader)).collect();
    let tried = match (nobody_can_try(), lost.first()) {
        (Some(why), _) => Err(why.to_owned()),
        (None, Some(reader)) => Ok((reader.name.clone(), reader.uid)),
        (None, None) => Err(String::from(
            "no account of this machine can reach it now, so nobody could be seen to be refused",
        )),
    };
    let named = |readers: Vec<String>| -> Vec<String> { readers.into_iter().take(NAMES_MAX).collect() };
    let change = FileChange {
        was: FileWas {
            identity: looked.identity.clone(),
            owner: access.uid,
            group: access.gid,
            mode: access.mode,
            tried_as: tried.as_ref().ok().map(|(_, uid)| *uid),
            list: looked.list(),
        },
        mode_before: format!("{:04o}", access.mode),
        mode_after: format!("{:04o}", after.mode),
        owner: people.user(access.uid),
        group: people.group(access.gid),
        lose: named(lost.iter().map(|reader| reader.name.clone()).collect()),
        keep: named(will.iter().map(|reader| reader.name.clone()).collect()),
        tried_as: tried.map(|(name, _)| name),
    };
    let mut warnings = warnings(&change, looked, &after);
    let writers: Vec<String> = people.who_can_write(&way, access).map(|one| one.name.clone()).collect();
    if !writers.is_empty() {
        warnings.push(format!("can change it now, and will not: {}", few(&writers)));
    }
    for (at, who) in people.who_can_replace(&way, access) {
        let folder = places.get(at).map_or_else(|| String::from("/"), |place| format!("{place}/"));
        warnings.push(format!(
            "the folder {folder} on its way can be changed by {}, who can put another file in its place whatever its mode is: close the folder as well (chmod go-w)",
            few(&who)
        ));
    }
    let mut refusals = refusals(file, looked, &after, people);
    refusals.extend(linked_by_another(&way, looked, people));
    BlastRadius { refusals, warnings, file: Some(change), ..empty() }
}

fn few(names: &[String]) -> String {
    const FEW: usize = 5;
    let more = if names.len() > FEW { format!(" and {} more", names.len() - FEW) } else { String::new() };
    format!("{}{more}", names.iter().take(FEW).cloned().collect::<Vec<_>>().join(", "))
}

/// The directories on the way, from the root of the machine down.
fn way_to(machine: &Machine<'_>, place: &Place) -> Vec<(Place, Access)> {
    let mut way = Vec::new();
    let mut at = Place::root();
    let parents: Vec<Vec<u8>> = place.parent().components().map(<[u8]>::to_vec).collect();
    way.extend(mode::directory(&machine.root, &at).map(|access| (at.clone(), access)));
    for name in parents {
        at = at.join(&name);
        way.extend(mode::directory(&machine.root, &at).map(|access| (at.clone(), access)));
    }
    way
}

/// Who may put names into a folder links into it what is not theirs (link(2)); tightening it there would close it where it
/// belongs. Only a folder in which nobody but root and the file's owner does is trusted to hold the file's own name.
fn linked_by_another(way: &[Access], looked: &Looked, people: &People) -> Option<String> {
    const UNDER_A_FURTHER_NAME: &str =
        "under a further name (hard link): tighten it under the name where it belongs";
    let (folder, owner) = (way.last().filter(|_| looked.links > 1)?, looked.access.uid);
    let whose = people.user(owner);
    if folder.uid != owner && folder.uid != 0 {
        let other = people.user(folder.uid);
        return Some(format!("it is the file of `{whose}` in a folder of `{other}`, {UNDER_A_FURTHER_NAME}"));
    }
    let others = people.who_puts_names(way, &looked.access);
    let by = few(&others);
    (!others.is_empty()).then(|| {
        format!("it is the file of `{whose}` in a folder that {by} can change, {UNDER_A_FURTHER_NAME}")
    })
}

fn refusals(file: &FileTarget, looked: &Looked, after: &Access, people: &People) -> Vec<String> {
    let mut refusals = Vec::new();
    let us = rustix::process::geteuid();
    if !us.is_root() && us.as_raw() != looked.access.uid {
        refusals.push(format!("it is the file of `{}`, and {AS_OWNER}", people.user(looked.access.uid)));
    }
    if looked.access.mode & RUNS_AS_ANOTHER != 0 {
        refusals.push(String::from(
            "it is a program that runs as its owner or group (setuid, setgid): who may read it is not what to mend there",
        ));
    }
    refusals.extend(looked.list_not_known.map(str::to_owned));
    refusals.extend(looked.in_the_way().map(str::to_owned));
    let still = after.others(file.readers, people);
    if file.readers == Readers::OwnerAndGroup && !still.is_empty() {
        refusals.push(format!(
            "its access list would still let {} read it: keep it to its owner alone, or take them out of the list first (setfacl -x)",
            still.join(", ")
        ));
    }
    refusals
}

fn warnings(change: &FileChange, looked: &Looked, after: &Access) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Err(why) = &change.tried_as {
        warnings.push(format!("{why}: a fresh read of mode and access list is all that is shown, P2"));
    }
    if !looked.access.list.is_empty() {
        let closed = (after.mode >> 3) & 0o4 == 0;
        warnings.push(String::from(if closed {
            "it has an access list: its entries stay, and take no effect once the mode closes its mask; an undo opens it again"
        } else {
            "it has an access list, which stays as it is"
        }));
    }
    if looked.links > 1 {
        warnings.push(format!(
            "it has {} names (hard links); they are one file, which becomes tighter under each of them",
            looked.links
        ));
    }
    warnings.push(String::from(
        "what lies in it goes on working, and whoever has read it or has it open keeps what they have: exchange it afterwards",
    ));
    warnings.push(String::from(
        "not known: accounts of a directory service, programs with capabilities, and containers that see this file",
    ));
    warnings
}
