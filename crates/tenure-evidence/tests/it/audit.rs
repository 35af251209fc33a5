//! The check of a whole log: every kind of tampering is named at its place.
//!
//! Each test tampers in one way and expects exactly the faults that follow from it, no more. `export.rs` does the same for
//! exports.

use crate::support::{Log, ORIGIN, Tiles, entry, pinned, witness_key};
use std::convert::Infallible;
use tenure_evidence::{Ed25519Signer, Level, LogVerdict, Trust, leaf_hash, sign_checkpoint, verify_log};

fn check_log(entries: &[Vec<u8>], tiles: &Tiles, checkpoint: &str, trust: &Trust) -> LogVerdict {
    verify_log(entries.iter().cloned().map(Ok::<_, Infallible>), tiles, checkpoint, trust)
}

fn faults(verdict: &LogVerdict) -> Vec<String> {
    verdict.faults.iter().map(ToString::to_string).collect()
}

/// Changes the entries of a log of 600 and expects exactly these faults.
fn check(change: impl FnOnce(&mut Vec<Vec<u8>>), expect: &[&str]) {
    let log = Log::sample(600);
    let mut entries = log.entries.clone();
    change(&mut entries);
    let verdict = check_log(&entries, &log.tiles, &log.checkpoint(600), &pinned());
    assert_eq!(faults(&verdict), expect);
    assert!(expect.is_empty() || verdict.level.exit_code() == 1);
}

#[test]
fn an_untouched_log_verifies_at_every_kind_of_size() {
    for size in [0, 1, 2, 255, 256, 257, 512, 600] {
        let log = Log::sample(size);
        let verdict = check_log(&log.entries, &log.tiles, &log.checkpoint(size), &pinned());
        assert_eq!(faults(&verdict), [""; 0], "size {size}");
        assert_eq!((verdict.level, verdict.entries_read), (Level::Verified, size));
        let anonymous = check_log(&log.entries, &log.tiles, &log.checkpoint(size), &Trust::default());
        assert_eq!(anonymous.level, Level::ConsistentSignerUnverified);
    }
}

#[test]
fn a_changed_byte_is_named_at_its_entry() {
    check(|entries| entries[300][10] ^= 0x80, &["entry 300 was altered: its bytes are no longer an entry"]);
    check(
        |entries| {
            entries[0].pop();
            entries[599].push(b' ');
        },
        &[
            "entry 0 was altered: its bytes are no longer an entry",
            "entry 599 was altered: its bytes are no longer an entry",
        ],
    );
}

#[test]
fn a_replaced_entry_is_named_with_what_stands_there() {
    check(
        |entries| entries[17] = entry(7000).encode().unwrap(),
        &[
            "entry 17 was replaced: another entry, `01981f0e-7c00-7000-8000-000000001b58`, stands in its place",
        ],
    );
}

#[test]
fn removed_entries_are_named_wherever_they_stood() {
    check(|entries| drop(entries.remove(300)), &["entries were removed from 300 on, 1 in number"]);
    check(|entries| drop(entries.remove(0)), &["entries were removed from 0 on, 1 in number"]);
    check(|entries| drop(entries.drain(100..120)), &["entries were removed from 100 on, 20 in number"]);
}

#[test]
fn inserted_entries_are_named() {
    check(
        |entries| entries.insert(300, entry(9000).encode().unwrap()),
        &["entries were inserted before 300, 1 in number"],
    );
    check(|entries| entries.insert(5, entries[4].clone()), &["entries were inserted before 5, 1 in number"]);
}

#[test]
fn reordered_entries_are_named_at_both_places() {
    check(
        |entries| entries.swap(40, 41),
        &["entry 41 was moved: it stands at 40", "entry 40 was moved: it stands at 41"],
    );
    check(
        |entries| entries.swap(3, 500),
        &["entry 500 was moved: it stands at 3", "entry 3 was moved: it stands at 500"],
    );
}

#[test]
fn a_cut_or_unsigned_tail_is_named() {
    check(
        |entries| entries.truncate(599),
        &["the tail was cut: 599 entries are there, the checkpoint signs 600"],
    );
    check(
        |entries| entries.truncate(0),
        &["the tail was cut: 0 entries are there, the checkpoint signs 600"],
    );
    check(
        |entries| entries.push(entry(600).encode().unwrap()),
        &["the last entries are not signed: 601 are there, the checkpoint signs 600"],
    );
}

#[test]
fn a_cut_and_a_change_are_both_named() {
    check(
        |entries| {
            entries.truncate(590);
            entries[2][0] = b'[';
        },
        &[
            "entry 2 was altered: its bytes are no longer an entry",
            "590 entries are there, the checkpoint signs 600",
        ],
    );
}

#[test]
fn a_changed_tile_is_named_and_the_entries_are_not_blamed() {
    let log = Log::sample(600);
    let checkpoint = log.checkpoint(600);
    for (key, path) in [
        ((0, 0), "tile/0/000"),
        ((0, 1), "tile/0/001"),
        ((0, 2), "tile/0/002.p/88"),
        ((1, 0), "tile/1/000.p/2"),
    ] {
        let mut tiles = log.tiles.clone();
        tiles.get_mut(&key).unwrap()[1] = leaf_hash(b"changed");
        let verdict = check_log(&log.entries, &tiles, &checkpoint, &pinned());
        assert_eq!(faults(&verdict), [format!("tile `{path}` was changed")]);
        assert_eq!(verdict.level.exit_code(), 1);
    }
    let mut tiles = log.tiles.clone();
    tiles.remove(&(0, 1));
    let verdict = check_log(&log.entries, &tiles, &checkpoint, &pinned());
    assert_eq!(faults(&verdict), ["tile `tile/0/001` could not be read: tile is not held"]);
    tiles.remove(&(1, 0));
    let verdict = check_log(&log.entries, &tiles, &checkpoint, &pinned());
    assert_eq!(
        faults(&verdict),
        [
            "tile `tile/0/001` could not be read: tile is not held",
            "tile `tile/1/000.p/2` could not be read: tile is not held",
        ]
    );
}

