//! The disk does not keep its word: what was not confirmed is not acknowledged, and nothing goes on.
//!
//! Faults are injected before the commit, the way a failing sync shows up. The real full disk is in
//! `full_disk.rs`.

use crate::bed::{Bed, Switch, assert_whole, block_on, read, record, settled};
use tenure_store::{Store, StoreFailure, StoreOptions};

#[test]
fn a_write_the_disk_did_not_confirm_stops_the_store_and_leaves_nothing() {
    let bed = Bed::sqlite();
    let switch = Switch::default();
    let store = bed.open_with_fault(switch.hook());
    record(&store, bed.ids.entry()).unwrap();
    switch.set(Some("input/output error"));
    let unsure = record(&store, bed.ids.entry()).unwrap_err();
    insta::assert_snapshot!(unsure, @"the disk did not confirm a write (input/output error); Tenure stopped writing. Check the disk, then start again");
    assert!(unsure.is_fatal());
    // The disk is well again, but what it lost is not known: only a new start writes again.
    switch.set(None);
    let stopped = record(&store, bed.ids.entry()).unwrap_err();
    assert!(stopped.is_fatal() && store.stopped_because().is_some(), "{stopped}");
    let emergency = bed.ids.entry();
    let refused = block_on(store.write_emergency("emergency", move |tx| tx.entry(emergency.clone())));
    assert!(refused.is_err_and(|failure| failure.is_fatal()));
    assert_eq!(read(&store, |tx| tx.head()).size, 1, "reading goes on");
    let store = bed.reopen(store);
    assert_eq!(store.stopped_because(), None);
    record(&store, bed.ids.entry()).unwrap();
    assert_eq!(settled(&store), 2);
    assert_whole(&store);
}

#[test]
fn whoever_waits_for_the_head_learns_that_the_store_stopped() {
    let bed = Bed::sqlite();
    let switch = Switch::default();
    let store = bed.open_with_fault(switch.hook());
    switch.set(Some("gone"));
    let mut head = store.head();
    head.mark_unchanged();
    record(&store, bed.ids.entry()).unwrap_err();
    block_on(head.changed()).unwrap();
    assert!(store.stopped_because().is_some());
}

/// An anchor on a disk that fails.
struct Failing(std::io::ErrorKind);

impl tenure_store::Anchor for Failing {
    fn read(&self) -> std::io::Result<Option<String>> {
        Ok(None)
    }
    fn replace(&self, _: &str) -> std::io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn an_anchor_that_cannot_be_written_stops_the_store_unless_the_disk_is_only_full() {
    let bed = Bed::sqlite();
    let open = |kind| {
        let anchor = std::sync::Arc::new(Failing(kind));
        Store::open(StoreOptions { anchor, ..bed.options() }).unwrap().store
    };
    let store = open(std::io::ErrorKind::PermissionDenied);
    let mut head = store.head();
    block_on(head.wait_for(|_| store.stopped_because().is_some())).unwrap();
    assert!(record(&store, bed.ids.entry()).is_err_and(|failure| failure.is_fatal()));
    drop(head);
    store.close();
    let store = open(std::io::ErrorKind::StorageFull);
    record(&store, bed.ids.entry()).unwrap();
    assert_eq!(store.stopped_because(), None);
}

#[test]
fn an_anchor_that_cannot_be_read_refuses_the_start() {
    let bed = Bed::sqlite();
    std::fs::create_dir(bed.anchor().0).unwrap();
    let refused = bed.try_open().err().unwrap();
    assert!(matches!(refused, StoreFailure::File { verb: "read", .. }), "{refused}");
}

on_both! {
    fn a_closed_store_answers_instead_of_hanging(bed) {
        let store = bed.open();
        let other = store.clone();
        store.close();
        record(&other, bed.ids.entry()).unwrap();
        assert_eq!(settled(&other), 1);
    }
}
