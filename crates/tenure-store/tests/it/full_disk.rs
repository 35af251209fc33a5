//! A disk that is really full: a small file system of its own, made by root; skipped, loudly, for others.
//!
//! What must hold: ordinary writes fail closed, an emergency still works from the reserve, ordinary
//! writes do not eat what is left, a start on the full disk works for an emergency, and everything
//! goes on once there is space again.

use crate::bed::{Bed, assert_whole, block_on, read, record, settled};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tenure_store::{Store, StoreFailure};
use tenure_testbed::{Availability, ready_to_run};

/// A mounted file system in memory; unmounted when dropped.
struct SmallDisk {
    directory: tempfile::TempDir,
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    Command::new("mount").args(arguments).arg(at).output().is_ok_and(|output| output.status.success())
}

impl SmallDisk {
    /// `None`, and a line that says so, where mounting is not allowed.
    fn of(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], directory.path());
        let availability = if mounted {
            Availability::Present
        } else {
            Availability::Missing(String::from("needs root to mount a small file system"))
        };
        ready_to_run("full disk", &availability).then_some(Self { directory })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Fills every byte that is left; returns the file that does.
    fn fill(&self) -> PathBuf {
        use std::io::Write as _;
        let filler = self.path().join("filler");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&filler).unwrap();
        while file.write_all(&[0_u8; 4096]).is_ok() {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

fn emergency(bed: &Bed, store: &Store) -> Result<(), StoreFailure> {
    let entry = bed.ids.entry();
    block_on(store.write_emergency("emergency", move |tx| tx.entry(entry.clone())))
}

/// Writes until the disk says no; the log of the database itself has some room left before that.
fn write_until_full(bed: &Bed, store: &Store) -> u64 {
    for written in 0..100_000 {
        match record(store, bed.ids.entry()) {
            Ok(_) => {}
            Err(StoreFailure::DiskFull) => return written,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the disk never filled");
}

#[test]
fn on_a_full_disk_ordinary_writes_fail_closed_and_emergencies_work_from_the_reserve() {
    let Some(disk) = SmallDisk::of("24m") else { return };
    let bed = Bed::sqlite_in(disk.path());
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    let filler = disk.fill();
    let before = 1 + write_until_full(&bed, &store);
    let refused = record(&store, bed.ids.entry()).unwrap_err();
    insta::assert_snapshot!(refused, @"the disk is full; nothing was written. Free some space, then try again");
    assert!(!store.reserve_was_used());
    for number in 1..=100 {
        emergency(&bed, &store).unwrap();
        assert!(store.reserve_was_used());
        // There is space now, but it is not for this.
        assert!(matches!(record(&store, bed.ids.entry()), Err(StoreFailure::DiskFull)));
        assert_eq!(store.head().borrow().size, before + number);
    }
    assert_eq!(store.stopped_because(), None);
    let note = store.head().borrow().note.clone();
    store.close();
    assert_eq!(std::fs::read_to_string(bed.anchor().0).unwrap(), note, "the anchor grew with it");

    // A start on the full disk, with the reserve spent.
    let store = bed.open();
    assert_eq!(settled(&store), before + 100);
    emergency(&bed, &store).unwrap();
    assert!(matches!(record(&store, bed.ids.entry()), Err(StoreFailure::DiskFull)));
    std::fs::remove_file(filler).unwrap();
    record(&store, bed.ids.entry()).unwrap();
    assert_eq!(std::fs::metadata(disk.path().join("reserve")).unwrap().len(), 4 * 1024 * 1024);
    assert_eq!(settled(&store), before + 102);
    assert_whole(&store);
    store.close();
}

#[test]
fn a_start_on_a_full_disk_may_use_the_reserve() {
    let Some(disk) = SmallDisk::of("24m") else { return };
    let bed = Bed::sqlite_in(disk.path());
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    store.close();
    disk.fill();
    let store = bed.open();
    assert!(store.reserve_was_used());
    assert!(matches!(record(&store, bed.ids.entry()), Err(StoreFailure::DiskFull)));
    emergency(&bed, &store).unwrap();
    assert_eq!(settled(&store), 2);
    assert_whole(&store);
    store.close();
}

#[test]
fn an_emergency_among_ordinary_writes_of_one_batch_goes_through_alone() {
    let Some(disk) = SmallDisk::of("24m") else { return };
    let bed = Bed::sqlite_in(disk.path());
    let store = bed.open();
    disk.fill();
    write_until_full(&bed, &store);
    let before = store.head().borrow().size;
    let outcomes = block_on(async {
        let urgent = bed.ids.entry();
        let ordinary = [bed.ids.entry(), bed.ids.entry()].map(|entry| {
            let store = store.clone();
            async move { store.write("ordinary", move |tx| tx.entry(entry.clone())).await }
        });
        let [first, second] = ordinary;
        let urgent = store.write_emergency("urgent", move |tx| tx.entry(urgent.clone()));
        tokio::join!(first, urgent, second)
    });
    assert!(
        matches!(outcomes, (Err(StoreFailure::DiskFull), Ok(()), Err(StoreFailure::DiskFull))),
        "{outcomes:?}"
    );
    assert_eq!(settled(&store), before + 1);
    store.close();
}

#[test]
fn a_disk_too_small_for_the_reserve_is_not_filled_by_it() {
    let Some(disk) = SmallDisk::of("6m") else { return };
    let bed = Bed::sqlite_in(disk.path());
    let store = bed.open();
    assert!(matches!(record(&store, bed.ids.entry()), Err(StoreFailure::DiskFull)));
    emergency(&bed, &store).unwrap();
    assert!(std::fs::metadata(disk.path().join("reserve")).map_or(0, |file| file.len()) == 0);
    store.close();
}

#[test]
fn a_read_only_database_is_said_to_be() {
    let Some(disk) = SmallDisk::of("24m") else { return };
    let bed = Bed::sqlite_in(disk.path());
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    store.close();
    // A database file that may not be written, in a directory that may.
    let database = bed.database();
    assert!(mount(&["--bind", database.to_str().unwrap()], &database));
    assert!(mount(&["-o", "remount,bind,ro"], &database));
    let refused = bed.try_open().err();
    let unmounted = Command::new("umount").arg(&database).status().unwrap();
    assert!(unmounted.success());
    insta::assert_snapshot!(refused.unwrap(), @"the database is read-only; nothing was written. Check the permissions of the data directory");
    let store = bed.open();
    assert_eq!(read(&store, |tx| tx.head()).size, 1);
    store.close();
}
