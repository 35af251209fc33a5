//! Whoever changes rows behind Tenure's back is caught: at the start, or by checking the whole log.
//!
//! Each line of the tables is one thing an intruder with access to the database may do.

use crate::bed::{Bed, settled, verdict};
use crate::log::fill;
use std::fmt::Write as _;
use tenure_store::StoreFailure;

const SIZE: usize = 300;

fn filled(bed: &Bed) {
    let store = bed.open();
    fill(bed, &store, SIZE, 100);
    assert_eq!(settled(&store), SIZE as u64);
    store.close();
}

fn bytes(bed: &Bed, hex: &str) -> String {
    if bed.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'") }
}

/// What the whole check says after each change; every change is taken back before the next.
fn check(bed: &Bed, changes: &[(&str, String)]) -> String {
    filled(bed);
    for table in ["entries", "tiles"] {
        bed.raw(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).unwrap();
    }
    let mut said = String::new();
    for (change, sql) in changes {
        bed.raw(sql).unwrap();
        let store = bed.open();
        let verdict = verdict(&store);
        store.close();
        let first = verdict.faults.first().map_or_else(|| String::from("NOTHING"), ToString::to_string);
        let more = verdict.faults.len().saturating_sub(1);
        let _ = writeln!(said, "{change}: {}{}", in_short(&first), if more > 0 { " (and more)" } else { "" });
        let columns = if bed.is_sqlite() { "" } else { "OVERRIDING SYSTEM VALUE " };
        for table in ["entries", "tiles"] {
            let identity = if table == "entries" { columns } else { "" };
            bed.raw(&format!(
                "DELETE FROM {table}; INSERT INTO {table} {identity}SELECT * FROM kept_{table}"
            ))
            .unwrap();
        }
    }
    said
}

/// Without the long ids: the words are what matters.
fn in_short(fault: &str) -> String {
    fault.split(", `").next().unwrap_or(fault).to_owned()
}

on_both! {
    fn changed_rows_and_tiles_are_named_by_the_whole_check(bed) {
        let changes = [
            ("a flipped byte", format!("UPDATE entries SET bytes = {} WHERE leaf_index = 7", bytes(bed, "7b7d"))),
            ("another entry in its place", String::from(
                "UPDATE entries SET bytes = (SELECT bytes FROM entries WHERE leaf_index = 9) WHERE leaf_index = 8")),
            ("a removed entry", String::from(
                "DELETE FROM entries WHERE leaf_index = 299")),
            ("two exchanged", String::from(
                "UPDATE entries SET leaf_index = -1 WHERE leaf_index = 3; UPDATE entries SET leaf_index = 3 WHERE leaf_index = 4; \
                 UPDATE entries SET leaf_index = 4 WHERE leaf_index = -1")),
            ("a full tile", format!("UPDATE tiles SET hashes = {} WHERE level = 0 AND tile_index = 0",
                bytes(bed, &"00".repeat(256 * 32)))),
        ];
        insta::allow_duplicates! {
            insta::assert_snapshot!(super::check(bed, &changes), @r"
            a flipped byte: entry 7 was altered: its bytes are no longer an entry
            another entry in its place: entry 9 was moved: it stands at 8
            a removed entry: the tail was cut: 299 entries are there, the checkpoint signs 300
            two exchanged: entry 4 was moved: it stands at 3 (and more)
            a full tile: tile `tile/0/000` was changed
            ");
        }
    }
}

on_both! {
    fn a_head_that_its_tiles_or_its_checkpoint_do_not_bear_out_is_refused_at_the_start(bed) {
        filled(bed);
        let root = bytes(bed, &"11".repeat(32));
        let changes = [
            ("UPDATE log_head SET size = 299".to_owned(), "UPDATE log_head SET size = 300".to_owned()),
            (format!("UPDATE log_head SET root = {root}"), String::new()),
        ];
        let mut said = String::new();
        for (change, back) in changes {
            bed.raw(&change).unwrap();
            let failure = bed.try_open().err().unwrap();
            assert!(matches!(failure, StoreFailure::LogDamaged { .. } | StoreFailure::Anchor(_)), "{failure}");
            let _ = writeln!(said, "{failure}");
            if !back.is_empty() {
                bed.raw(&back).unwrap();
            }
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r"
            the database was rolled back: its log has 299 entries, but 300 were seen here. Restore with `tenure restore`, which opens a new log that cites the old
            the evidence log is damaged: the head is not what its checkpoint says
            ");
        }
    }
}

on_both! {
    fn a_changed_right_edge_is_refused_at_the_start(bed) {
        filled(bed);
        bed.raw(&format!("UPDATE tiles SET hashes = {} WHERE level = 0 AND tile_index = 1",
            bytes(bed, &"22".repeat(44 * 32)))).unwrap();
        std::fs::remove_file(bed.anchor().0).unwrap();
        let failure = bed.try_open().err().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(failure, @"the evidence log is damaged: the tiles do not bear out the head");
        }
    }
}

on_both! {
    fn a_log_without_its_head_is_damage_and_never_a_new_log(bed) {
        filled(bed);
        bed.raw("DELETE FROM log_head").unwrap();
        std::fs::remove_file(bed.anchor().0).unwrap();
        let failure = bed.try_open().err().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(failure, @"the evidence log is damaged: there is no head");
        }
    }
}
