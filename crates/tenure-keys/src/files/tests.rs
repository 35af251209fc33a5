//! Tests of the durable-file layer: permissions, every fault at every step, power cuts.
//!
//! Real directories for what the system decides, injected faults for what it might, and
//! the model in `faults/power_cut.rs` for what `kill -9` cannot show.

use super::{
    FileRefused, FileStep, PRIVATE_BYTES_MAX, check_private_directory, make_private_directory, read_private,
    refuse_what_others_reach, replace_private, temporary_beside, write_new_private,
};
use crate::disk::{Disk, FileFacts, RealDisk};
use crate::faults::{Fault, FaultyDisk, PowerCutDisk, Survives};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

const OLD: &[u8] = b"old content";
const NEW: &[u8] = b"new content, somewhat longer";
const FAULTS: [Fault; 4] = [Fault::Full, Fault::ReadOnly, Fault::SyncFails, Fault::Crash];

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn content(disk: &dyn Disk, path: &Path) -> Option<Vec<u8>> {
    match read_private(disk, path) {
        Ok(found) => Some(found.expose().clone()),
        Err(FileRefused::Missing { .. }) => None,
        Err(refused) => panic!("{refused}"),
    }
}

fn said(refused: &FileRefused, dir: &Path) -> String {
    refused.to_string().replace(&dir.display().to_string(), "DIR")
}

#[test]
fn a_file_is_private_whole_and_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_new_private(&RealDisk, &path, OLD).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(content(&RealDisk, &path).unwrap(), OLD);
    replace_private(&RealDisk, &path, NEW).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(content(&RealDisk, &path).unwrap(), NEW);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "a temporary file stayed behind");
}

#[test]
fn a_new_file_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_new_private(&RealDisk, &path, OLD).unwrap();
    let refused = write_new_private(&RealDisk, &path, NEW).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"`DIR/key` exists already and is not overwritten; move it away first");
    assert_eq!(content(&RealDisk, &path).unwrap(), OLD);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_order_of_calls_is_the_one_that_survives_a_power_cut() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    make_private_directory(&RealDisk, &keys).unwrap();
    let disk = FaultyDisk::over(Arc::new(RealDisk));
    write_new_private(&disk, &keys.join("ring"), OLD).unwrap();
    insta::assert_snapshot!(disk.trace().join("\n"), @r"
    remove .ring.new
    create .ring.new
    write .ring.new
    sync .ring.new
    link ring
    remove .ring.new
    sync directory keys
    ");
    disk.clear_trace();
    replace_private(&disk, &keys.join("ring"), NEW).unwrap();
    insta::assert_snapshot!(disk.trace().join("\n"), @r"
    remove .ring.new
    create .ring.new
    write .ring.new
    sync .ring.new
    rename to ring
    sync directory keys
    ");
}

#[test]
fn what_others_can_read_is_refused_with_the_command_that_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    write_new_private(&RealDisk, &path, OLD).unwrap();
    for mode in [0o604, 0o640, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777] {
        chmod(&path, mode);
        assert!(matches!(read_private(&RealDisk, &path), Err(FileRefused::OpenToOthers { .. })), "{mode:o}");
    }
    chmod(&path, 0o644);
    let refused = read_private(&RealDisk, &path).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"`DIR/key` is open to others than its owner (mode 0644); run `chmod 600 DIR/key`, and replace the keys in it if somebody may have read them");
    for mode in [0o600, 0o400, 0o700] {
        chmod(&path, mode);
        assert!(read_private(&RealDisk, &path).is_ok(), "{mode:o}");
    }
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    let facts = FileFacts { is_file: true, is_directory: false, mode: 0o600, owner: 1001, bytes: 45 };
    assert!(refuse_what_others_reach(Path::new("/k"), facts, 1001, "600").is_ok());
    let refused = refuse_what_others_reach(Path::new("/k"), facts, 0, "600").unwrap_err();
    insta::assert_snapshot!(refused, @"`/k` belongs to user id 1001, and this process runs as 0; run `chown 0 /k`");
}

