//! Somebody who owns the folder, or is root as well, against a plan that closes a file: swaps, links, lists, names.
//!
//! Only the planned file may ever change, only to the planned mode, and nothing else may be called closed. What needs root or a
//! file system of a kind is skipped loudly. Next: `tightened.rs`, the honest cases.

use crate::machine::Machine;
use crate::tightened::{PLACE, Stage, is_root};
use rustix::fs::{CWD, FileType, Mode, XattrFlags};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tenure_connect::{Act, Effect, OutsideFailure, Target};
use tenure_connect_host::read::access_list::{Entry, Whom, written};
use tenure_model::{ControlPlane, ProbeAnswer, Readers, StepKind};

fn mode_of(stage: &Stage, place: &str) -> u32 {
    fs::symlink_metadata(stage.machine.path(place)).unwrap().permissions().mode() & 0o7777
}

fn set(stage: &Stage, place: &str, mode: u32) {
    fs::set_permissions(stage.machine.path(place), fs::Permissions::from_mode(mode)).unwrap();
}

/// Nothing is done, and nothing that is said can be taken for a closed file.
fn is_left_alone(stage: &Stage, target: &Target, when: &str) {
    let answer = stage.act(target, &Act::Tighten);
    assert!(matches!(answer, Err(OutsideFailure::TargetChanged { .. })), "{when}: {answer:?}");
    is_not_called_closed(stage, target, when);
}

fn is_not_called_closed(stage: &Stage, target: &Target, when: &str) {
    assert_ne!(stage.plane(target), ControlPlane::Disabled, "{when}");
    assert_ne!(stage.effect(target, StepKind::Tighten), Effect::Present, "{when}");
    assert!(!matches!(stage.probe(target), ProbeAnswer::Refused { .. }), "{when}");
}

#[test]
fn a_pipe_a_device_or_a_directory_in_its_place_is_neither_opened_nor_changed() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    let path = stage.machine.path(PLACE);
    fs::remove_file(&path).unwrap();
    // A pipe that nobody writes to would keep a reader waiting for ever.
    rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    is_left_alone(&stage, &target, "a pipe");
    assert_eq!(mode_of(&stage, PLACE) & 0o777, 0o644 & !0o022 | mode_of(&stage, PLACE) & 0o022, "a pipe");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    set(&stage, PLACE, 0o755);
    is_left_alone(&stage, &target, "a directory");
    assert_eq!(mode_of(&stage, PLACE), 0o755);
    fs::remove_dir(&path).unwrap();
    let device = rustix::fs::makedev(1, 3);
    if rustix::fs::mknodat(CWD, &path, FileType::CharacterDevice, Mode::from_raw_mode(0o666), device).is_err()
    {
        eprintln!("SKIPPED: no device can be made here");
        return;
    }
    is_left_alone(&stage, &target, "a device");
}

#[test]
fn a_folder_that_was_swapped_leads_to_no_other_file() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    fs::rename(stage.machine.path("srv/ci"), stage.machine.path("srv/away")).unwrap();
    fs::create_dir(stage.machine.path("srv/ci")).unwrap();
    fs::write(stage.machine.path(PLACE), "TOKEN=Kx7Pq9zUv3Wb01\n").unwrap();
    set(&stage, PLACE, 0o644);
    is_left_alone(&stage, &target, "another folder");
    fs::remove_dir_all(stage.machine.path("srv/ci")).unwrap();
    symlink(stage.machine.path("srv/away"), stage.machine.path("srv/ci")).unwrap();
    is_left_alone(&stage, &target, "a link to where it went");
    assert_eq!(mode_of(&stage, "srv/away/.env"), 0o644);
}

#[test]
fn while_files_are_swapped_all_the_time_only_the_planned_one_ever_changes() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    let (path, other) = (stage.machine.path(PLACE), stage.machine.path("srv/ci/other"));
    fs::write(&other, "OTHER=x\n").unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o644)).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, &path, CWD, &other, exchange).unwrap();
            }
        });
        for _ in 0..300 {
            let _ = stage.act(&target, &Act::Tighten);
            let _ = stage.act(&target, &Act::Loosen);
        }
        stop.store(true, Ordering::Relaxed);
    });
    let foreign = if fs::read_to_string(&path).unwrap().starts_with("OTHER") { path } else { other };
    let mode = fs::metadata(foreign).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o644, "the other file was touched");
}

