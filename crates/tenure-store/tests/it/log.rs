//! Entries become leaves exactly once, and what the log says can be proved.
//!
//! The tree is compared with one grown here from nothing. Next: `anchor.rs`, `tampering.rs`.

use crate::bed::{Bed, Ids, assert_whole, block_on, read, record, settled, verdict, write};
use tenure_evidence::{
    Frontier, Hash, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion,
};
use tenure_model::EntryId;
use tenure_store::{LogReader, Store, StoreFailure, TILE_WIDTH};

/// Level, index, hashes.
type Tile = (u8, u64, Vec<Hash>);

/// Writes `count` entries, `per_write` in each transaction; returns their ids.
pub(crate) fn fill(bed: &Bed, store: &Store, count: usize, per_write: usize) -> Vec<EntryId> {
    let entries: Vec<_> = (0..count).map(|_| bed.ids.entry()).collect();
    let ids = entries.iter().map(|entry| entry.entry.id.parse().unwrap()).collect();
    for some in entries.chunks(per_write) {
        let some = some.to_vec();
        write(store, move |tx| some.iter().try_for_each(|entry| tx.entry(entry.clone()))).unwrap();
    }
    ids
}

/// Every tile in the database, and every tile of a tree grown from its leaves.
fn tiles_held_and_grown(store: &Store) -> (Vec<Tile>, Vec<Tile>) {
    let (leaves, size) = read(store, |tx| Ok((tx.leaves(0, 1 << 20)?, tx.head()?.size)));
    let mut grown = Vec::new();
    let mut tree = Frontier::empty();
    for (position, (index, bytes)) in (0_u64..).zip(&leaves) {
        assert_eq!(*index, position, "no leaf is missing and none is there twice");
        let mut sink = |level: u8, index: u64, hashes: &[Hash]| grown.push((level, index, hashes.to_vec()));
        tree.append(leaf_hash(bytes), &mut sink);
    }
    assert_eq!(tree.size(), size);
    grown.extend(tree.partial_tiles().into_iter().map(|(tile, hashes)| (tile.level, tile.index, hashes)));
    grown.sort();
    let wanted: Vec<(u8, u64, u16)> = grown
        .iter()
        .map(|(level, index, hashes)| (*level, *index, u16::try_from(hashes.len()).unwrap()))
        .collect();
    let held = read(store, move |tx| {
        let reader = LogReader::new(tx);
        wanted
            .iter()
            .map(|(level, index, width)| {
                tenure_evidence::TileSource::tile(&reader, *level, *index, *width)
                    .map(|tile| (*level, *index, tile))
            })
            .collect()
    });
    (held, grown)
}

on_both! {
    fn every_entry_becomes_exactly_one_leaf(bed) {
        let store = bed.open();
        let ids = fill(bed, &store, 40, 3);
        assert_eq!(settled(&store), 40);
        let mut places: Vec<u64> =
            read(&store, move |tx| ids.iter().map(|id| tx.leaf_of(*id).map(Option::unwrap)).collect());
        places.sort_unstable();
        assert_eq!(places, (0..40).collect::<Vec<u64>>());
        assert_whole(&store);
    }
}

on_both! {
    fn the_tiles_are_those_of_a_tree_grown_from_nothing(bed) {
        let store = bed.open();
        // Past two full tiles, so that level 1 begins; in batches that end inside, at and after an edge.
        for count in [1, 254, 1, 1, 255, 90] {
            fill(bed, &store, count, 100);
        }
        assert_eq!(settled(&store), 602);
        let (held, grown) = tiles_held_and_grown(&store);
        assert_eq!(held, grown);
        assert!(grown.iter().any(|(level, _, hashes)| *level == 1 && hashes.len() == 2));
        assert_eq!(usize::from(TILE_WIDTH), 256);
    }
}

on_both! {
    fn proofs_read_through_the_store_verify(bed) {
        let store = bed.open();
        fill(bed, &store, 300, 300);
        settled(&store);
        let old = read(&store, |tx| tx.head());
        fill(bed, &store, 57, 10);
        settled(&store);
        let new = read(&store, |tx| tx.head());
        let (size, indexes) = (new.size, [0, 1, 255, 256, 299, 356]);
        let (leaves, proofs, consistency) = read(&store, move |tx| {
            let leaves = tx.leaves(0, size)?;
            let reader = LogReader::new(tx);
            let proofs: Vec<Vec<Hash>> =
                indexes.iter().map(|index| inclusion_proof(size, *index, &reader).unwrap()).collect();
            Ok((leaves, proofs, consistency_proof(300, size, &reader).unwrap()))
        });
        for (index, proof) in indexes.into_iter().zip(&proofs) {
            let leaf = leaf_hash(&leaves[usize::try_from(index).unwrap()].1);
            assert_eq!(verify_inclusion(index, size, &leaf, &new.root, proof), Ok(()));
        }
        assert_eq!(verify_consistency(old.size, &old.root, size, &new.root, &consistency), Ok(()));
    }
}

on_both! {
    fn a_transaction_that_fails_leaves_no_entry_and_no_gap(bed) {
        let store = bed.open();
        fill(bed, &store, 5, 1);
        let lost = bed.ids.entry();
        let id: EntryId = lost.entry.id.parse().unwrap();
        let refused = write(&store, move |tx| {
            tx.entry(lost.clone())?;
            Err::<(), _>(StoreFailure::Conflict { why: String::from("changed my mind") })
        });
        assert!(matches!(refused, Err(StoreFailure::Conflict { .. })));
        fill(bed, &store, 5, 5);
        assert_eq!(settled(&store), 10);
        assert!(matches!(
            block_on(store.read("look", move |tx| tx.leaf_of(id))),
            Err(StoreFailure::Missing { noun: "entry", .. })
        ));
        assert_whole(&store);
    }
}

