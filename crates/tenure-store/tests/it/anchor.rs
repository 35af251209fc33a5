//! A database that was rolled back, forked or exchanged is refused at the start, in exact words.
//!
//! The last checkpoint lives outside the database; these tests change one without the other.

use crate::bed::{Bed, ORIGIN, Signer, read, record, settled};
use crate::log::fill;
use std::sync::Arc;
use tenure_store::{Anchor as _, LogSigner as _, Store, StoreFailure, StoreOptions};

fn refused(bed: &Bed) -> StoreFailure {
    match bed.try_open() {
        Ok(_) => panic!("it was opened"),
        Err(failure) => failure,
    }
}

/// A database with five entries, then eight, and its file as it was with five.
fn rolled_back() -> Bed {
    let bed = Bed::sqlite();
    let store = bed.open();
    fill(&bed, &store, 5, 5);
    store.close();
    let older = std::fs::read(bed.database()).unwrap();
    let store = bed.open();
    fill(&bed, &store, 3, 3);
    store.close();
    std::fs::write(bed.database(), older).unwrap();
    bed
}

#[test]
fn a_rolled_back_database_is_refused() {
    let bed = rolled_back();
    insta::assert_snapshot!(refused(&bed), @"the database was rolled back: its log has 5 entries, but 8 were seen here. Restore with `tenure restore`, which opens a new log that cites the old");
}

#[test]
fn a_database_that_went_another_way_is_refused_even_when_it_is_longer() {
    let bed = rolled_back();
    let seen = bed.anchor().read().unwrap();
    std::fs::remove_file(bed.anchor().0).unwrap();
    let store = bed.open();
    fill(&bed, &store, 9, 9);
    store.close();
    bed.anchor().replace(&seen.unwrap()).unwrap();
    insta::assert_snapshot!(refused(&bed), @"the database holds a different history: its first 8 entries are not those seen here. Restore with `tenure restore`");
}

#[test]
fn another_log_is_refused() {
    let bed = Bed::sqlite();
    let signer = Arc::new(Signer::named("somebody-elses"));
    Store::open(StoreOptions { signer, ..bed.options() }).unwrap().store.close();
    let ours = Bed::sqlite();
    ours.open().close();
    bed.anchor().replace(&ours.anchor().read().unwrap().unwrap()).unwrap();
    insta::assert_snapshot!(refused(&bed), @"the database holds the log `somebody-elses`, but `tenure-test` was seen here");
}

#[test]
fn an_anchor_that_cannot_be_read_is_not_ignored() {
    let bed = Bed::sqlite();
    bed.open().close();
    bed.anchor().replace("scribble").unwrap();
    let failure = refused(&bed);
    assert!(
        failure.to_string().starts_with("the checkpoint kept beside the database cannot be read: "),
        "{failure}"
    );
}

on_both! {
    fn an_exchanged_empty_database_is_refused(bed) {
        let store = bed.open();
        record(&store, bed.ids.entry()).unwrap();
        settled(&store);
        store.close();
        if bed.is_sqlite() {
            std::fs::remove_file(bed.database()).unwrap();
        } else {
            bed.raw("DROP SCHEMA public CASCADE; CREATE SCHEMA public").unwrap();
        }
        let failure = refused(bed);
        assert!(failure.to_string().starts_with("the database was rolled back: its log has 0 entries, but 1 "), "{failure}");
    }
}

on_both! {
    fn the_anchor_is_the_newest_checkpoint_when_the_store_is_closed(bed) {
        let store = bed.open();
        fill(bed, &store, 20, 1);
        settled(&store);
        let note = read(&store, |tx| tx.head()).note;
        store.close();
        assert_eq!(bed.anchor().read().unwrap(), Some(note));
        assert_eq!(Signer::named(ORIGIN).origin(), ORIGIN);
    }
}

on_both! {
    fn a_database_ahead_of_its_anchor_is_what_a_crash_leaves_and_is_opened(bed) {
        let store = bed.open();
        fill(bed, &store, 300, 100);
        settled(&store);
        let behind = store.head().borrow().note.clone();
        fill(bed, &store, 300, 100);
        settled(&store);
        store.close();
        bed.anchor().replace(&behind).unwrap();
        assert_eq!(bed.open().head().borrow().size, 600);
    }
}