#[test]
fn a_file_of_another_under_a_further_name_in_somebodys_folder_is_not_tightened_there() {
    if !is_root() {
        eprintln!("SKIPPED: files of several owners (not root)");
        return;
    }
    let stage = Stage::with(0o644);
    fs::hard_link(stage.machine.path(PLACE), stage.machine.path("srv/ci/.envrc")).unwrap();
    let target = Stage::target_at("/srv/ci/.envrc", Readers::Owner);
    let refusals = |stage: &Stage| stage.blast(&target).unwrap().refusals.join("; ");
    assert_eq!(refusals(&stage), "", "root's own link in root's own folder");
    let further = "under a further name (hard link): tighten it under the name where it belongs";
    set(&stage, "srv/ci", 0o1777);
    let by = |who: &str| format!("it is the file of `root` in a folder that {who} can change, {further}");
    let open = by("everybody on this machine");
    assert_eq!(
        refusals(&stage),
        open,
        "everybody links into a folder that is open, also with the sticky bit"
    );
    chown(stage.machine.path("srv/ci"), Some(0), Some(6000)).unwrap();
    set(&stage, "srv/ci", 0o775);
    assert_eq!(refusals(&stage), by("group 6000"), "a group without a line, whose members nobody knows");
    set(&stage, "srv/ci", 0o755);
    assert_eq!(refusals(&stage), "", "a group that cannot change it");
    chown(stage.machine.path("srv/ci"), Some(4001), Some(4001)).unwrap();
    assert_eq!(refusals(&stage), format!("it is the file of `root` in a folder of `ci`, {further}"));
}

/// Puts something else in the place of the root of the image, and leaves the image beside it.
fn swap_root(stage: &Stage, put: impl FnOnce(&Path, &Path)) -> PathBuf {
    let root = stage.machine.folder.path();
    let away = root.with_extension("away");
    fs::rename(root, &away).unwrap();
    put(root, &away);
    away
}

