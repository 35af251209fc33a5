//! What tightening a file would touch: who can read it now and will not, and why it must not be done.
//!
//! Read afresh. What cannot be seen from the files of a machine is said each time: it is never taken for nobody. This
//! file must never decide that what could not be read is harmless. Next: `act/mode.rs`, `act/readers.rs`.

use crate::act::mode::{self, AS_OWNER, Looked};
use crate::act::readers::{Access, People};
use crate::act::try_reading::nobody_can_try;
use crate::act::ways_in::{Ground, Machine};
use crate::blast::empty;
use crate::observe;
use crate::place::Place;
use crate::survey::holds_credential;
use crate::unread::Unread;
use std::path::PathBuf;
use tenure_connect::{BlastRadius, FileChange, Fingerprint, OutsideFailure};
use tenure_model::{FileTarget, FileWas, Readers, printable};

/// Names in one list, at most.
const NAMES_MAX: usize = 200;
/// Bits with which a program runs as its owner or group.
const RUNS_AS_ANOTHER: u32 = 0o6000;

/// Reads what tightening the file would touch.
pub(crate) fn of_file(
    ground: &Ground,
    file: &FileTarget,
    fingerprint: &dyn Fingerprint,
) -> Result<BlastRadius, OutsideFailure> {
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
        let way = way_to(machine, &place)?;
        let mut blast = radius(way, file, &looked, &people);
        let said = say_what_lies_in_it(&mut blast, machine, ground, &place, fingerprint);
        if let Some(change) = &blast.file {
            blast.warnings.extend(above_warnings(ground, &change.was)?);
        }
        Ok(said.map(|()| blast))
    });
    let mut blast = read.map_err(|why| match why {
        Unread::NotPermitted => OutsideFailure::Refused {
            code: String::from("file"),
            why: format!("{place}: {why}"),
            remedy: AS_OWNER.to_owned(),
        },
        Unread::RootIsLink => OutsideFailure::Refused {
            code: String::from("root"),
            why: format!("the root of this source is not what it was: {why}"),
            remedy: String::from("see who put the link there before anything is done below it"),
        },
        other => refused(format!("{place}: {other}")),
    })??;
    for copy in mode::copies(ground, file).found {
        blast
            .warnings
            .push(format!("others can also read a copy: {}; this plan does not touch it", copy.name));
    }
    Ok(blast)
}

fn radius(way: Vec<(Place, Access)>, file: &FileTarget, looked: &Looked, people: &People) -> BlastRadius {
    let access = &looked.access;
    let after = access.with_mode(file.readers.keep_of(access.mode));
    let (places, way): (Vec<Place>, Vec<Access>) = way.into_iter().unzip();
    let names: Vec<String> = places
        .iter()
        .map(|at| if at.as_bytes().is_empty() { at.to_string() } else { format!("{at}/") })
        .collect();
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
    warnings.extend(way_warnings(&names, &way, access, people));
    let mut refusals = refusals(file, looked, &after, people);
    refusals.extend(linked_by_another(&way, looked, people));
    BlastRadius { refusals, warnings, file: Some(change), ..empty() }
}

/// Who can put another file, or another folder that leads to it, in the place of this one.
fn way_warnings(names: &[String], way: &[Access], file: &Access, people: &People) -> Vec<String> {
    let name = |at: usize| names.get(at).map_or("/", String::as_str);
    let mut warnings = Vec::new();
    for (at, who) in people.who_can_replace(way, file) {
        warnings.push(format!(
            "the folder {} on its way can be changed by {}, who can put another file in its place whatever its mode is: close the folder as well (chmod go-w)",
            name(at),
            few(&who)
        ));
    }
    let is_strangers = |folder: &Access| folder.uid != 0 && folder.uid != file.uid;
    for (at, folder) in way.iter().enumerate().filter(|(_, folder)| is_strangers(folder)) {
        let moved = if at + 1 == way.len() { " and may have moved it there from elsewhere" } else { "" };
        warnings.push(format!(
            "the folder {} on its way is owned by `{}`, who can put another file in its place whatever its mode is{moved}: see whether it belongs there",
            name(at),
            people.user(folder.uid)
        ));
    }
    warnings
}

/// The same of the folders above the root of an image: there the accounts of this machine count, not those of the image.
fn above_warnings(ground: &Ground, file: &FileWas) -> Result<Vec<String>, Unread> {
    let (paths, way): (Vec<_>, Vec<Access>) = mode::above(ground)?.into_iter().unzip();
    if way.is_empty() {
        return Ok(Vec::new());
    }
    let here = Ground { root: PathBuf::from("/"), limits: ground.limits };
    let people = here.with(People::of).unwrap_or_default();
    let shown =
        |path: &PathBuf| printable(&format!("{}/", path.display().to_string().trim_end_matches('/')), 400);
    let names: Vec<String> = paths.iter().map(shown).collect();
    let owner = Access { mode: 0, uid: file.owner, gid: file.group, list: Vec::new(), list_unread: false };
    let said = way_warnings(&names, &way, &owner, &people);
    let of_all = |warning: String| format!("above the root of this source, on this machine: {warning}");
    Ok(said.into_iter().map(of_all).collect())
}

/// A plan says that a credential lies in the file. What a survey saw may have been taken out or exchanged since.
fn say_what_lies_in_it(
    blast: &mut BlastRadius,
    machine: &Machine<'_>,
    ground: &Ground,
    place: &Place,
    fingerprint: &dyn Fingerprint,
) -> Result<(), OutsideFailure> {
    let scanner = observe::scanner()?;
    match holds_credential(&machine.root, place, ground.limits, fingerprint, scanner) {
        Ok(true) => {}
        Ok(false) => blast.refusals.push(String::from(
            "no credential lies in it now: it is not what was surveyed, or was changed since; read its source again (tenure survey), \
             then make a new plan",
        )),
        Err(why) => blast.warnings.push(format!("whether a credential still lies in it could not be seen: {why}")),
    }
    Ok(())
}

fn few(names: &[String]) -> String {
    const FEW: usize = 5;
    // Saying that one more is there takes the room of its name.
    let shown = if names.len() == FEW + 1 { names.len() } else { FEW };
    let more = if names.len() > shown { format!(" and {} more", names.len() - shown) } else { String::new() };
    format!("{}{more}", names.iter().take(shown).cloned().collect::<Vec<_>>().join(", "))
}

/// The directories on the way, from the root of the machine down.
fn way_to(machine: &Machine<'_>, place: &Place) -> Result<Vec<(Place, Access)>, Unread> {
    let folder = place.parent();
    let mut at = Place::root();
    let mut way = vec![(at.clone(), mode::directory(&machine.root, &at)?)];
    for name in folder.components() {
        at = at.join(name);
        way.push((at.clone(), mode::directory(&machine.root, &at)?));
    }
    Ok(way)
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