on_both! {
    fn many_writers_at_once_some_of_which_fail_make_one_whole_log(bed) {
        let store = bed.open();
        let ids = Ids::from(1_000_000);
        let kept = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap().block_on(async {
            let mut tasks = Vec::new();
            for task in 0..48_u32 {
                let (store, first, second) = (store.clone(), ids.entry(), ids.entry());
                tasks.push(tokio::spawn(async move {
                    store.write("task", move |tx| {
                        tx.entry(first.clone())?;
                        if task % 3 == 0 {
                            return Err(StoreFailure::Conflict { why: String::from("no") });
                        }
                        tx.entry(second.clone())
                    }).await.is_ok()
                }));
            }
            let mut kept = 0;
            for task in tasks {
                kept += u64::from(task.await.unwrap());
            }
            kept
        });
        assert_eq!(kept, 32);
        assert_eq!(settled(&store), 64);
        assert_whole(&store);
    }
}

on_both! {
    fn an_entry_id_is_taken_once_and_a_second_use_harms_nobody_else(bed) {
        let store = bed.open();
        let entry = bed.ids.entry();
        record(&store, entry.clone()).unwrap();
        let mut other = bed.ids.entry();
        other.entry.id = entry.entry.id;
        let refused = record(&store, other).unwrap_err();
        assert!(matches!(refused, StoreFailure::Refused { .. }), "{refused}");
        record(&store, bed.ids.entry()).unwrap();
        assert_eq!(settled(&store), 2);
        assert_whole(&store);
    }
}

on_both! {
    fn a_body_must_be_the_one_the_entry_commits_to(bed) {
        let store = bed.open();
        let mut entry = bed.ids.entry();
        entry.body = entry.body.map(|(nonce, _)| (nonce, b"{}".to_vec()));
        let refused = record(&store, entry).unwrap_err();
        assert!(refused.to_string().contains("is not the body that entry"), "{refused}");
        assert_eq!(settled(&store), 0);
    }
}

on_both! {
    fn an_entry_in_a_read_is_refused_instead_of_lost(bed) {
        let store = bed.open();
        let entry = bed.ids.entry();
        let refused = block_on(store.read("read", move |tx| tx.entry(entry.clone()))).unwrap_err();
        assert!(matches!(refused, StoreFailure::ReadOnly), "{refused}");
        assert_eq!(settled(&store), 0);
    }
}

on_both! {
    fn a_failure_that_a_body_swallows_still_fails_its_transaction(bed) {
        let store = bed.open();
        let (first, again) = (bed.ids.entry(), bed.ids.entry());
        let refused = write(&store, move |tx| {
            tx.entry(first.clone())?;
            let _ = tx.entry(first.clone());
            Ok(())
        });
        assert!(matches!(refused, Err(StoreFailure::Refused { .. })), "{refused:?}");
        record(&store, again).unwrap();
        assert_eq!(settled(&store), 1);
        assert_whole(&store);
    }
}

on_both! {
    fn a_reopened_store_continues_the_same_tree(bed) {
        let store = bed.open();
        fill(bed, &store, 257, 50);
        settled(&store);
        let before = read(&store, |tx| tx.head());
        let store = bed.reopen(store);
        assert_eq!(*store.head().borrow(), before);
        fill(bed, &store, 3, 1);
        assert_eq!(settled(&store), 260);
        let store = bed.reopen(store);
        assert_eq!(store.head().borrow().size, 260);
        assert_whole(&store);
    }
}

on_both! {
    fn entries_a_crash_left_without_a_leaf_get_one_at_the_next_start(bed) {
        let store = bed.open();
        fill(bed, &store, 3, 3);
        settled(&store);
        store.close();
        // Entries that were durable when the process died, before the sequencer came to them.
        for _ in 0..4 {
            let entry = bed.ids.entry().entry;
            let hex = entry.encode().unwrap().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            let bytes = if bed.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
            bed.raw(&format!("INSERT INTO entries (entry_id, bytes) VALUES ('{}', {bytes})", entry.id)).unwrap();
        }
        let store = bed.open();
        assert_eq!(store.head().borrow().size, 7);
        assert_whole(&store);
        let (held, grown) = tiles_held_and_grown(&store);
        assert_eq!(held, grown);
    }
}

on_both! {
    fn entries_are_found_by_what_they_are_about_and_bodies_by_their_entry(bed) {
        let store = bed.open();
        let hostile = "x'; DROP TABLE entries; -- \u{202e}\n<b>";
        record(&store, bed.ids.entry_about("one")).unwrap();
        let mut entry = bed.ids.entry_about("one");
        entry.about = vec![String::from("one"), String::from("one"), String::from(hostile)];
        let expected = entry.body.clone();
        let id = record(&store, entry).unwrap();
        assert_eq!(settled(&store), 2);
        let found = read(&store, move |tx| {
            Ok((tx.leaves_about("one", 10)?, tx.leaves_about(hostile, 10)?, tx.leaves_about("two", 10)?))
        });
        assert_eq!(found, (vec![0, 1], vec![1], vec![]));
        assert_eq!(read(&store, move |tx| tx.body_of(&id)), expected);
        assert_eq!(verdict(&store).faults, []);
    }
}

on_both! {
    fn whoever_waits_for_the_head_sees_it_grow(bed) {
        let store = bed.open();
        let mut head = store.head();
        let entry = bed.ids.entry();
        let size = block_on(async {
            store.write("one", move |tx| tx.entry(entry.clone())).await.unwrap();
            head.wait_for(|head| head.size >= 1).await.unwrap().size
        });
        assert_eq!(size, 1);
    }
}