fn mode_at(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn an_image_whose_root_became_a_link_leads_to_no_file_outside_it() {
    let parent = tempfile::tempdir().unwrap();
    let stage = Stage::of(Machine::at(tempfile::tempdir_in(&parent).unwrap(), 5), 0o644);
    let (target, _) = stage.planned(Readers::Owner);
    let away = swap_root(&stage, |root, away| symlink(away, root).unwrap());
    is_left_alone(&stage, &target, "a link in the place of the root");
    assert!(!matches!(stage.plane(&target), ControlPlane::Absent), "nothing was seen of the file");
    let refused = stage.blast(&Stage::target(Readers::Owner)).unwrap_err().to_string();
    assert!(refused.contains("it is a symbolic link") && refused.contains("tenure survey"), "{refused}");
    assert_eq!(mode_at(&away.join(PLACE)), 0o644);
    let read = stage.wait(stage.source.check()).unwrap_err().to_string();
    assert!(read.contains("it is a symbolic link"), "{read}");
}

#[test]
fn the_planned_file_below_another_root_is_not_the_planned_file() {
    let parent = tempfile::tempdir().unwrap();
    let stage = Stage::of(Machine::at(tempfile::tempdir_in(&parent).unwrap(), 5), 0o644);
    let (target, _) = stage.planned(Readers::Owner);
    swap_root(&stage, |root, away| {
        fs::create_dir(root).unwrap();
        for folder in ["srv", "etc"] {
            fs::rename(away.join(folder), root.join(folder)).unwrap();
        }
    });
    is_left_alone(&stage, &target, "the same file below another root");
    assert_eq!(stage.mode(), 0o644);
    let (again, _) = stage.planned(Readers::Owner);
    stage.act(&again, &Act::Tighten).unwrap();
    assert_eq!((stage.mode(), stage.plane(&again)), (0o600, ControlPlane::Disabled), "planned anew");
    assert_ne!(stage.plane(&target), ControlPlane::Disabled, "not by the plan for the root of before");
}

#[test]
fn a_file_without_the_credential_that_was_surveyed_is_not_planned_for() {
    let stage = Stage::with(0o644);
    let refusals = || stage.blast(&Stage::target(Readers::Owner)).unwrap().refusals.join("; ");
    assert_eq!(refusals(), "");
    fs::write(stage.machine.path(PLACE), "# nothing\n").unwrap();
    let said = refusals();
    assert!(said.contains("no credential lies in it now") && said.contains("tenure survey"), "{said}");
}

#[test]
fn wherever_a_reading_of_the_whole_machine_finds_a_credential_one_of_that_file_alone_does() {
    let stage = Stage::at(crate::planted::machine());
    let found = stage.machine.read().found;
    let places: BTreeSet<String> =
        found.iter().filter(|thing| thing.kind.is_secret()).map(|thing| thing.place.to_string()).collect();
    let mut looked_at = 0;
    for place in places {
        let Ok(blast) = stage.blast(&Stage::target_at(&place, Readers::Owner)) else { continue };
        looked_at += 1;
        let said = [blast.refusals, blast.warnings].concat().join("; ");
        assert!(
            !said.contains("no credential lies in it") && !said.contains("could not be seen"),
            "{place}: {said}"
        );
    }
    assert!(looked_at > 40, "{looked_at}");
}

#[test]
fn a_folder_on_the_way_that_is_somebody_elses_is_said_also_above_an_image() {
    if !is_root() {
        eprintln!("SKIPPED: files of several owners (not root)");
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    let stage = Stage::of(Machine::at(tempfile::tempdir_in(&parent).unwrap(), 5), 0o644);
    let said = || stage.blast(&Stage::target(Readers::Owner)).unwrap().warnings.join("; ");
    assert!(!said().contains("on its way is owned by"), "{}", said());
    chown(stage.machine.path("srv"), Some(4002), None).unwrap();
    let further_up = "the folder /srv/ on its way is owned by `mate`, who can put another file in its place";
    assert!(said().contains(further_up) && !said().contains("may have moved it there"), "{}", said());
    chown(stage.machine.path("srv"), Some(0), None).unwrap();
    chown(stage.machine.path("srv/ci"), Some(4002), None).unwrap();
    let moved = "whatever its mode is and may have moved it there from elsewhere";
    assert!(said().contains("the folder /srv/ci/ on its way is owned by `mate`") && said().contains(moved));
    chown(parent.path(), Some(6001), None).unwrap();
    let above = format!(
        "above the root of this source, on this machine: the folder {}/ on its way is owned by `6001`",
        parent.path().canonicalize().unwrap().display()
    );
    assert!(said().contains(&above), "{}", said());
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(said().contains("can be changed by everybody on this machine"), "{}", said());
}

#[test]
fn an_account_with_the_number_of_nobody_does_not_stop_anything() {
    if !is_root() {
        eprintln!("SKIPPED: trying to read as somebody else (not root)");
        return;
    }
    let mut stage = Stage::with(0o644);
    stage.machine.put(
        "etc/passwd",
        0o644,
        "odd:x:4294967295:1::/:/bin/sh\nci:x:4001:4001::/srv/ci:/bin/sh\n",
    );
    stage.machine.put("etc/group", 0o644, "odd:x:4294967295:ci\n");
    let (mut target, change) = stage.planned(Readers::Owner);
    assert_eq!((change.was.tried_as, stage.probe(&target)), (Some(4001), ProbeAnswer::Accepted));
    // A plan of before, and the account in it.
    target.file.as_mut().unwrap().was.as_mut().unwrap().tried_as = Some(u32::MAX);
    assert!(matches!(stage.probe(&target), ProbeAnswer::CannotKnow { .. }));
}

#[test]
fn an_owner_that_changed_since_is_seen_at_the_step_and_afterwards() {
    if !is_root() {
        eprintln!("SKIPPED: files of several owners (not root)");
        return;
    }
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    chown(stage.machine.path(PLACE), Some(4002), None).unwrap();
    is_left_alone(&stage, &target, "before the step");
    assert_eq!(stage.mode(), 0o644);
    chown(stage.machine.path(PLACE), Some(0), None).unwrap();
    stage.act(&target, &Act::Tighten).unwrap();
    chown(stage.machine.path(PLACE), Some(4002), None).unwrap();
    assert_ne!(stage.plane(&target), ControlPlane::Disabled, "its new owner reads it");
    let undone = stage.act(&target, &Act::Loosen).unwrap();
    assert!(!undone.changed && stage.mode() == 0o600, "{undone:?}");
}

/// Lays an access list on a place; false where the file system has none.
fn list(stage: &Stage, place: &str, name: &str, user: u32, mask: u32) -> bool {
    let entries = [
        Entry { whom: Whom::Owner, bits: 6 },
        Entry { whom: Whom::User(user), bits: 6 },
        Entry { whom: Whom::OwningGroup, bits: 0 },
        Entry { whom: Whom::Mask, bits: mask },
        Entry { whom: Whom::Other, bits: 0 },
    ];
    let set = rustix::fs::setxattr(stage.machine.path(place), name, &written(&entries), XattrFlags::empty());
    if set.is_err() {
        eprintln!("SKIPPED: this file system has no access lists");
    }
    set.is_ok()
}

const ACCESS: &str = "system.posix_acl_access";

#[test]
fn a_list_with_other_names_than_planned_is_neither_closed_nor_opened_again() {
    let stage = Stage::with(0o600);
    if !list(&stage, PLACE, ACCESS, 4002, 4) {
        return;
    }
    let (target, _) = stage.planned(Readers::Owner);
    // The same mode, somebody else in the list.
    assert!(list(&stage, PLACE, ACCESS, 4003, 4));
    let answer = stage.act(&target, &Act::Tighten).unwrap_err();
    assert!(answer.to_string().contains("its access list is another"), "{answer}");
    assert!(list(&stage, PLACE, ACCESS, 4002, 4));
    stage.act(&target, &Act::Tighten).unwrap();
    // Who is put in while the mask is closed must not be let in by an undo.
    assert!(list(&stage, PLACE, ACCESS, 4003, 0));
    let undone = stage.act(&target, &Act::Loosen).unwrap();
    assert!(
        !undone.changed
            && format!("{:?}", undone.detail).contains("left as it is: somebody changed its access list"),
        "{undone:?}"
    );
    assert_eq!(stage.mode(), 0o600);
}

#[test]
fn a_file_that_took_its_list_from_its_folder_is_closed_like_any_other() {
    let stage = Stage::with(0o644);
    if !list(&stage, "srv/ci", "system.posix_acl_default", 4002, 6) {
        return;
    }
    fs::remove_file(stage.machine.path(PLACE)).unwrap();
    fs::write(stage.machine.path(PLACE), "TOKEN=Kx7Pq9zUv3Wb01\n").unwrap();
    let (target, change) = stage.planned(Readers::Owner);
    assert!(change.lose.contains(&String::from("mate")), "{change:?}");
    stage.act(&target, &Act::Tighten).unwrap();
    assert_eq!((stage.mode(), stage.plane(&target)), (0o600, ControlPlane::Disabled));
    stage.act(&target, &Act::Loosen).unwrap();
    assert_eq!(stage.plane(&target), ControlPlane::Enabled);
}

#[test]
fn what_others_may_only_change_is_closed_to_them_as_well() {
    let stage = Stage::with(0o622);
    let target = Stage::target(Readers::Owner);
    let blast = stage.blast(&target).unwrap();
    let said = blast.warnings.join("; ");
    assert!(said.contains("can change it now, and will not: "), "{said}");
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!((change.mode_after.as_str(), stage.plane(&target)), ("0600", ControlPlane::Enabled));
    stage.act(&target, &Act::Tighten).unwrap();
    assert_eq!((stage.mode(), stage.plane(&target)), (0o600, ControlPlane::Disabled));
    // The twin: others may change it again, and not read it.
    stage.set_mode(0o602);
    assert_eq!(stage.plane(&target), ControlPlane::Enabled);

    let stage = Stage::with(0o660);
    let (target, change) = stage.planned(Readers::OwnerAndGroup);
    assert_eq!(change.mode_after, "0640", "the group goes on reading, and no longer changes it");
    stage.act(&target, &Act::Tighten).unwrap();
    assert_eq!(stage.plane(&target), ControlPlane::Disabled);
}

#[test]
fn a_folder_that_others_can_change_is_said_unless_its_files_stay_their_owners() {
    let stage = Stage::with(0o644);
    let said = |mode: u32| {
        set(&stage, "srv/ci", mode);
        stage.blast(&Stage::target(Readers::Owner)).unwrap().warnings.join("; ")
    };
    let open = "the folder /srv/ci/ on its way can be changed by everybody on this machine";
    assert!(said(0o777).contains(open), "{}", said(0o777));
    for closed in [0o1777, 0o755] {
        assert!(!said(closed).contains("can be changed by"), "{closed:o}");
    }
    set(&stage, "srv", 0o777);
    let further_up = "the folder /srv/ on its way can be changed by everybody on this machine";
    assert!(said(0o755).contains(further_up) && !said(0o755).contains("/srv/ci/ on"), "{}", said(0o755));
    set(&stage, "srv", 0o755);
}

#[test]
fn the_sticky_bit_stays_and_what_runs_as_its_group_is_refused() {
    let stage = Stage::with(0o1644);
    let (target, change) = stage.planned(Readers::Owner);
    assert_eq!(change.mode_after, "1600");
    stage.act(&target, &Act::Tighten).unwrap();
    stage.act(&target, &Act::Loosen).unwrap();
    assert_eq!(stage.mode(), 0o1644);
    let blast = Stage::with(0o2755);
    let blast = blast.blast(&Stage::target(Readers::Owner)).unwrap();
    assert!(blast.refusals.iter().any(|why| why.contains("setgid")), "{blast:?}");
}

#[test]
fn other_content_in_the_same_file_is_closed_all_the_same() {
    let stage = Stage::with(0o644);
    let (target, _) = stage.planned(Readers::Owner);
    fs::write(stage.machine.path(PLACE), "TOKEN=another\n").unwrap();
    stage.act(&target, &Act::Tighten).unwrap();
    assert_eq!((stage.mode(), stage.plane(&target)), (0o600, ControlPlane::Disabled));
    assert_eq!(fs::read_to_string(stage.machine.path(PLACE)).unwrap(), "TOKEN=another\n");
}

#[test]
fn names_that_try_to_write_on_the_terminal_are_shown_harmlessly() {
    let stage = Stage::with(0o644);
    let evil = "/srv/ci/a\nb\u{1b}[31m\u{202e}c";
    let refused = stage.blast(&Stage::target_at(evil, Readers::Owner)).unwrap_err().to_string();
    assert!(!refused.chars().any(|one| one.is_control() || one == '\u{202e}'), "{refused:?}");
    fs::write(stage.machine.path(evil.trim_start_matches('/')), "TOKEN=Kx7Pq9zUv3Wb01\n").unwrap();
    let mut target = Stage::target(Readers::Owner);
    target.file.as_mut().unwrap().copies = vec![evil.to_owned()];
    let said = format!("{:?}", stage.blast(&target).unwrap().warnings);
    assert!(said.contains("others can also read a copy") && !said.contains('\u{202e}'), "{said}");
    let copies = stage.wait(stage.source.derived(&target));
    assert!(!copies.found[0].name.chars().any(|one| one.is_control() || one == '\u{202e}'), "{copies:?}");
}

#[test]
fn a_file_system_that_is_mounted_read_only_is_refused_when_it_is_planned() {
    let stage = Stage::with(0o644);
    let folder = stage.machine.path("srv/ci/mounted");
    fs::create_dir(&folder).unwrap();
    let mount = |arguments: &[&str]| {
        let ran = std::process::Command::new("mount").args(arguments).arg(&folder).output();
        ran.is_ok_and(|output| output.status.success())
    };
    if !is_root() || !mount(&["-t", "tmpfs", "tenure-test"]) {
        eprintln!("SKIPPED: nothing can be mounted here");
        return;
    }
    fs::write(folder.join(".env"), "TOKEN=Kx7Pq9zUv3Wb01\n").unwrap();
    let is_read_only = mount(&["-o", "remount,ro"]);
    let blast = stage.blast(&Stage::target_at("/srv/ci/mounted/.env", Readers::Owner));
    let unmounted = std::process::Command::new("umount").arg(&folder).status().unwrap();
    assert!(unmounted.success() && is_read_only);
    let said = match blast {
        Ok(blast) => blast.refusals.join("; "),
        Err(why) => why.to_string(),
    };
    assert!(said.contains("read-only") || said.contains("another file system"), "{said}");
}
