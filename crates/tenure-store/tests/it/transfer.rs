//! Copies for backups: from either database into a file, and from a file into PostgreSQL.
//!
//! The whole schema, filled by the fixture, makes the round trip; every row is compared. Must never
//! compare less than every table there is.

use crate::bed::{Bed, assert_whole, block_on, record, settled};
use crate::fixture::{ENTRIES, assert_all_is_there, load};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tenure_store::{StoreFailure, move_to_postgres};

/// Every row of every table, as text.
fn dump(file: &Path) -> BTreeMap<String, Vec<String>> {
    let database = rusqlite::Connection::open(file).unwrap();
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let rows = |table: &String| {
        let mut all = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = all.column_count();
        let mut rows: Vec<String> = all
            .query_map([], |row| {
                (0..width)
                    .map(|place| Ok(format!("{:?}", row.get_ref(place)?)))
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap()
            .map(|row| row.unwrap().join("|"))
            .collect();
        rows.sort();
        (table.clone(), rows)
    };
    tables.iter().map(rows).collect()
}

/// A bed on SQLite that holds what version 1 left behind, brought to the present schema.
fn filled() -> Bed {
    let bed = Bed::sqlite();
    load(1, &bed.database());
    bed.open().close();
    bed
}

#[test]
fn a_database_goes_from_a_file_to_postgres_and_back_without_losing_a_row() {
    tenure_testbed::needs!(postgres);
    let (from, server) = (filled(), Bed::postgres());
    block_on(move_to_postgres(&from.database(), Arc::new(server.postgres_location()))).unwrap();
    let store = server.open();
    let back = server.path.join("copy.sqlite");
    block_on(store.copy_to(&back)).unwrap();
    let (mut before, mut after) = (dump(&from.database()), dump(&back));
    // Opening raises the epoch of the log.
    let heads = (before.remove("log_head").unwrap().len(), after.remove("log_head").unwrap().len());
    assert_eq!(heads, (1, 1));
    assert!(before.values().filter(|rows| !rows.is_empty()).count() > 20, "{before:?}");
    for (table, rows) in &before {
        assert_eq!(Some(rows), after.get(table), "{table}");
    }
    assert_eq!(before.len(), after.len());
    assert_all_is_there(&store);
    record(&store, server.ids.entry()).unwrap();
    assert_eq!(settled(&store), ENTRIES + 1, "a new entry comes after those that were copied");
    assert_whole(&store);
}

on_both! {
    fn a_copy_is_a_deployment_as_it_was_at_one_moment(bed) {
        let store = bed.open();
        record(&store, bed.ids.entry()).unwrap();
        settled(&store);
        let elsewhere = tempfile::tempdir().unwrap();
        block_on(store.copy_to(&elsewhere.path().join("tenure.sqlite"))).unwrap();
        record(&store, bed.ids.entry()).unwrap();
        let copy = Bed::sqlite_in(elsewhere.path());
        let copied = copy.open();
        assert_eq!(settled(&copied), 1);
        assert_whole(&copied);
        copied.close();
    }
}

#[test]
fn a_postgres_that_holds_a_deployment_is_not_written_over() {
    tenure_testbed::needs!(postgres);
    let (from, server) = (filled(), Bed::postgres());
    let store = server.open();
    record(&store, server.ids.entry()).unwrap();
    settled(&store);
    let in_use =
        block_on(move_to_postgres(&from.database(), Arc::new(server.postgres_location()))).unwrap_err();
    assert!(matches!(in_use, StoreFailure::InUse { .. }), "{in_use}");
    store.close();
    let refused =
        block_on(move_to_postgres(&from.database(), Arc::new(server.postgres_location()))).unwrap_err();
    insta::assert_snapshot!(refused, @"that PostgreSQL database holds a deployment already; name an empty one");
    let store = server.open();
    assert_eq!(settled(&store), 1);
    assert_whole(&store);
}
