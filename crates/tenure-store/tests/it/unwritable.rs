//! The last resort: reading a database where nothing can be written. Full and read-only disks are in
//! `crates/tenure/tests/it/by_hand.rs`; here is what holds on any disk.

use crate::bed::{Bed, record, settled};
use std::collections::BTreeMap;
use tenure_store::{StoreFailure, read_unwritable};

/// Every file beside the database, with its size and when it was changed.
fn beside(bed: &Bed) -> BTreeMap<String, (u64, std::time::SystemTime)> {
    let inside = std::fs::read_dir(bed.database().parent().unwrap()).unwrap().flatten();
    inside
        .map(|file| {
            let facts = file.metadata().unwrap();
            (file.file_name().into_string().unwrap(), (facts.len(), facts.modified().unwrap()))
        })
        .collect()
}

#[test]
fn a_database_is_read_without_a_trace_and_never_while_somebody_uses_it() {
    let bed = Bed::sqlite();
    let store = bed.open();
    record(&store, bed.ids.entry()).unwrap();
    settled(&store);
    let in_use = read_unwritable(&bed.database(), |tx| tx.head()).unwrap_err();
    assert!(matches!(in_use, StoreFailure::InUse { pid } if pid == std::process::id()), "{in_use}");
    store.close();
    let before = beside(&bed);
    assert_eq!(read_unwritable(&bed.database(), |tx| tx.head()).unwrap().size, 1);
    assert_eq!(beside(&bed), before);
    let refused = read_unwritable(&bed.database(), |tx| tx.entry(bed.ids.entry())).unwrap_err();
    assert!(matches!(refused, StoreFailure::ReadOnly), "{refused}");
    bed.open().close();
}

/// What a crash left in the write-ahead log belongs to the database.
#[test]
fn what_only_the_write_ahead_log_holds_is_read_too() {
    let bed = Bed::sqlite();
    bed.open().close();
    let writer = rusqlite::Connection::open(bed.database()).unwrap();
    writer.execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE log_head SET origin = 'changed'").unwrap();
    assert_eq!(read_unwritable(&bed.database(), |tx| tx.log_origin()).unwrap(), "changed");
    drop(writer);
}