#[test]
fn what_is_no_regular_file_of_that_size_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = read_private(&RealDisk, dir.path()).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"`DIR` is not a regular file");
    let refused = read_private(&RealDisk, &dir.path().join("a\nb")).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @r"`DIR/a\nb` does not exist");
    let path = dir.path().join("large");
    write_new_private(&RealDisk, &path, &vec![1; PRIVATE_BYTES_MAX + 1]).unwrap();
    let refused = read_private(&RealDisk, &path).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"`DIR/large` is larger than 65536 bytes, so it is not a file of this kind");
    replace_private(&RealDisk, &path, &vec![1; PRIVATE_BYTES_MAX]).unwrap();
    assert_eq!(content(&RealDisk, &path).unwrap().len(), PRIVATE_BYTES_MAX);
    let refused = write_new_private(&RealDisk, &dir.path().join("nowhere/key"), OLD).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"`DIR/nowhere` does not exist");
}

#[test]
fn reading_a_pipe_does_not_wait_for_a_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert!(matches!(read_private(&RealDisk, &path), Err(FileRefused::NotAFile { .. })));
}

#[test]
fn a_private_directory_is_made_once_and_checked_ever_after() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("escrow");
    make_private_directory(&RealDisk, &path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
    make_private_directory(&RealDisk, &path).unwrap();
    chmod(&path, 0o750);
    let refused = make_private_directory(&RealDisk, &path).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"`DIR/escrow` is open to others than its owner (mode 0750); run `chmod 700 DIR/escrow`, and replace the keys in it if somebody may have read them");
    let file = dir.path().join("file");
    write_new_private(&RealDisk, &file, OLD).unwrap();
    assert!(matches!(check_private_directory(&RealDisk, &file), Err(FileRefused::NotADirectory { .. })));
}

#[test]
fn each_fault_says_what_happened_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let mut lines = Vec::new();
    for (fault, after) in [
        (Fault::Full, 1),
        (Fault::Full, 2),
        (Fault::ReadOnly, 1),
        (Fault::SyncFails, 0),
        (Fault::SyncFails, 4),
        (Fault::Crash, 2),
    ] {
        let disk = FaultyDisk::over(Arc::new(RealDisk));
        disk.fail_after(after, fault);
        lines.push(said(&replace_private(&disk, &path, NEW).unwrap_err(), dir.path()));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    `DIR/key` could not be created: the disk or quota is full; make room and try again
    `DIR/key` could not be written: the disk or quota is full; make room and try again
    `DIR/key` could not be created: the file system is read-only; remount it for writing
    `DIR/key` could not be made durable: fsync failed, so the disk may be losing writes; stop, check the disk, and start again
    `DIR/key` could not be made durable in its directory: fsync failed, so the disk may be losing writes; stop, check the disk, and start again
    `DIR/key` could not be written
    ");
}

#[test]
fn any_fault_at_any_step_leaves_the_old_file_or_the_new_one_whole() {
    for fault in FAULTS {
        let mut refused_at = 0;
        for step in 0..6 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("key");
            write_new_private(&RealDisk, &path, OLD).unwrap();
            let disk = FaultyDisk::over(Arc::new(RealDisk));
            disk.fail_after(step, fault);
            let outcome = replace_private(&disk, &path, NEW);
            let now = content(&RealDisk, &path).unwrap();
            match &outcome {
                Ok(()) => assert_eq!(now, NEW, "{fault:?} at {step}: said done and was not"),
                Err(refused) if refused.outcome_is_unknown() => assert_eq!(now, NEW, "{fault:?} at {step}"),
                Err(_) => assert_eq!(now, OLD, "{fault:?} at {step}: failed and yet changed the file"),
            }
            refused_at += usize::from(outcome.is_err());
            disk.heal();
            replace_private(&disk, &path, NEW).unwrap();
            assert_eq!(content(&RealDisk, &path).unwrap(), NEW);
            assert_eq!(
                std::fs::read_dir(dir.path()).unwrap().count(),
                1,
                "{fault:?} at {step}: left a file behind"
            );
        }
        assert!(refused_at >= 3, "{fault:?} was hardly injected");
    }
}