#[test]
fn a_rewritten_log_does_not_lead_to_the_signed_root() {
    let log = Log::sample(600);
    let mut entries = log.entries.clone();
    entries[10] = entry(8000).encode().unwrap();
    let forged = Log::of(entries);
    let verdict = check_log(&forged.entries, &forged.tiles, &log.checkpoint(600), &pinned());
    assert_eq!(
        faults(&verdict),
        [
            "neither the tiles nor the entries lead to the signed root: the log was rewritten, or the checkpoint is of another"
        ]
    );
}

#[test]
fn a_rewritten_and_re_signed_log_is_caught_by_the_key_or_by_an_earlier_checkpoint() {
    let log = Log::sample(600);
    let mut entries = log.entries.clone();
    entries[10] = entry(8000).encode().unwrap();
    let forged = Log::of(entries);
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[66; 32]).unwrap();
    let by_stranger = sign_checkpoint(&forged.head(600), &stranger).unwrap();
    let verdict = check_log(&forged.entries, &forged.tiles, &by_stranger, &pinned());
    let Level::Refused(refusal) = verdict.level else { panic!("{verdict:?}") };
    assert_eq!(
        refusal.to_string(),
        format!("the checkpoint is not signed by a pinned key of the log `{ORIGIN}`")
    );
    let by_operator = forged.checkpoint(600);
    for size in [11, 255, 256, 300, 599] {
        let trust = Trust { since: Some(log.checkpoint(size)), ..pinned() };
        let verdict = check_log(&forged.entries, &forged.tiles, &by_operator, &trust);
        assert_eq!(
            faults(&verdict),
            [format!("the log was forked: at size {size} it has another root than the one seen before")]
        );
        let honest = check_log(&log.entries, &log.tiles, &log.checkpoint(600), &trust);
        assert_eq!(honest.level, Level::Verified);
    }
}

#[test]
fn a_rolled_back_log_is_caught_by_a_later_checkpoint() {
    let log = Log::sample(600);
    let rolled_back = Log::sample(590);
    let trust = Trust { since: Some(log.checkpoint(600)), ..pinned() };
    let verdict = check_log(&rolled_back.entries, &rolled_back.tiles, &rolled_back.checkpoint(590), &trust);
    let Level::Refused(refusal) = verdict.level else { panic!("{verdict:?}") };
    assert_eq!(
        refusal.to_string(),
        "the log ends at size 590, but size 600 was seen before: its tail is missing"
    );
    assert_eq!(verdict.tree_size, 590);
}

#[test]
fn an_entry_recorded_malformed_or_not_readable_is_named() {
    let mut entries = Log::sample(5).entries;
    entries[3] = b"{}".to_vec();
    let log = Log::of(entries);
    let verdict = check_log(&log.entries, &log.tiles, &log.checkpoint(5), &pinned());
    assert_eq!(
        faults(&verdict),
        [
            "entry 3 is as recorded, but not a well-formed entry: not an entry: missing field `version` at line 1 column 2"
        ]
    );
    let log = Log::sample(5);
    let broken =
        (0..5).map(|index| if index == 2 { Err("disk error") } else { Ok(log.entries[index].clone()) });
    let verdict = verify_log(broken, &log.tiles, &log.checkpoint(5), &pinned());
    assert_eq!(faults(&verdict), ["entry 2 could not be read: disk error"]);
}

#[test]
fn a_missing_quorum_refuses_the_log() {
    let log = Log::sample(5);
    let trust = Trust { witness_keys: vec![witness_key(1)], witness_quorum: 1, ..pinned() };
    let without = check_log(&log.entries, &log.tiles, &log.checkpoint(5), &trust);
    assert_eq!(without.level.exit_code(), 1);
    let with = check_log(&log.entries, &log.tiles, &log.cosigned(5, &[1]), &trust);
    assert_eq!(with.level, Level::Verified);
    assert_eq!(with.cosigners[0].name, "witness.example/w1");
}

#[test]
fn more_faults_than_are_listed_are_counted() {
    let log = Log::sample(600);
    let mut entries = log.entries.clone();
    for entry in &mut entries[..150] {
        entry[0] = b'[';
    }
    let verdict = check_log(&entries, &log.tiles, &log.checkpoint(600), &pinned());
    assert_eq!((verdict.faults.len(), verdict.faults_unlisted), (100, 50));
}

#[test]
fn a_log_of_three_tile_levels_is_checked_whole() {
    let log = Log::sample(66_000);
    let checkpoint = log.checkpoint(66_000);
    assert_eq!(check_log(&log.entries, &log.tiles, &checkpoint, &pinned()).level, Level::Verified);
    let mut tiles = log.tiles.clone();
    tiles.get_mut(&(1, 0)).unwrap()[7] = leaf_hash(b"changed");
    let verdict = check_log(&log.entries, &tiles, &checkpoint, &pinned());
    assert_eq!(faults(&verdict), ["tile `tile/1/000` was changed"]);
    let mut entries = log.entries.clone();
    entries.swap(65_535, 65_536);
    let verdict = check_log(&entries, &log.tiles, &checkpoint, &pinned());
    assert_eq!(
        faults(&verdict),
        ["entry 65536 was moved: it stands at 65535", "entry 65535 was moved: it stands at 65536"]
    );
}
