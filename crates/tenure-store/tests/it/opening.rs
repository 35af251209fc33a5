//! Opening: who may, what of which version, and what a crash in the middle of the first start leaves.
//!
//! The fixtures are databases as released versions left them; each must open in every later version.

use crate::bed::{Bed, Ids, assert_whole, record, settled};
use std::sync::Arc;
use tenure_store::{DatabaseLocation, PostgresLocation, SCHEMA_VERSION, Store, StoreFailure, StoreOptions};

fn failure(bed: &Bed) -> StoreFailure {
    bed.try_open().err().expect("it must be refused")
}

#[test]
fn a_second_process_on_one_data_directory_is_refused_with_the_pid_of_the_first() {
    let bed = Bed::sqlite();
    let store = bed.open();
    let refused = failure(&bed);
    assert_eq!(
        refused.to_string(),
        format!(
            "another Tenure (pid {}) uses this data directory; talk to it, or stop it first",
            std::process::id()
        )
    );
    let other = store.clone();
    drop(store);
    assert!(matches!(failure(&bed), StoreFailure::InUse { .. }), "a clone still uses it");
    other.close();
    bed.open().close();
}

#[test]
fn a_second_node_on_one_database_is_refused() {
    tenure_testbed::needs!(postgres);
    let bed = Bed::postgres();
    let store = bed.open();
    let elsewhere = tempfile::tempdir().unwrap();
    let options = StoreOptions { directory: elsewhere.path().to_owned(), ..bed.options() };
    let refused = Store::open(options).err().unwrap();
    assert!(matches!(refused, StoreFailure::InUse { pid: 0 }), "{refused}");
    store.close();
    bed.open().close();
}

on_both! {
    fn a_newer_schema_is_refused_and_left_alone(bed) {
        bed.open().close();
        let newer = SCHEMA_VERSION + 1;
        bed.raw(&if bed.is_sqlite() {
            format!("PRAGMA user_version = {newer}")
        } else {
            format!("UPDATE schema_version SET version = {newer}")
        }).unwrap();
        let refused = failure(bed);
        assert!(matches!(refused, StoreFailure::NewerSchema { found, known } if (found, known) == (newer, SCHEMA_VERSION)), "{refused}");
    }
}

on_both! {
    fn a_first_start_that_was_cut_off_before_the_log_was_made_goes_on(bed) {
        bed.open().close();
        std::fs::remove_file(bed.anchor().0).unwrap();
        bed.raw("DELETE FROM log_head").unwrap();
        let opened = bed.try_open().unwrap();
        assert!(opened.created);
        record(&opened.store, bed.ids.entry()).unwrap();
        assert_eq!(settled(&opened.store), 1);
        assert_whole(&opened.store);
    }
}

on_both! {
    fn only_the_first_opening_creates(bed) {
        let opened = bed.try_open().unwrap();
        assert!(opened.created && opened.backup.is_none());
        opened.store.close();
        let opened = bed.try_open().unwrap();
        assert!(!opened.created && opened.backup.is_none());
    }
}

#[test]
fn a_directory_that_is_not_there_is_said_to_be() {
    let bed = Bed::sqlite();
    let options = StoreOptions { directory: bed.path.join("nowhere"), ..bed.options() };
    let refused = Store::open(options).err().unwrap();
    assert!(matches!(refused, StoreFailure::File { verb: "written", .. }), "{refused}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let bed = Bed::sqlite();
    std::fs::write(bed.database(), vec![0x5a_u8; 10_000]).unwrap();
    insta::assert_snapshot!(failure(&bed), @"the database refused `open`: file is not a database");
}

#[test]
fn a_server_that_is_not_there_cannot_be_reached() {
    let bed = Bed::sqlite();
    let parameters = String::from("host=127.0.0.1 port=1 user=nobody dbname=nothing");
    let location = PostgresLocation { parameters, password: None, ca_file: None };
    let location = DatabaseLocation::Postgres(Arc::new(location));
    let refused = Store::open(StoreOptions { location, ..bed.options() }).err().unwrap();
    assert!(matches!(refused, StoreFailure::Unreachable { .. }), "{refused}");
}

#[test]
fn a_database_of_each_version_opens_with_all_it_holds() {
    for version in 1..=SCHEMA_VERSION {
        let bed = Bed::sqlite();
        crate::fixture::load(version, &bed.database());
        let store = bed.open();
        crate::fixture::assert_all_is_there(&store);
        crate::fixture::assert_contents_are_of(version, &store);
        assert_whole(&store);
        record(&store, Ids::from(7_000_000).entry()).unwrap();
        assert_eq!(settled(&store), crate::fixture::ENTRIES + 1);
        assert_whole(&store);
    }
}