#[test]
fn any_fault_at_any_step_of_a_new_file_leaves_no_half_file() {
    for fault in FAULTS {
        for step in 0..7 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("key");
            let disk = FaultyDisk::over(Arc::new(RealDisk));
            disk.fail_after(step, fault);
            let outcome = write_new_private(&disk, &path, NEW);
            let now = content(&RealDisk, &path);
            assert!(now.is_none() || now.as_deref() == Some(NEW), "{fault:?} at {step}: half a file");
            assert!(outcome.is_err() || now.is_some(), "{fault:?} at {step}: said done and was not");
        }
    }
}

#[test]
fn a_short_write_is_carried_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let disk = FaultyDisk::over(Arc::new(RealDisk));
    disk.fail_after(0, Fault::ShortWrite);
    write_new_private(&disk, &path, NEW).unwrap();
    assert_eq!(content(&RealDisk, &path).unwrap(), NEW);
    assert_eq!(disk.trace().iter().filter(|call| call.starts_with("write")).count(), NEW.len());
}

#[test]
fn a_power_cut_at_any_step_leaves_the_old_file_or_the_new_one_whole() {
    let path = Path::new("/keys/ring");
    for survives in [Survives::Nothing, Survives::Names] {
        for step in 0..=6 {
            let power = PowerCutDisk::default();
            write_new_private(&power, path, OLD).unwrap();
            let disk = FaultyDisk::over(Arc::new(power.clone()));
            disk.fail_after(step, Fault::Crash);
            let outcome = replace_private(&disk, path, NEW);
            power.cut(survives);
            let now = content(&power, path).unwrap();
            assert!(now == OLD || now == NEW, "cut after {step}, {survives:?}: a torn file");
            assert!(
                outcome.is_err() || now == NEW,
                "cut after {step}, {survives:?}: a durable file was lost"
            );
        }
    }
}

#[test]
fn a_new_file_that_was_reported_durable_survives_a_power_cut() {
    let path = Path::new("/keys/ring");
    for survives in [Survives::Nothing, Survives::Names] {
        for step in 0..=7 {
            let power = PowerCutDisk::default();
            let disk = FaultyDisk::over(Arc::new(power.clone()));
            disk.fail_after(step, Fault::Crash);
            let outcome = write_new_private(&disk, path, NEW);
            power.cut(survives);
            let now = content(&power, path);
            assert!(
                now.is_none() || now.as_deref() == Some(NEW),
                "cut after {step}, {survives:?}: half a file"
            );
            assert!(
                outcome.is_err() || now.is_some(),
                "cut after {step}, {survives:?}: a durable file was lost"
            );
        }
    }
}

#[test]
fn the_power_cut_disk_does_lose_what_was_not_synced() {
    let power = PowerCutDisk::default();
    let path = Path::new("/keys/ring");
    let mut file = power.create_new(path).unwrap();
    file.write(NEW).unwrap();
    power.cut(Survives::Names);
    assert_eq!(content(&power, path).unwrap(), b"");
    file.write(NEW).unwrap();
    file.sync().unwrap();
    let other = Path::new("/keys/other");
    power.rename(path, other).unwrap();
    power.cut(Survives::Nothing);
    assert_eq!(content(&power, other), None, "a rename survived without an fsync of its directory");
}

#[test]
fn the_temporary_name_stays_in_the_directory() {
    assert_eq!(temporary_beside(Path::new("/a/b")), Path::new("/a/.b.new"));
    assert_eq!(temporary_beside(Path::new("b")), Path::new("./.b.new"));
    assert_eq!(FileStep::Sync.to_string(), "made durable");
}
